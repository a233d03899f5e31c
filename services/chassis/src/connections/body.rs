//! Bodies that tell their connection whose turn it is.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};

use super::connection::{Exchange, Phase, Receiving};

/// The body of a request, as long as some of it is to come.
pub(super) struct RequestBody {
    inner: Incoming,
    /// None once it has ended.
    receiving: Option<Receiving>,
}

impl RequestBody {
    pub(super) fn new(inner: Incoming, exchange: &Exchange) -> Self {
        Self {
            inner,
            receiving: Some(exchange.receive()),
        }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) || self.inner.is_end_stream() {
            self.receiving = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of an answer.
pub(super) struct ResponseBody {
    inner: Body,
    exchange: Exchange,
    /// Whether the last poll found nothing to send yet.
    is_pending: bool,
}

impl ResponseBody {
    pub(super) fn new(inner: Body, exchange: Exchange) -> Self {
        exchange.enter(Phase::Unread);
        Self {
            inner,
            exchange,
            is_pending: false,
        }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        match polled {
            Poll::Ready(_) => {
                self.is_pending = false;
                self.exchange.enter(Phase::Unread);
            }
            Poll::Pending if !self.is_pending => {
                self.is_pending = true;
                self.exchange.enter(Phase::Working);
            }
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

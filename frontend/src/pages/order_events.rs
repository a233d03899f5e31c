//! The way of an order as it happens: server-sent events for its page.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chassis::{Error, Result};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::time::Instant;

use super::layout::PageContext;
use super::order::Order;
use super::orders::own;
use crate::event_streams::OpenStream;
use crate::{AppState, Visitor};

/// Interval at which orders is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Maximum duration of a stream; pages that stay open reconnect.
const MAX_STREAM_DURATION: Duration = Duration::from_secs(60);

#[derive(Template)]
#[template(path = "parts/timeline.html")]
struct Timeline<'a> {
    order: &'a Order,
}

/// One page that watches an order.
struct Watch {
    shop: AppState,
    visitor: Visitor,
    id: String,
    until: Instant,
    seen: (i32, usize),
    place: OpenStream,
    ended: bool,
}

/// `GET /account/orders/{id}/events`: status changes as server-sent events.
pub(super) async fn events(
    State(shop): State<AppState>,
    Path(id): Path<String>,
    visit: PageContext,
) -> Result<Response> {
    let order = own(&shop, &visit.visitor, &id).await?;
    let place = shop.event_streams.open(visit.visitor.owner());
    let watch = Watch {
        shop,
        visitor: visit.visitor,
        id,
        until: Instant::now() + MAX_STREAM_DURATION,
        seen: (0, 0),
        place,
        ended: false,
    };
    // Proxies that gather answers before passing them on would gather for ever.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    let events = Sse::new(watch.events(order)).keep_alive(KeepAlive::default());
    Ok((unbuffered, events).into_response())
}

impl Watch {
    /// What happens, beginning with how the order stands now.
    fn events(self, order: Order) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold((self, Some(order)), |(mut watch, order)| async move {
            let event = watch.next(order).await?;
            Some((Ok(event), (watch, None)))
        })
    }

    /// The next change; nothing once the order, the minute or the process has
    /// come to its end.
    async fn next(&mut self, mut order: Option<Order>) -> Option<Event> {
        if self.ended {
            return None;
        }
        loop {
            if let Some(order) = order.take().filter(|order| order.stage() != self.seen) {
                self.seen = order.stage();
                return told(&order).ok();
            }
            let shutdown = self.shop.shutdown.clone();
            tokio::select! {
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = tokio::time::sleep_until(self.until) => return None,
                () = shutdown.draining() => return None,
                () = self.place.replaced() => {
                    self.ended = true;
                    return Some(Event::default().event("replaced").data("."));
                }
            }
            match own(&self.shop, &self.visitor, &self.id).await {
                Ok(now) if now.is_final() && now.stage() == self.seen => {
                    self.ended = true;
                    return Some(Event::default().event("final").data("."));
                }
                Ok(now) => order = Some(now),
                Err(Error::Unavailable(_) | Error::Timeout) => {}
                Err(_) => return None,
            }
        }
    }
}

/// How the order stands, ready to be put into its page.
fn told(order: &Order) -> Result<Event> {
    let html = Timeline { order }.render().map_err(Error::internal)?;
    let data = json!({"html": html, "said": order.sentence(), "cancel": order.can_cancel()});
    Event::default()
        .event("timeline")
        .json_data(data)
        .map_err(Error::internal)
}

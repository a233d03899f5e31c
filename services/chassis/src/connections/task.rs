//! The task of a connection: from its first byte to its end.

use std::io;
use std::pin::{Pin, pin};

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Order};
use super::registry::Admitted;
use super::service::App;
use super::stream::Stream;

/// What an HTTP/2 connection begins with (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes of a head of HTTP/1 that are read at most: more than a URI of 64 KiB, which
/// is refused as such (414).
const MAX_HEAD_BYTES: usize = 96 * 1024;

/// Bytes of the headers of one request of HTTP/2.
const MAX_HEADER_LIST_BYTES: u32 = 32 * 1024;

/// Bytes of an answer that are kept for a stream of HTTP/2 beyond its window.
const MAX_SEND_BUFFER_BYTES: usize = 64 * 1024;

/// Serves a connection until one side ends it.
///
/// What serves HTTP is boxed: the task of a connection that is idle stays small.
pub(super) async fn run(tcp: TcpStream, admitted: Admitted, app: App, close: CancellationToken) {
    let connection = admitted.connection().clone();
    let mut stream = Stream::new(tcp, connection.clone());
    let mut is_http1 = false;
    loop {
        // Nothing is allocated for a peer that says nothing.
        let begun = tokio::select! {
            begun = begin(&mut stream, is_http1) => begun,
            _ = connection.order(Some(Order::Park)) => return,
            () = close.cancelled() => return,
        };
        let Ok(Some(protocol)) = begun else {
            return;
        };
        let Some(_active) = admitted.activate() else {
            return admitted.reject(stream.into_tcp());
        };
        stream = match protocol {
            Protocol::Http2 => {
                connection.set_http2();
                let serving = serve_http2(stream, &admitted, app, &close);
                return Box::pin(serving).await;
            }
            Protocol::Http1 => {
                let serving = Box::pin(serve_http1(stream, &connection, &app, &close));
                match serving.await {
                    Some(parked) => parked,
                    None => return,
                }
            }
        };
        is_http1 = true;
    }
}

enum Protocol {
    Http1,
    Http2,
}

/// Waits for the first bytes of a request, and finds out what they speak. `None`
/// when the peer has gone.
async fn begin(stream: &mut Stream, is_http1: bool) -> io::Result<Option<Protocol>> {
    stream.readable().await?;
    if is_http1 {
        return Ok(Some(Protocol::Http1));
    }
    let mut begun = [0; PREFACE.len()];
    let mut count = 0;
    while count < PREFACE.len() && begun[..count] == PREFACE[..count] {
        match stream.read(&mut begun[count..]).await? {
            0 if count == 0 => return Ok(None),
            0 => break,
            more => count += more,
        }
    }
    stream.put_back(&begun[..count]);
    let is_http2 = begun[..count] == PREFACE[..];
    Ok(Some(if is_http2 {
        Protocol::Http2
    } else {
        Protocol::Http1
    }))
}

/// Serves requests until the peer is idle, and returns the stream then; `None` once
/// it is closed.
async fn serve_http1(
    stream: Stream,
    connection: &Connection,
    app: &App,
    close: &CancellationToken,
) -> Option<Stream> {
    let mut serving = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), app.clone());
    let mut finishing = false;
    loop {
        tokio::select! {
            _ = &mut serving => return None,
            order = connection.order(finishing.then_some(Order::Finish)) => match order {
                Order::Park if connection.parks() => {
                    let parts = serving.into_parts();
                    let mut stream = parts.io.into_inner();
                    stream.put_back(&parts.read_buf);
                    return Some(stream);
                }
                Order::Park => continue,
                Order::Finish => {}
                Order::Close => return None,
            },
            () = close.cancelled(), if !finishing => {}
        }
        finishing = true;
        Pin::new(&mut serving).graceful_shutdown();
    }
}

async fn serve_http2(stream: Stream, admitted: &Admitted, app: App, close: &CancellationToken) {
    let connection = admitted.connection();
    let serving = http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(admitted.limits().max_streams)
        .max_header_list_size(MAX_HEADER_LIST_BYTES)
        .max_send_buf_size(MAX_SEND_BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), app);
    let mut serving = pin!(serving);
    let mut finishing = false;
    loop {
        tokio::select! {
            _ = &mut serving => return,
            order = connection.order(finishing.then_some(Order::Finish)) => match order {
                Order::Park => { connection.parks(); continue },
                Order::Finish => {}
                Order::Close => return,
            },
            () = close.cancelled(), if !finishing => {}
        }
        finishing = true;
        serving.as_mut().graceful_shutdown();
    }
}

//! The bytes of a connection, which tell it what the peer sends and leaves unread.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connection::Connection;

/// A TCP stream under observation, and what was read of it too early.
pub(super) struct Stream {
    tcp: TcpStream,
    /// Read before what is on the wire.
    unread: Bytes,
    connection: Arc<Connection>,
}

impl Stream {
    pub(super) fn new(tcp: TcpStream, connection: Arc<Connection>) -> Self {
        Self {
            tcp,
            unread: Bytes::new(),
            connection,
        }
    }

    /// Puts back what was read, to be read again. A copy: even no bytes of a read
    /// buffer would keep all of it.
    pub(super) fn put_back(&mut self, bytes: &[u8]) {
        self.unread = Bytes::copy_from_slice(bytes);
    }

    /// Returns once there is something to read, or to fail with.
    pub(super) async fn readable(&self) -> io::Result<()> {
        if self.unread.is_empty() {
            self.tcp.readable().await?;
        }
        Ok(())
    }

    /// The stream itself, for whoever refuses the connection.
    pub(super) fn into_tcp(self) -> TcpStream {
        self.tcp
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let count = self.unread.len().min(buffer.remaining());
            let bytes = self.unread.split_to(count);
            buffer.put_slice(&bytes);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(context, buffer))?;
        self.connection.read(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl Stream {
    fn observe<T>(&self, polled: &Poll<io::Result<T>>) {
        self.connection.set_write_blocked(polled.is_pending());
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.observe(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.tcp).poll_write_vectored(context, parts);
        self.observe(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

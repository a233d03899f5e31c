//! An honest visitor: a page over a connection of its own, again and again.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::ensure;

/// Longer than a page takes that is merely too slow.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);

/// The page it asks for: products, which the catalogue has.
const REQUEST: &[u8] =
    b"GET /socks HTTP/1.1\r\nhost: shop.example\r\naccept: text/html\r\nconnection: close\r\n\r\n";

pub(super) struct Visitor(SocketAddr);

impl Visitor {
    /// One who comes to `front_end`.
    pub(super) fn of(front_end: SocketAddr) -> Self {
        Self(front_end)
    }

    /// How long the slowest of so many `pages` takes. Fails when one is refused.
    pub(super) fn slowest_of(&self, pages: usize) -> anyhow::Result<Duration> {
        let mut slowest = Duration::ZERO;
        for _ in 0..pages {
            let begun = Instant::now();
            let page = self.page()?;
            slowest = slowest.max(begun.elapsed());
            ensure!(
                page.starts_with("HTTP/1.1 200 ") && page.contains("</html>"),
                "no page, but {:?}",
                page.lines().next()
            );
        }
        Ok(slowest)
    }

    fn page(&self) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect_timeout(&self.0, PAGE_TIMEOUT)?;
        stream.set_read_timeout(Some(PAGE_TIMEOUT))?;
        stream.write_all(REQUEST)?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        Ok(page)
    }
}

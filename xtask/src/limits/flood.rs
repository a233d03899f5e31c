//! Floods of connections, and how each must end.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;

/// How long a flood waits for a first byte.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Event streams that one customer may have open.
const MAX_STREAMS: usize = 5;

/// What is thrown at the front-end.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Connections that have had a page, and stay.
    Idle,
    /// Heads that are begun and never ended.
    HalfHeads,
    /// HTTP/2 connections whose compressed answers nobody takes.
    Unread,
    /// One customer's event streams.
    EventStreams,
    /// Sign-ins with made-up names.
    SignIns,
}

/// Who watches an order.
pub(super) struct Customer {
    pub(super) cookies: String,
    pub(super) order: String,
}

/// Connections that were opened, by how they must end.
#[derive(Default)]
pub(super) struct Flood {
    idle: Vec<TcpStream>,
    half_heads: Vec<TcpStream>,
    unread: Vec<TcpStream>,
    event_streams: Vec<TcpStream>,
    sign_ins: Vec<TcpStream>,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [
        Self::Idle,
        Self::HalfHeads,
        Self::Unread,
        Self::EventStreams,
        Self::SignIns,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Idle => "4,000 idle",
            Self::HalfHeads => "500 half heads",
            Self::Unread => "2 x 200 unread streams",
            Self::EventStreams => "1,500 event streams",
            Self::SignIns => "600 sign-ins",
        }
    }

    /// Opens all of its connections to `address`.
    pub(super) fn begin(self, address: SocketAddr, customer: &Customer) -> anyhow::Result<Flood> {
        let mut flood = Flood::default();
        match self {
            Self::Idle => {
                let request = "GET /socks HTTP/1.1\r\nhost: shop.example\r\n\r\n";
                for _ in 0..4000 {
                    let mut stream = said(address, request.as_bytes())?;
                    first_bytes(&mut stream)?;
                    flood.idle.push(stream);
                }
            }
            Self::HalfHeads => {
                flood.half_heads = many(500, address, b"GET / HTTP/1.1\r\nhost: sh")?;
            }
            Self::Unread => flood.unread = many(2, address, &unread_streams(200))?,
            Self::EventStreams => {
                let Customer { cookies, order } = customer;
                let request = format!(
                    "GET /account/orders/{order}/events HTTP/1.1\r\nhost: shop.example\r\n\
                     accept: text/event-stream\r\nconnection: close\r\ncookie: {cookies}\r\n\r\n"
                );
                flood.event_streams = many(1500, address, request.as_bytes())?;
            }
            Self::SignIns => {
                for number in 0..600 {
                    let credentials = BASE64.encode(format!("nobody-{number}:a password"));
                    let request = format!(
                        "GET /login HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\
                         authorization: Basic {credentials}\r\n\r\n"
                    );
                    flood.sign_ins.push(said(address, request.as_bytes())?);
                }
            }
        }
        Ok(flood)
    }
}

impl Flood {
    /// Adds the connections of another.
    pub(super) fn join(&mut self, other: Self) {
        self.idle.extend(other.idle);
        self.half_heads.extend(other.half_heads);
        self.unread.extend(other.unread);
        self.event_streams.extend(other.event_streams);
        self.sign_ins.extend(other.sign_ins);
    }

    /// How many connections were opened.
    pub(super) fn len(&self) -> usize {
        self.idle()
            + self.half_heads.len()
            + self.unread.len()
            + self.event_streams.len()
            + self.sign_ins.len()
    }

    /// How many of them are idle.
    pub(super) fn idle(&self) -> usize {
        self.idle.len()
    }

    /// Fails unless each is cut off or answered as it should be, within `timeout`
    /// of when all had been `started`.
    pub(super) fn must_end_as_it_should(
        &mut self,
        started: Instant,
        timeout: Duration,
    ) -> anyhow::Result<()> {
        let until = started + timeout;
        for sign_in in &mut self.sign_ins {
            let answer = whole_answer(sign_in).context("a sign-in without an answer")?;
            let status = answer.split(' ').nth(1).unwrap_or_default();
            let is_surplus = matches!(status, "429" | "503");
            ensure!(
                is_surplus || status == "401",
                "a sign-in is answered {status}"
            );
            ensure!(
                !is_surplus || answer.to_lowercase().contains("\nretry-after:"),
                "{status} without Retry-After"
            );
        }
        closed(&mut self.half_heads, 0, until).context("half heads")?;
        closed(&mut self.unread, 0, until).context("unread streams")?;
        closed(&mut self.event_streams, MAX_STREAMS, until).context("event streams")
    }
}

/// Waits until at most `most` of `streams` are still open.
fn closed(streams: &mut Vec<TcpStream>, most: usize, until: Instant) -> anyhow::Result<()> {
    while streams.len() > most {
        streams.retain_mut(is_open);
        ensure!(
            streams.len() <= most || Instant::now() < until,
            "{} are still open",
            streams.len()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// Whether the other side has not closed it. Reads what came meanwhile.
fn is_open(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// So many connections that each said `bytes`, to be read without waiting.
fn many(number: usize, address: SocketAddr, bytes: &[u8]) -> anyhow::Result<Vec<TcpStream>> {
    let open = || {
        let stream = said(address, bytes)?;
        stream.set_nonblocking(true)?;
        Ok(stream)
    };
    std::iter::repeat_with(open).take(number).collect()
}

fn said(address: SocketAddr, bytes: &[u8]) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    // One that is refused is answered and closed before it has said all.
    _ = stream.write_all(bytes);
    Ok(stream)
}

fn first_bytes(stream: &mut TcpStream) -> anyhow::Result<()> {
    let mut buffer = [0; 4096];
    ensure!(stream.read(&mut buffer)? > 0, "closed without an answer");
    Ok(())
}

fn whole_answer(stream: &mut TcpStream) -> anyhow::Result<String> {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// An HTTP/2 client (RFC 9113) that asks for so many compressed pages, lets none
/// of them be sent (its windows are of no bytes), and answers nothing.
fn unread_streams(number: u32) -> Vec<u8> {
    const SETTINGS: u8 = 4;
    const HEADERS: u8 = 1;
    const END_STREAM_AND_HEADERS: u8 = 5;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // SETTINGS_INITIAL_WINDOW_SIZE (4) is 0.
    bytes.extend(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]));
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/socks"),
        (":authority", "shop.example"),
        ("accept", "text/html"),
        ("accept-encoding", "gzip"),
    ] {
        // A literal that is not indexed, with a new name (RFC 7541, section 6.2.2).
        block.push(0);
        for text in [name, value] {
            block.extend(u8::try_from(text.len()));
            block.extend(text.as_bytes());
        }
    }
    for stream in (1..).step_by(2).take(number as usize) {
        bytes.extend(frame(HEADERS, END_STREAM_AND_HEADERS, stream, &block));
    }
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .unwrap_or_default()
        .to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

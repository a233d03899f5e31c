//! DNS over TCP (RFC 7766), with bounds on what one host, and all together, can hold.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hickory_server::net::NetError;
use hickory_server::net::xfer::Protocol;
use hickory_server::proto::rr::Record;
use hickory_server::proto::serialize::binary::BinEncoder;
use hickory_server::server::{Request, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponse;
use metrics::counter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use super::Dns;

/// Connections that are open at a time. The one that is idle for the longest makes room.
pub(super) const MAX_CONNECTIONS: usize = 128;

/// Connections of one address that are open at a time.
pub(super) const MAX_CONNECTIONS_PER_SOURCE: usize = 32;

/// A connection without a whole question for this long is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection whose peer does not take an answer for this long is closed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause after a connection could not be accepted, as without free files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Length of the header of a DNS message, in bytes.
const HEADER_BYTES: usize = 12;

/// Answers on every connection that comes in, until dropped.
pub(super) async fn serve(listener: TcpListener, dns: Dns) {
    let mut connections = Connections::default();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => connections.open(stream, peer, dns.clone()),
            Err(error) => {
                tracing::warn!(%error, "no TCP connection accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Set of open DNS connections over TCP.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    open: Vec<Open>,
}

struct Open {
    task: AbortHandle,
    source: IpAddr,
    last_asked: Arc<Mutex<Instant>>,
}

impl Open {
    fn last_asked(&self) -> Instant {
        *self
            .last_asked
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    fn open(&mut self, stream: TcpStream, peer: SocketAddr, dns: Dns) {
        while self.tasks.try_join_next().is_some() {}
        self.open.retain(|one| !one.task.is_finished());
        let source = peer.ip();
        let of_it = self.open.iter().filter(|one| one.source == source).count();
        if of_it >= MAX_CONNECTIONS_PER_SOURCE {
            self.close_longest_idle(|one| one.source == source);
        } else if self.open.len() >= MAX_CONNECTIONS {
            self.close_longest_idle(|_| true);
        }
        let last_asked = Arc::new(Mutex::new(Instant::now()));
        let task = self
            .tasks
            .spawn(answer(stream, peer, dns, last_asked.clone()));
        self.open.push(Open {
            task,
            source,
            last_asked,
        });
    }

    fn close_longest_idle(&mut self, among: impl Fn(&Open) -> bool) {
        let all = self.open.iter().enumerate().filter(|(_, one)| among(one));
        let longest = all.min_by_key(|(_, one)| one.last_asked());
        if let Some(at) = longest.map(|(at, _)| at) {
            self.open.swap_remove(at).task.abort();
            counter!("mesh_dns_tcp_closed_total", "reason" => "limit").increment(1);
        }
    }
}

/// Answers one question after the other, until the peer has no more.
async fn answer(
    mut stream: TcpStream,
    peer: SocketAddr,
    dns: Dns,
    last_asked: Arc<Mutex<Instant>>,
) {
    while let Ok(Ok(question)) = timeout(IDLE_TIMEOUT, read(&mut stream)).await {
        *last_asked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let Some(answer) = reply(&dns, question, peer).await else {
            return;
        };
        let written = timeout(WRITE_TIMEOUT, write(&mut stream, &answer)).await;
        if !matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut question = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut question).await?;
    Ok(question)
}

async fn write(stream: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
    let length = u16::try_from(answer.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    stream
        .write_all(&[&length.to_be_bytes()[..], answer].concat())
        .await
}

/// The answer to what one connection says; None for what gets none.
async fn reply(dns: &Dns, question: Vec<u8>, peer: SocketAddr) -> Option<Vec<u8>> {
    let header: [u8; HEADER_BYTES] = *question.first_chunk()?;
    let is_response = header[2] & 0x80 != 0;
    if is_response {
        return None;
    }
    let Ok(request) = Request::from_bytes(question, peer, Protocol::Tcp) else {
        return Some(malformed(header));
    };
    let answer = Answer::default();
    dns.respond(&request, answer.clone()).await;
    answer.take()
}

/// FORMERR to a message of which only the header can be read.
fn malformed(question: [u8; HEADER_BYTES]) -> Vec<u8> {
    let [id_high, id_low, flags, ..] = question;
    // A response, with the operation and the wish for recursion as they were.
    let mut answer = vec![id_high, id_low, 0x80 | (flags & 0x79), 1];
    answer.resize(HEADER_BYTES, 0);
    answer
}

/// Takes an answer instead of a socket.
#[derive(Clone, Default)]
struct Answer(Arc<Mutex<Option<Vec<u8>>>>);

impl Answer {
    fn take(&self) -> Option<Vec<u8>> {
        let mut answer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answer.take()
    }
}

#[async_trait]
impl ResponseHandler for Answer {
    async fn send_response<'a>(
        &mut self,
        response: MessageResponse<
            '_,
            'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
            impl Iterator<Item = &'a Record> + Send + 'a,
        >,
    ) -> Result<ResponseInfo, NetError> {
        let mut bytes = Vec::with_capacity(512);
        let mut encoder = BinEncoder::new(&mut bytes);
        encoder.set_max_size(u16::MAX);
        let info = response.destructive_emit(&mut encoder)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
        Ok(info)
    }
}

//! Questions about other domains, passed on to another DNS.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_server::proto::op::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// How long one of them may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Another DNS, or several to be asked in turn.
#[derive(Clone, Debug)]
pub struct Forward(Vec<SocketAddr>);

impl Forward {
    /// Passes questions on to `servers`. None when there are none.
    #[must_use]
    pub fn to(servers: Vec<SocketAddr>) -> Option<Self> {
        (!servers.is_empty()).then_some(Self(servers))
    }

    /// The answer of the first that gives one to this packet.
    pub async fn ask(&self, packet: &[u8]) -> Option<Message> {
        for server in &self.0 {
            match timeout(PATIENCE, ask(*server, packet)).await {
                Ok(Ok(answer)) => return Some(answer),
                Ok(Err(error)) => tracing::warn!(%server, %error, "question not passed on"),
                Err(_) => tracing::warn!(%server, "no answer to a question passed on"),
            }
        }
        None
    }
}

/// Asks under an id and from a port of our own, so that an answer is hard to
/// forge, and again over TCP when it did not fit.
async fn ask(server: SocketAddr, packet: &[u8]) -> io::Result<Message> {
    let id: u16 = rand::random();
    let mut question = packet.to_vec();
    let head = question.first_chunk_mut::<2>();
    *head.ok_or(io::ErrorKind::InvalidInput)? = id.to_be_bytes();
    let answer = over_udp(server, &question, id).await?;
    if answer.metadata.truncation {
        return over_tcp(server, &question, id).await;
    }
    Ok(answer)
}

async fn over_udp(server: SocketAddr, question: &[u8], id: u16) -> io::Result<Message> {
    let any: IpAddr = match server.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(answer) = read(&buffer[..length], question, id) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &[u8], id: u16) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(question).await?;
    let mut answer = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut answer).await?;
    read(&answer, question, id).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Reads an answer, unless it is to another question.
fn read(answer: &[u8], question: &[u8], id: u16) -> Option<Message> {
    let answer = Message::from_vec(answer).ok()?;
    let question = Message::from_vec(question).ok()?;
    (answer.metadata.id == id && answer.queries == question.queries).then_some(answer)
}

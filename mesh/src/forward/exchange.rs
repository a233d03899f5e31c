//! One question to one server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hickory_server::proto::op::{Edns, Message, MessageType, OpCode, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// The largest answer over UDP that is asked for, in bytes (DNS flag day 2020).
const MAX_UDP_ANSWER: u16 = 1232;

/// Room for one that is larger all the same, in bytes.
const UDP_BUFFER: usize = 4096;

/// Asks `server`: once more without EDNS when it does not know that (RFC 6891,
/// 6.2.2), and over TCP when the answer does not fit.
pub(super) async fn ask(server: SocketAddr, asked: &Message) -> io::Result<Message> {
    let answer = once(server, &question(asked, asked.edns.is_some())).await?;
    if asked.edns.is_some() && knows_no_edns(&answer) {
        return once(server, &question(asked, false)).await;
    }
    Ok(answer)
}

async fn once(server: SocketAddr, question: &Message) -> io::Result<Message> {
    let answer = over_udp(server, question).await?;
    if answer.metadata.truncation {
        return over_tcp(server, question).await;
    }
    Ok(answer)
}

/// The question under an id of our own, so that an answer is hard to forge. What
/// else is in the packet of whoever asked concerns only the two of us.
fn question(asked: &Message, with_edns: bool) -> Message {
    let mut question = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = asked.metadata.recursion_desired;
    question.metadata.checking_disabled = asked.metadata.checking_disabled;
    question.metadata.authentic_data = asked.metadata.authentic_data;
    question.queries.clone_from(&asked.queries);
    if let Some(edns) = asked.edns.as_ref().filter(|_| with_edns) {
        let mut own = Edns::new();
        own.set_max_payload(MAX_UDP_ANSWER);
        own.set_dnssec_ok(edns.flags().dnssec_ok);
        question.edns = Some(own);
    }
    question
}

/// Whether the answer is that of a server which predates EDNS, or this version of it.
fn knows_no_edns(answer: &Message) -> bool {
    let code = u16::from(answer.metadata.response_code);
    let codes = [
        ResponseCode::FormErr,
        ResponseCode::NotImp,
        ResponseCode::BADVERS,
    ];
    codes.into_iter().any(|one| u16::from(one) == code)
}

async fn over_udp(server: SocketAddr, question: &Message) -> io::Result<Message> {
    let any: IpAddr = match server.ip() {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // A port of our own for each question, for the same reason as the id.
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(&packet(question)?).await?;
    let mut buffer = vec![0; UDP_BUFFER];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let answer = &buffer[..length];
        // Anything under another id may come from anybody: the answer may follow.
        if answer.starts_with(&question.metadata.id.to_be_bytes()) {
            return read(answer, question);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &Message) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let packet = packet(question)?;
    let length = u16::try_from(packet.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream
        .write_all(&[&length.to_be_bytes()[..], &packet].concat())
        .await?;
    let mut answer = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut answer).await?;
    read(&answer, question)
}

fn packet(question: &Message) -> io::Result<Vec<u8>> {
    question.to_vec().map_err(io::Error::other)
}

/// Reads the answer to `question`. A server that could not read the question
/// answers without repeating it.
fn read(answer: &[u8], question: &Message) -> io::Result<Message> {
    let garbage = || io::Error::from(io::ErrorKind::InvalidData);
    let answer = Message::from_vec(answer).map_err(|_| garbage())?;
    let is_error = answer.metadata.response_code != ResponseCode::NoError;
    let is_about_it = answer.queries == question.queries || (answer.queries.is_empty() && is_error);
    let is_response = answer.metadata.message_type == MessageType::Response;
    let is_ours = answer.metadata.id == question.metadata.id;
    if is_about_it && is_response && is_ours {
        Ok(answer)
    } else {
        Err(garbage())
    }
}

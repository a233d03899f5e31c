//! Other domains: which upstream is asked when, and how much may wait for one.

#![expect(
    clippy::unnecessary_wraps,
    reason = "what a server says may be nothing: all are of one type"
)]

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hickory_server::proto::op::{Message, MessageType, ResponseCode};
use hickory_server::proto::rr::rdata::A;
use hickory_server::proto::rr::{RData, Record, RecordType};
use mesh::forward::{Forward, MAX_IN_FLIGHT, MAX_WAITING, NotForwarded};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

use crate::world::{EXCHANGE_TIMEOUT, World, key, large, octets, over_udp, question};

/// What an upstream says to a question; None: nothing.
type Says = fn(&Message) -> Option<Vec<u8>>;

/// An upstream over UDP and TCP, and the questions it got.
struct Upstream {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Message>>>,
    _tasks: JoinSet<()>,
}

impl Upstream {
    async fn new(over_udp: Says, over_tcp: Says) -> Self {
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let heard = asked.clone();
        tasks.spawn(async move {
            let mut packet = vec![0; 65_535];
            loop {
                let (length, from) = udp.recv_from(&mut packet).await.unwrap();
                let question = Message::from_vec(&packet[..length]).unwrap();
                let answer = over_udp(&question);
                heard.lock().unwrap().push(question);
                if let Some(answer) = answer {
                    udp.send_to(&answer, from).await.unwrap();
                }
            }
        });
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let mut question = vec![0; stream.read_u16().await.unwrap().into()];
                stream.read_exact(&mut question).await.unwrap();
                let question = Message::from_vec(&question).unwrap();
                let answer = over_tcp(&question).unwrap();
                let length = u16::try_from(answer.len()).unwrap();
                stream.write_u16(length).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        });
        Self {
            address,
            asked,
            _tasks: tasks,
        }
    }

    async fn saying(over_udp: Says) -> Self {
        Self::new(over_udp, nothing).await
    }

    fn asked(&self) -> Vec<Message> {
        self.asked.lock().unwrap().clone()
    }
}

fn response(question: &Message, code: ResponseCode) -> Message {
    let mut answer = question.clone();
    answer.edns = None;
    answer.metadata.message_type = MessageType::Response;
    answer.metadata.response_code = code;
    answer
}

fn with_code(question: &Message, code: ResponseCode) -> Option<Vec<u8>> {
    Some(response(question, code).to_vec().unwrap())
}

fn address(question: &Message) -> Option<Vec<u8>> {
    let mut answer = response(question, ResponseCode::NoError);
    let name = question.queries[0].name().clone();
    let data = RData::A(A::new(192, 0, 2, 77));
    answer.add_answer(Record::from_rdata(name, 60, data));
    Some(answer.to_vec().unwrap())
}

fn nothing(_: &Message) -> Option<Vec<u8>> {
    None
}

fn no_edns(question: &Message) -> Option<Vec<u8>> {
    if question.edns.is_none() {
        return address(question);
    }
    // As servers do that read no further than the header.
    let mut answer = response(question, ResponseCode::FormErr);
    answer.queries.clear();
    Some(answer.to_vec().unwrap())
}

fn cut_short(question: &Message) -> Option<Vec<u8>> {
    let mut answer = response(question, ResponseCode::NoError);
    answer.metadata.truncation = true;
    Some(answer.to_vec().unwrap())
}

async fn ask(servers: &[SocketAddr], asked: &Message) -> Result<Message, NotForwarded> {
    let forward = Forward::to(servers.to_vec()).unwrap();
    forward.ask(&asked.to_vec().unwrap()).await
}

fn example() -> Message {
    large("example.org", RecordType::A, 4096)
}

#[tokio::test]
async fn the_next_upstream_is_asked_when_one_fails_or_refuses() {
    let fails: [(&str, Says); 7] = [
        ("servfail", |asked| with_code(asked, ResponseCode::ServFail)),
        ("refused", |asked| with_code(asked, ResponseCode::Refused)),
        ("notimp", |asked| with_code(asked, ResponseCode::NotImp)),
        ("notauth", |asked| with_code(asked, ResponseCode::NotAuth)),
        ("silence", nothing),
        ("garbage", |asked| {
            Some(asked.metadata.id.to_be_bytes().to_vec())
        }),
        ("another question", |asked| {
            let mut other = response(
                &question("example.net", RecordType::A),
                ResponseCode::NoError,
            );
            other.metadata.id = asked.metadata.id;
            Some(other.to_vec().unwrap())
        }),
    ];
    let good = Upstream::saying(address).await;
    for (what, says) in fails {
        let bad = Upstream::saying(says).await;
        let answer = ask(&[bad.address, good.address], &example()).await;
        assert_eq!(octets(&answer.unwrap()), [77], "{what}");
        assert!(!bad.asked().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn that_a_name_does_not_exist_is_an_answer() {
    let first = Upstream::saying(|asked| with_code(asked, ResponseCode::NXDomain)).await;
    let second = Upstream::saying(address).await;
    let answer = ask(&[first.address, second.address], &example())
        .await
        .unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    assert!(second.asked().is_empty());
}

#[tokio::test]
async fn when_all_refuse_that_is_passed_on() {
    let one = Upstream::saying(|asked| with_code(asked, ResponseCode::Refused)).await;
    let answer = ask(&[one.address], &example()).await.unwrap();
    assert_eq!(answer.metadata.response_code, ResponseCode::Refused);
    assert_eq!(
        ask(&[crate::world::free().await], &example()).await,
        Err(NotForwarded::Failed)
    );
}

#[tokio::test]
async fn a_server_that_knows_no_edns_is_asked_again_without() {
    for says in [no_edns as Says, |asked| match asked.edns {
        Some(_) => with_code(asked, ResponseCode::NotImp),
        None => address(asked),
    }] {
        let old = Upstream::saying(says).await;
        let answer = ask(&[old.address], &example()).await.unwrap();
        assert_eq!(octets(&answer), [77]);
        let asked: Vec<_> = old
            .asked()
            .iter()
            .map(|asked| asked.edns.is_some())
            .collect();
        assert_eq!(asked, [true, false]);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_fetched_over_tcp() {
    let server = Upstream::new(cut_short, address).await;
    let answer = ask(&[server.address], &example()).await.unwrap();
    assert_eq!(octets(&answer), [77]);
}

#[tokio::test]
async fn a_server_that_was_silent_is_asked_last_for_a_while() {
    let silent = Upstream::saying(nothing).await;
    let good = Upstream::saying(address).await;
    let forward = Forward::to(vec![silent.address, good.address]).unwrap();
    let packet = example().to_vec().unwrap();
    for _ in 0..5 {
        assert_eq!(octets(&forward.ask(&packet).await.unwrap()), [77]);
    }
    assert_eq!((silent.asked().len(), good.asked().len()), (1, 5));
}

#[tokio::test]
async fn a_crowd_of_foreign_questions_holds_a_bounded_number_of_sockets() {
    const CROWD: usize = 2000;
    let silent = Upstream::saying(nothing).await;
    let world = World::with("mesh-1", &[], key(), vec![silent.address]).await;
    let _own = world.add("catalogue", "catalogue-1", "v1", 11);
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let begun = Instant::now();
    let answered = Arc::new(Mutex::new(HashSet::new()));
    let mut tasks = JoinSet::new();
    let (reader, seen) = (socket.clone(), answered.clone());
    tasks.spawn(async move {
        let mut packet = vec![0; 4096];
        loop {
            let length = reader.recv(&mut packet).await.unwrap();
            let answer = Message::from_vec(&packet[..length]).unwrap();
            assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
            seen.lock().unwrap().insert(answer.metadata.id);
        }
    });
    for n in 0..CROWD {
        let mut foreign = question(&format!("host-{n}.example.org"), RecordType::A);
        foreign.metadata.id = u16::try_from(n).unwrap();
        let foreign = foreign.to_vec().unwrap();
        socket.send_to(&foreign, world.dns).await.unwrap();
        if n % 20 == 19 {
            // Own names are answered meanwhile.
            let own = over_udp(world.dns, &question("catalogue.weave.local", RecordType::A)).await;
            assert_eq!(octets(&own.0), [11]);
        }
    }
    let most = MAX_IN_FLIGHT + MAX_WAITING;
    crate::world::until("all surplus answered", async || {
        answered.lock().unwrap().len() >= CROWD - most
    })
    .await;
    let surplus = answered.lock().unwrap().clone();
    println!(
        "{} surplus questions were answered after {:?}",
        surplus.len(),
        begun.elapsed()
    );
    // Each question in flight has a port of its own, and only those are there.
    assert!(
        silent.asked().len() <= 2 * MAX_IN_FLIGHT,
        "{}",
        silent.asked().len()
    );
}

#[tokio::test]
async fn a_crowd_of_idle_tcp_connections_does_not_keep_others_out() {
    let world = World::alone().await;
    let _own = world.add("catalogue", "catalogue-1", "v1", 11);
    let mut idle = Vec::new();
    for n in 0..300 {
        let mut stream = TcpStream::connect(world.dns).await.unwrap();
        if n % 2 == 0 {
            // Half a question.
            stream.write_all(&[0, 40, 1]).await.unwrap();
        }
        idle.push(stream);
    }
    let own = question("catalogue.weave.local", RecordType::A);
    assert_eq!(octets(&crate::world::over_tcp(world.dns, &own).await), [11]);
    let mut closed = 0;
    for stream in &mut idle {
        let read = tokio::time::timeout(Duration::from_millis(20), stream.read_u8()).await;
        closed += usize::from(matches!(read, Ok(Err(_))));
    }
    // All come from one address.
    assert!(closed >= 300 - 32, "{closed} were closed");
}

#[tokio::test]
async fn garbage_over_tcp_gets_a_plain_no() {
    let world = World::alone().await;
    let mut stream = TcpStream::connect(world.dns).await.unwrap();
    let mut garbage = vec![0, 20, 7, 9, 1, 0, 0, 5];
    garbage.resize(22, 255);
    stream.write_all(&garbage).await.unwrap();
    let read = async {
        let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut answer).await.unwrap();
        Message::from_vec(&answer).unwrap()
    };
    let answer = tokio::time::timeout(EXCHANGE_TIMEOUT, read).await.unwrap();
    assert_eq!(answer.metadata.id, 0x0709);
    assert_eq!(answer.metadata.response_code, ResponseCode::FormErr);
}

//! Nodes, instances and questions for the tests, over real sockets.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::time::{Duration, Instant};

use chassis::Shutdown;
use chassis::announce::{MeshKey, Trusted};
use hickory_server::proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_server::proto::rr::{Name, RData, RecordType};
use mesh::dns::Dns;
use mesh::forward::Forward;
use mesh::gossip::Place;
use mesh::node::{Lease, Node, now_ms};
use mesh::record::{Instance, Owner, Phase};
use mesh::zone::Zone;
use proto::mesh::mesh_client::MeshClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// A whole mesh node, in a runtime of its own. Dropping it kills it: all its
/// sockets close at once, and nobody says good-bye.
pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) gossip: SocketAddr,
    pub(crate) dns: SocketAddr,
    pub(crate) grpc: String,
    pub(crate) shutdown: Shutdown,
    key: MeshKey,
    _life: Life,
}

/// A runtime that ends when dropped, also inside another one.
pub(crate) struct Life(Option<Runtime>);

impl Life {
    pub(crate) fn new() -> Self {
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        Self(Some(runtime.unwrap()))
    }

    pub(crate) fn handle(&self) -> &runtime::Handle {
        self.0.as_ref().unwrap().handle()
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

/// An address nobody listens at, over UDP or TCP. Its port is below those the system gives to sockets that ask for
/// any, so that no other test can be given it before it is used.
pub(crate) async fn free() -> SocketAddr {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    loop {
        let tried = TRIED.fetch_add(1, Relaxed);
        let offset = (std::process::id() * 64 + u32::from(tried)) % 20_000;
        let address = SocketAddr::from(([127, 0, 0, 1], 12_000 + u16::try_from(offset).unwrap()));
        let udp = UdpSocket::bind(address).await;
        if udp.is_ok() && TcpListener::bind(address).await.is_ok() {
            return address;
        }
    }
}

/// The longest that one exchange with a process under test may take.
pub(crate) const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn key() -> MeshKey {
    "a key for the tests".parse().unwrap()
}

impl World {
    pub(crate) async fn alone() -> Self {
        Self::with("mesh-1", &[], key(), Vec::new()).await
    }

    pub(crate) async fn joining(name: &str, seeds: &[SocketAddr]) -> Self {
        Self::with(name, seeds, key(), Vec::new()).await
    }

    pub(crate) async fn with(
        name: &str,
        seeds: &[SocketAddr],
        key: MeshKey,
        forward: Vec<SocketAddr>,
    ) -> Self {
        let (node, news) = Node::new(Owner {
            node: name.to_owned(),
            run: now_ms(),
        });
        let gossip = free().await;
        let place = Place {
            mesh: "weave.local".into(),
            listen: gossip,
            advertise: gossip,
            seeds: seeds.iter().map(ToString::to_string).collect(),
        };
        let life = Life::new();
        let shutdown = Shutdown::default();
        let app = mesh::app(node.clone(), &key, shutdown.clone()).unwrap();
        let dns = Dns::new(
            node.clone(),
            Zone::new("weave.local").unwrap(),
            Forward::to(forward),
        );
        let (told, heard) = oneshot::channel();
        let (here, secret) = (node.clone(), key.clone());
        life.handle().spawn(async move {
            let talk = mesh::start(&here, news, place, &secret).await.unwrap();
            let any = "127.0.0.1:0".parse().unwrap();
            let (_server, dns) = mesh::dns::listen(any, dns).await.unwrap();
            let listener = TcpListener::bind(any).await.unwrap();
            let grpc = listener.local_addr().unwrap().to_string();
            tokio::spawn(axum::serve(listener, app).into_future());
            told.send((dns, grpc)).unwrap();
            talk.run().await.unwrap();
        });
        let (dns, grpc) = heard.await.unwrap();
        Self {
            node,
            gossip,
            dns,
            grpc,
            shutdown,
            key,
            _life: life,
        }
    }

    pub(crate) fn client(&self) -> MeshClient<Trusted> {
        self.key.client(&self.grpc).unwrap()
    }

    /// An instance that needs no process: 127.0.0.`last`, port 8080, serving.
    pub(crate) fn add(&self, service: &str, name: &str, version: &str, last: u8) -> Lease {
        self.node.grant(service, name, instance(version, last))
    }

    pub(crate) async fn ask(&self, name: &str, kind: RecordType) -> Message {
        ask(self.dns, name, kind).await
    }

    /// The addresses of `name`, as last octets.
    pub(crate) async fn addresses(&self, name: &str) -> Vec<u8> {
        octets(&self.ask(name, RecordType::A).await)
    }
}

pub(crate) fn instance(version: &str, last: u8) -> Instance {
    Instance {
        epoch: now_ms(),
        version: version.to_owned(),
        address: Ipv4Addr::new(127, 0, 0, last).into(),
        port: 8080,
        phase: Phase::Serving,
        incarnation: 0,
    }
}

pub(crate) fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    message.add_query(Query::query(name, kind));
    message
}

/// As [`question`], taking packets of up to `size` bytes.
pub(crate) fn large(name: &str, kind: RecordType, size: u16) -> Message {
    let mut message = question(name, kind);
    let mut edns = Edns::new();
    edns.set_max_payload(size);
    message.edns = Some(edns);
    message
}

pub(crate) async fn ask(dns: SocketAddr, name: &str, kind: RecordType) -> Message {
    over_udp(dns, &question(name, kind)).await.0
}

/// The answer and how many bytes it took.
pub(crate) async fn over_udp(dns: SocketAddr, question: &Message) -> (Message, usize) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut packet = vec![0; 65_535];
    let question_bytes = question.to_vec().unwrap();
    for _ in 0..20 {
        socket.send_to(&question_bytes, dns).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(1), socket.recv(&mut packet));
        if let Ok(length) = answer.await {
            let length = length.unwrap();
            let answer = Message::from_vec(&packet[..length]).unwrap();
            assert_eq!(answer.metadata.id, question.metadata.id);
            return (answer, length);
        }
    }
    panic!("no answer from {dns}");
}

pub(crate) async fn over_tcp(dns: SocketAddr, question: &Message) -> Message {
    let exchange = timeout(EXCHANGE_TIMEOUT, exchange_over_tcp(dns, question));
    exchange.await.unwrap()
}

async fn exchange_over_tcp(dns: SocketAddr, question: &Message) -> Message {
    let mut stream = TcpStream::connect(dns).await.unwrap();
    let question = question.to_vec().unwrap();
    let length = u16::try_from(question.len()).unwrap();
    stream.write_all(&length.to_be_bytes()).await.unwrap();
    stream.write_all(&question).await.unwrap();
    let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut answer).await.unwrap();
    Message::from_vec(&answer).unwrap()
}

pub(crate) fn octets(answer: &Message) -> Vec<u8> {
    let mut octets: Vec<u8> = answer
        .answers
        .iter()
        .filter_map(|record| match record.data {
            RData::A(a) => Some(a.octets()[3]),
            _ => None,
        })
        .collect();
    octets.sort_unstable();
    octets
}

/// Waits until `holds`; fails after half a minute, saying `what` never came.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_secs(30), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    start.elapsed()
}

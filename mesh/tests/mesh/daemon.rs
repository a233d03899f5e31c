//! The daemon itself, as a process.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use hickory_server::proto::op::ResponseCode;
use hickory_server::proto::rr::RecordType;
use mesh::node::now_ms;
use mesh::seal::Seal;
use proto::mesh::GetStateRequest;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::world::{EXCHANGE_TIMEOUT, World, ask, free, key, over_tcp, question, until};

/// A running `meshd`, killed when dropped.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) dns: SocketAddr,
    pub(crate) gossip: SocketAddr,
    log: tempfile::NamedTempFile,
}

impl Daemon {
    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }
}

/// One that is alone, and passes other domains on to a server that never answers.
pub(crate) async fn logged() -> Daemon {
    daemon(&[]).await
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn meshd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshd"));
    command
        .env_clear()
        .stdout(Stdio::null())
        .stdin(Stdio::null());
    command
}

async fn daemon(join: &[SocketAddr]) -> Daemon {
    let (grpc, admin, dns, gossip) = (free().await, free().await, free().await, free().await);
    let seeds: Vec<String> = join.iter().map(ToString::to_string).collect();
    // Held by nobody who answers, for as long as the process of the tests lives.
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let upstream = silent.local_addr().unwrap();
    std::mem::forget(silent);
    let log = tempfile::NamedTempFile::new().unwrap();
    let child = meshd()
        .stdout(log.reopen().unwrap())
        .stderr(log.reopen().unwrap())
        .env("MESH_FORWARD", upstream.to_string())
        .env("RUST_LOG", "info")
        .env("NO_COLOR", "1")
        .env("PORT", grpc.port().to_string())
        .env("ADMIN_PORT", admin.port().to_string())
        .env("DNS_PORT", dns.port().to_string())
        .env("GOSSIP_PORT", gossip.port().to_string())
        .env("MESH_KEY", "a key for the tests")
        .env("MESH_JOIN", seeds.join(","))
        .env("INSTANCE", "meshd-9")
        .env("MESH", "127.0.0.1:1")
        .spawn();
    Daemon {
        child: child.unwrap(),
        grpc,
        admin,
        dns,
        gossip,
        log,
    }
}

/// The body of `GET path`, or nothing as long as nobody listens or answers.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    let exchange = timeout(EXCHANGE_TIMEOUT, exchange(address, path));
    exchange.await.unwrap_or_default()
}

async fn exchange(address: SocketAddr, path: &str) -> String {
    let mut text = String::new();
    if let Ok(mut stream) = TcpStream::connect(address).await {
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        _ = stream.write_all(request.as_bytes()).await;
        _ = stream.read_to_string(&mut text).await;
    }
    text.split_once("\r\n\r\n")
        .map_or(String::new(), |(_, body)| body.to_owned())
}

#[tokio::test]
async fn a_node_shows_what_it_knows_and_counts_what_it_does() {
    let world = World::alone().await;
    let daemon = daemon(&[world.gossip]).await;
    until("a ready node", async || {
        get(daemon.admin, "/readyz").await == "ok\n"
    })
    .await;
    let _there = world.add("catalogue", "catalogue-1", "v1", 11);
    until("the name at the daemon", async || {
        let answer = ask(daemon.dns, "catalogue.weave.local", RecordType::A).await;
        answer.metadata.response_code == ResponseCode::NoError
    })
    .await;
    let question = question("meshd.weave.local", RecordType::SRV);
    assert_eq!(over_tcp(daemon.dns, &question).await.answers.len(), 1);

    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut seal = Seal::new(&key().derive("gossip"), 4711);
    let sealed = seal.seal(b"nothing a node would say", now_ms()).unwrap();
    let stranger = Seal::new(&[9; 32], 1).seal(b"let me in", now_ms()).unwrap();
    let stale = seal.seal(b"", now_ms() - 3_600_000).unwrap();
    for datagram in [
        &b"GET /"[..],
        &sealed,
        &sealed,
        &stranger,
        &stale,
        b"",
        &vec![1; 65_000],
    ] {
        socket.send_to(datagram, daemon.gossip).await.unwrap();
    }
    for line in [
        "mesh_datagrams_dropped_total{reason=\"garbage\"} 3",
        "mesh_datagrams_dropped_total{reason=\"stranger\"} 2",
        "mesh_datagrams_dropped_total{reason=\"stale\"} 1",
        "mesh_datagrams_dropped_total{reason=\"replay\"} 1",
        "mesh_dns_queries_total{type=\"A\",outcome=\"answered\",transport=\"udp\"}",
        "mesh_dns_queries_total{type=\"SRV\",outcome=\"answered\",transport=\"tcp\"} 1",
        "mesh_members 2",
        "mesh_entries 2",
        "mesh_gossip_rounds_total",
    ] {
        until(line, async || {
            get(daemon.admin, "/metrics").await.contains(line)
        })
        .await;
    }

    let known: Value = serde_json::from_str(&get(daemon.admin, "/state").await).unwrap();
    let names = |list: &str, field: &str| -> Vec<String> {
        let list = known[list].as_array().unwrap().iter();
        list.map(|entry| entry[field].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("members", "node"), ["mesh-1", "meshd-9"]);
    assert_eq!(names("instances", "instance"), ["catalogue-1", "meshd-9"]);
    assert_eq!(names("instances", "phase"), ["serving", "serving"]);
    let grpc = daemon.grpc.to_string();
    let mut client = key().client(&grpc).unwrap();
    let same = client
        .get_state(GetStateRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!((same.members.len(), same.instances.len()), (2, 2));
}

/// A node that was seen while it waits for its peer. On a busy machine the two seconds it waits may be over before it is
/// asked; then another one is.
async fn waiting() -> Daemon {
    for _ in 0..20 {
        let node = daemon(&[free().await]).await;
        let mut body = String::new();
        until("a node that says whether it is ready", async || {
            body = get(node.admin, "/readyz").await;
            !body.is_empty()
        })
        .await;
        if body == "mesh: no other node met yet\n" {
            return node;
        }
    }
    panic!("twenty nodes without a peer were ready at once");
}

#[tokio::test]
async fn a_node_that_has_met_nobody_yet_leaves_the_answer_to_others() {
    let world = World::alone().await;
    let _there = world.add("catalogue", "catalogue-1", "v1", 11);
    let waiting = waiting().await;
    let resolver = chassis::discovery::resolver(&[waiting.dns, world.dns]).unwrap();
    let found = resolver.lookup_ip("catalogue.weave.local.").await;
    if let Err(closed) = TcpStream::connect(waiting.dns).await {
        assert_eq!(closed.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(found.unwrap().iter().count(), 1, "the other has answered");
    }
    until("an answer of its own, after a while", async || {
        get(waiting.admin, "/readyz").await == "ok\n"
    })
    .await;
    let unknown = ask(waiting.dns, "nosuch.weave.local", RecordType::A).await;
    assert_eq!(unknown.metadata.response_code, ResponseCode::NXDomain);
}

fn refused(flags: &[&str]) -> String {
    let Output { status, stderr, .. } =
        meshd().args(flags).stderr(Stdio::piped()).output().unwrap();
    assert!(!status.success());
    String::from_utf8(stderr).unwrap()
}

#[test]
fn without_a_key_it_does_not_listen_beyond_this_machine() {
    let why = refused(&["--bind", "0.0.0.0"]);
    assert!(
        why.contains("without MESH_KEY a mesh node listens on loopback addresses only"),
        "{why}"
    );
    let why = refused(&["--mesh-key", "short"]);
    assert!(why.contains("16 characters"), "{why}");
}

#[test]
fn it_does_not_start_from_a_policy_file_it_cannot_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policies.json");
    std::fs::write(&path, "[]").unwrap();
    let why = refused(&["--policy-file", path.to_str().unwrap()]);
    assert!(why.contains("does not hold policies"), "{why}");
}

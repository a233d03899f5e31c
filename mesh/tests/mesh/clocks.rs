//! What a daemon says of others: whose clock is wrong, and whom it refuses.

use std::time::Duration;

use chitchat::ChitchatMessage;
use chitchat::transport::Transport;
use futures_util::stream;
use mesh::node::now_ms;
use mesh::transport::Sealed;
use proto::mesh::GetStateRequest;
use tokio::net::TcpStream;

use crate::announce::word;
use crate::daemon::{Daemon, get, logged};
use crate::world::{free, key, until};

/// A peer's transport by a clock that is `clock`.
async fn shown(daemon: &Daemon, clock: fn() -> u64) -> std::net::SocketAddr {
    let address = free().await;
    let sealed = Sealed::with_clock(key(), clock);
    let mut socket = sealed.open(address).await.unwrap();
    for _ in 0..3 {
        socket
            .send(daemon.gossip, ChitchatMessage::BadCluster)
            .await
            .unwrap();
    }
    address
}

#[tokio::test]
async fn a_peer_whose_clock_is_far_away_is_named_with_the_difference() {
    let daemon = logged().await;
    until("a node that gossips", async || {
        TcpStream::connect(daemon.admin).await.is_ok()
    })
    .await;
    let ahead = shown(&daemon, || now_ms() + 40_000).await;
    let behind = shown(&daemon, || now_ms() - 3_600_000).await;
    for (peer, says, apart) in [(ahead, "s ahead", 40.0), (behind, "s behind", -3600.0)] {
        let lines = || {
            let log = daemon.log();
            let lines = log.lines().map(str::to_owned);
            let is_it = |line: &String| line.contains(&peer.to_string()) && line.contains(says);
            lines.filter(is_it).count()
        };
        until("a line in the log", async || lines() > 0).await;
        assert_eq!(lines(), 1, "once a minute");
        let metric = format!("mesh_peer_clock_difference_seconds{{peer=\"{peer}\"}} ");
        until(&metric, async || {
            let metrics = get(daemon.admin, "/metrics").await;
            let value = metrics.lines().find_map(|line| line.strip_prefix(&metric));
            value.is_some_and(|value| (value.parse::<f64>().unwrap() - apart).abs() < 5.0)
        })
        .await;
    }
}

#[tokio::test]
async fn refusals_are_logged_with_peer_and_reason_and_counted() {
    let daemon = logged().await;
    until("a ready node", async || {
        get(daemon.admin, "/readyz").await == "ok\n"
    })
    .await;
    let grpc = daemon.grpc.to_string();
    let stranger = "another key for tests"
        .parse::<chassis::announce::MeshKey>()
        .unwrap();
    let refused = stranger
        .client(&grpc)
        .unwrap()
        .get_state(GetStateRequest {})
        .await;
    refused.unwrap_err();
    let orders = key().credential("orders").token().unwrap();
    let words = stream::iter([word("catalogue-7")]);
    let leases = orders.client(&grpc).unwrap().announce(words).await.unwrap();
    leases.into_inner().message().await.unwrap_err();
    for (reason, subject) in [("credential", ""), ("service", "catalogue")] {
        let is_it = |line: &str| {
            line.contains("refused")
                && line.contains("127.0.0.1")
                && line.contains(reason)
                && line.contains(subject)
        };
        until("a line in the log", async || {
            daemon.log().lines().any(is_it)
        })
        .await;
        let metric = format!("mesh_refusals_total{{reason=\"{reason}\"}} 1");
        assert!(
            get(daemon.admin, "/metrics").await.contains(&metric),
            "{metric}"
        );
    }
}

/// Two thousand questions for other domains, none of which is answered.
#[tokio::test]
async fn liveness_is_answered_quickly_under_a_crowd_of_foreign_questions() {
    let daemon = logged().await;
    until("a ready node", async || {
        get(daemon.admin, "/readyz").await == "ok\n"
    })
    .await;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for n in 0..2000 {
        let name = format!("host-{n}.example.org");
        let asked = crate::world::question(&name, hickory_server::proto::rr::RecordType::A);
        socket
            .send_to(&asked.to_vec().unwrap(), daemon.dns)
            .await
            .unwrap();
    }
    let alive = tokio::time::timeout(Duration::from_secs(5), get(daemon.admin, "/livez")).await;
    assert_eq!(alive.unwrap(), "ok\n");
    let files = std::fs::read_dir(format!("/proc/{}/fd", daemon.child.id()));
    if let Ok(files) = files {
        let open = files.count();
        println!("{open} files were open under 2,000 foreign questions");
        assert!(open < mesh::forward::MAX_IN_FLIGHT + 50, "{open} files");
    }
}

//! Packets that are no questions, or nearly.

use std::net::SocketAddr;

use hickory_server::net::xfer::Protocol;
use hickory_server::server::Request;
use mesh::dns::Dns;
use mesh::zone::Zone;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::net::UdpSocket;

use crate::world::{World, large};

/// Bytes that are nearly a question: a real one with some of it replaced.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let noise = proptest::collection::vec(any::<u8>(), 0..80);
    let names = prop_oneof![
        Just("catalogue.weave.local"),
        Just("1.0.0.127.in-addr.arpa"),
        Just("_shop._tcp.cart"),
        Just("1.ip6.arpa"),
        Just("*.weave.local"),
    ];
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    let altered = (names, changes, any::<u16>()).prop_map(|(name, changes, kind)| {
        let mut bytes = large(name, kind.into(), 1232).to_vec().unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes
    });
    prop_oneof![1 => noise, 3 => altered]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_packet_makes_it_fall() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    let dns = Dns::new(world.node.clone(), Zone::new("weave.local").unwrap(), None);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let runtime = tokio::runtime::Handle::current();
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(5000)
    });
    let here = SocketAddr::from(([127, 0, 0, 1], 5353));
    let tried = tokio::task::block_in_place(|| {
        runner.run(&nearly(), |bytes| {
            _ = runtime.block_on(socket.send_to(&bytes, world.dns));
            if let Ok(request) = Request::from_bytes(bytes, here, Protocol::Udp) {
                runtime.block_on(dns.answer(&request));
            }
            Ok(())
        })
    });
    tried.unwrap();
    assert_eq!(world.addresses("catalogue").await, [11]);
}

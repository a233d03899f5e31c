//! What somebody who has the key might say, garbled: it opens, and then makes no
//! sense.

use std::net::SocketAddr;
use std::time::Duration;

use chitchat::{ChitchatMessage, Deserializable};
use mesh::node::now_ms;
use mesh::seal::Seal;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use crate::world::{World, key, until};

/// Number of captured messages that hold every kind of message.
const MIN_MESSAGES: usize = 12;

/// Carries datagrams between `one` and who takes `tap` for it, and keeps what was
/// in them.
async fn overheard(tap: &UdpSocket, one: SocketAddr, two: SocketAddr) -> Vec<Vec<u8>> {
    let mut seal = Seal::new(&key().derive("gossip"), rand::random());
    let mut packet = vec![0; 65_535];
    let mut said = Vec::new();
    while said.len() < MIN_MESSAGES {
        let (length, from) = tap.recv_from(&mut packet).await.unwrap();
        let datagram = &packet[..length];
        said.extend(seal.open(datagram, now_ms()).map(|opened| opened.payload));
        let to = if from == one { two } else { one };
        tap.send_to(datagram, to).await.unwrap();
    }
    said
}

/// One of `said`, with some bytes replaced, cut short or made longer.
fn garbled(said: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let tail = proptest::collection::vec(any::<u8>(), 0..20);
    let cut = proptest::option::weighted(0.3, any::<prop::sample::Index>());
    (prop::sample::select(said), changes, cut, tail).prop_map(|(mut bytes, changes, cut, tail)| {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
            bytes.extend(tail);
        }
        bytes
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_garbled_friend_does_not_make_it_fall() {
    let one = World::alone().await;
    let _ours = one.add("catalogue", "catalogue-1", "v1", 11);
    let tap = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let two = World::joining("mesh-2", &[tap.local_addr().unwrap()]).await;
    let _theirs = two.add("orders", "orders-1", "v1", 12);
    let said = overheard(&tap, one.gossip, two.gossip);
    let said = timeout(Duration::from_secs(30), said).await.unwrap();

    let mut seal = Seal::new(&key().derive("gossip"), rand::random());
    let mut understood = 0;
    let runtime = tokio::runtime::Handle::current();
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(5000)
    });
    let cases = garbled(said);
    tokio::task::block_in_place(|| {
        for _ in 0..runner.config().cases {
            let bytes = cases.new_tree(&mut runner).unwrap().current();
            understood += u32::from(ChitchatMessage::deserialize(&mut &*bytes).is_ok());
            let sealed = seal.seal(&bytes, now_ms()).unwrap();
            runtime.block_on(tap.send_to(&sealed, one.gossip)).unwrap();
        }
    });
    println!("{understood} of 5000 garbled datagrams could be read");
    assert!(understood > 0, "none came further than the first look");

    let three = World::joining("mesh-3", &[one.gossip]).await;
    let _more = three.add("payment", "payment-1", "v1", 13);
    until("it still hears others", async || {
        one.addresses("payment").await == [13]
    })
    .await;
    assert_eq!(one.addresses("catalogue").await, [11]);
}

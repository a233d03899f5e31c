//! Finding services in a DNS that answers for real, over UDP.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use chassis::Discovery;
use chassis::discovery::{Lookup, Names};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

/// A DNS that knows `catalogue` by SRV and `orders` by address.
#[derive(Clone, Default)]
struct Zone {
    mute: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Zone {
    async fn serve(&self) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let zone = self.clone();
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                if !zone.mute.load(SeqCst) {
                    zone.asked.fetch_add(1, SeqCst);
                    let answer = answer(&Message::from_vec(&packet[..length]).unwrap());
                    socket
                        .send_to(&answer.to_vec().unwrap(), from)
                        .await
                        .unwrap();
                }
            }
        });
        address
    }
}

fn answer(question: &Message) -> Message {
    let query = question.queries[0].clone();
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.add_query(query.clone());
    let name = query.name().clone();
    let text = name.to_ascii().to_lowercase();
    let record = |name: &Name, data| Record::from_rdata(name.clone(), 1, data);
    match (&*text, query.query_type()) {
        ("_shop._tcp.catalogue.weave.local.", RecordType::SRV) => {
            for (instance, weight) in [("one", 90), ("two", 10)] {
                let target =
                    Name::from_ascii(format!("{instance}.catalogue.weave.local.")).unwrap();
                answer.add_answer(record(&name, RData::SRV(SRV::new(0, weight, 9000, target))));
            }
        }
        ("one.catalogue.weave.local.", RecordType::A) => {
            answer.add_answer(record(&name, RData::A(A(Ipv4Addr::new(127, 0, 0, 11)))));
        }
        ("two.catalogue.weave.local.", RecordType::A) => {
            answer.add_answer(record(&name, RData::A(A(Ipv4Addr::new(127, 0, 0, 12)))));
        }
        ("orders.weave.local.", RecordType::A) => {
            for last in [21, 22] {
                answer.add_answer(record(&name, RData::A(A(Ipv4Addr::new(127, 0, 0, last)))));
            }
        }
        _ => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer
}

async fn find(zone: &Zone, name: &str) -> Names {
    let lookup = Lookup {
        mesh_dns: vec![zone.serve().await.to_string()],
        domain: None,
    };
    Discovery::new(&lookup).unwrap().service(name).unwrap()
}

async fn urls(names: &Names) -> Vec<(String, u16)> {
    let endpoints = names.endpoints().await;
    let mut urls: Vec<_> = endpoints
        .iter()
        .map(|endpoint| (endpoint.url.clone(), endpoint.weight))
        .collect();
    urls.sort();
    urls
}

#[tokio::test]
async fn srv_answers_carry_ports_and_weights() {
    let names = find(&Zone::default(), "catalogue").await;
    let expected = [
        ("http://127.0.0.11:9000".into(), 90),
        ("http://127.0.0.12:9000".into(), 10),
    ];
    assert_eq!(urls(&names).await, expected);
}

#[tokio::test]
async fn without_srv_all_addresses_share_alike_on_the_default_port() {
    let names = find(&Zone::default(), "orders").await;
    let expected = [
        ("http://127.0.0.21:8080".into(), 1),
        ("http://127.0.0.22:8080".into(), 1),
    ];
    assert_eq!(urls(&names).await, expected);
}

#[tokio::test]
async fn an_unknown_name_has_no_endpoints() {
    assert_eq!(urls(&find(&Zone::default(), "nosuch").await).await, []);
}

#[tokio::test]
async fn answers_are_kept_for_their_time_and_asked_for_again_when_doubted() {
    let zone = Zone::default();
    let names = find(&zone, "orders").await;
    names.endpoints().await;
    let once = zone.asked.load(SeqCst);
    names.endpoints().await;
    assert_eq!(zone.asked.load(SeqCst), once);
    names.doubt();
    names.endpoints().await;
    assert!(zone.asked.load(SeqCst) > once);
}

#[tokio::test]
async fn stale_answers_beat_none_when_dns_is_down() {
    let zone = Zone::default();
    let names = find(&zone, "orders").await;
    let before = urls(&names).await;
    zone.mute.store(true, SeqCst);
    names.doubt();
    let start = Instant::now();
    assert_eq!(urls(&names).await, before);
    assert!(start.elapsed() < Duration::from_secs(5));
}

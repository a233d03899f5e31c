//! What `dig` would see.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use hickory_server::proto::op::{Message, OpCode, ResponseCode};
use hickory_server::proto::rr::rdata::SRV;
use hickory_server::proto::rr::{DNSClass, RData, RecordType};
use mesh::dns::Dns;
use mesh::policy;
use mesh::record::Phase;
use mesh::zone::Zone;

use crate::world::{World, instance, large, octets, over_tcp, over_udp, question};

fn code(answer: &Message) -> ResponseCode {
    answer.metadata.response_code
}

fn weights(list: &[(&str, i64)]) -> HashMap<String, i64> {
    list.iter().map(|(v, w)| ((*v).to_owned(), *w)).collect()
}

fn srvs(answer: &Message) -> Vec<SRV> {
    let mut found: Vec<SRV> = answer
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::SRV(srv) => Some(srv.clone()),
            _ => None,
        })
        .collect();
    found.sort_by_key(|srv| srv.target.to_ascii());
    found
}

#[tokio::test]
async fn a_name_has_the_addresses_of_all_that_serve() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    let two = world.add("catalogue", "catalogue-2", "v1", 12);
    for name in [
        "catalogue.weave.local",
        "catalogue",
        "Catalogue.WEAVE.local",
    ] {
        let answer = world.ask(name, RecordType::A).await;
        assert_eq!(octets(&answer), [11, 12], "{name}");
        assert!(answer.metadata.authoritative);
        assert!(answer.answers.iter().all(|record| record.ttl == 1));
    }
    two.renew(mesh::record::Instance {
        phase: Phase::Draining,
        ..instance("v1", 12)
    });
    assert_eq!(world.addresses("catalogue").await, [11]);
}

#[tokio::test]
async fn the_case_of_a_question_is_kept() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    let asked = question("cAtaLOGue.WeaVE.loCAL", RecordType::A);
    let (answer, _) = over_udp(world.dns, &asked).await;
    assert!(answer.queries[0].name().eq_case(asked.queries[0].name()));
    assert!(answer.answers[0].name.eq_case(asked.queries[0].name()));
}

#[tokio::test]
async fn the_original_shops_other_names_work() {
    let world = World::alone().await;
    let _carts = world.add("carts", "cart-1", "v1", 21);
    let _front = world.add("front-end", "front-end-1", "v1", 22);
    for (name, last) in [
        ("carts", 21),
        ("cart.weave.local", 21),
        ("edge-router", 22),
        ("front-end.weave.local", 22),
        ("_shop._tcp.cart.weave.local", 0),
    ] {
        let kind = if last == 0 {
            RecordType::SRV
        } else {
            RecordType::A
        };
        let answer = world.ask(name, kind).await;
        assert_eq!(answer.answers.len(), 1, "{name}");
        if last > 0 {
            assert_eq!(octets(&answer), [last], "{name}");
        }
    }
}

#[tokio::test]
async fn unknown_is_not_the_same_as_empty() {
    let world = World::alone().await;
    let one = world.add("catalogue", "catalogue-1", "v1", 11);
    let unknown = world.ask("nosuch.weave.local", RecordType::A).await;
    assert_eq!(code(&unknown), ResponseCode::NXDomain);
    assert_eq!(unknown.authorities[0].record_type(), RecordType::SOA);
    one.renew(mesh::record::Instance {
        phase: Phase::Starting,
        ..instance("v1", 11)
    });
    for (name, kind) in [
        ("catalogue.weave.local", RecordType::A),
        ("catalogue.weave.local", RecordType::AAAA),
        ("catalogue.weave.local", RecordType::MX),
        ("_shop._tcp.catalogue.weave.local", RecordType::SRV),
        ("_tcp.catalogue.weave.local", RecordType::A),
        ("weave.local", RecordType::A),
    ] {
        let empty = world.ask(name, kind).await;
        assert_eq!(code(&empty), ResponseCode::NoError, "{name}");
        assert!(empty.answers.is_empty(), "{name}");
        assert_eq!(empty.authorities[0].record_type(), RecordType::SOA);
    }
    drop(one);
    let gone = world.ask("catalogue.weave.local", RecordType::A).await;
    assert_eq!(code(&gone), ResponseCode::NXDomain);
}

#[tokio::test]
async fn srv_weights_add_up_to_the_policys_shares() {
    let world = World::alone().await;
    let _leases: Vec<_> = (1..=7)
        .map(|n| world.add("catalogue", &format!("old-{n}"), "v1", 10 + n))
        .chain([world.add("catalogue", "new-1", "v2", 31)])
        .collect();
    policy::set(
        &world.node,
        "catalogue",
        &weights(&[("v1", 90), ("v2", 10)]),
    )
    .unwrap();
    for name in ["_shop._tcp.catalogue.weave.local", "catalogue.weave.local"] {
        let question = large(name, RecordType::SRV, 1232);
        let (answer, _) = over_udp(world.dns, &question).await;
        let found = srvs(&answer);
        let (new, old): (Vec<_>, Vec<_>) = found
            .iter()
            .partition(|srv| srv.target.to_ascii().starts_with("new"));
        let sum = |srvs: &[&SRV]| srvs.iter().map(|srv| u32::from(srv.weight)).sum::<u32>();
        assert_eq!((old.len(), sum(&old)), (7, 9000));
        assert_eq!((new.len(), sum(&new)), (1, 1000));
        assert!(
            found
                .iter()
                .all(|srv| srv.port == 8080 && srv.priority == 0)
        );
        for srv in &found {
            let glue = answer.additionals.iter();
            assert!(glue.clone().any(|record| record.name == srv.target));
            let target = world.ask(&srv.target.to_ascii(), RecordType::A).await;
            assert_eq!(target.answers.len(), 1);
        }
    }
}

#[tokio::test]
async fn versions_and_weights_are_readable() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    let _two = world.add("catalogue", "catalogue-2", "v2", 12);
    policy::set(&world.node, "catalogue", &weights(&[("v1", 3), ("v2", 1)])).unwrap();
    let texts = |answer: Message| {
        let mut texts: Vec<_> = answer
            .answers
            .iter()
            .map(|record| record.data.to_string())
            .collect();
        texts.sort();
        texts
    };
    let service = texts(world.ask("catalogue.weave.local", RecordType::TXT).await);
    assert!(service[0].contains("version=v1") && service[0].contains("weight=7500"));
    assert!(service[1].contains("version=v2") && service[1].contains("weight=2500"));
    let instance = texts(
        world
            .ask("catalogue-2.catalogue.weave.local", RecordType::TXT)
            .await,
    );
    assert!(instance[0].contains("phase=serving") && instance[0].contains("node=mesh-1"));
}

#[tokio::test]
async fn an_address_leads_back_to_its_instance() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    let answer = world.ask("11.0.0.127.in-addr.arpa", RecordType::PTR).await;
    let name = answer.answers[0].data.to_string();
    assert_eq!(name, "catalogue-1.catalogue.weave.local.");
    let other = world.ask("12.0.0.127.in-addr.arpa", RecordType::PTR).await;
    assert_eq!(code(&other), ResponseCode::Refused);
}

#[tokio::test]
async fn ipv6_instances_are_found_by_aaaa() {
    let world = World::alone().await;
    let address: IpAddr = "fd00::7".parse().unwrap();
    let _one = world.node.grant(
        "catalogue",
        "catalogue-1",
        mesh::record::Instance {
            address,
            ..instance("v1", 0)
        },
    );
    let answer = world.ask("catalogue.weave.local", RecordType::AAAA).await;
    assert_eq!(answer.answers[0].data.ip_addr(), Some(address));
    let none = world.ask("catalogue.weave.local", RecordType::A).await;
    assert!(none.answers.is_empty() && code(&none) == ResponseCode::NoError);
}

#[tokio::test]
async fn other_domains_are_refused_or_passed_on() {
    let upstream = World::alone().await;
    let world = World::alone().await;
    let refused = world.ask("example.org", RecordType::A).await;
    assert_eq!(code(&refused), ResponseCode::Refused);
    assert!(!refused.metadata.recursion_available);

    let _one = upstream.add("example", "example-1", "v1", 77);
    let other = Zone::new("else.where").unwrap();
    let passing = Dns::new(
        world.node.clone(),
        other,
        mesh::forward::Forward::to(vec![crate::world::free().await, upstream.dns]),
    );
    let (_server, dns) = mesh::dns::listen(SocketAddr::from(([127, 0, 0, 1], 0)), passing)
        .await
        .unwrap();
    let asked = question("eXample.weave.local", RecordType::A);
    for answer in [over_udp(dns, &asked).await.0, over_tcp(dns, &asked).await] {
        assert_eq!(octets(&answer), [77]);
        assert_eq!(answer.metadata.id, asked.metadata.id);
        assert!(answer.metadata.recursion_available);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_cut_short_over_udp_and_whole_over_tcp() {
    let world = World::alone().await;
    let _leases: Vec<_> = (1..=100)
        .map(|n| world.add("catalogue", &format!("catalogue-{n}"), "v1", n))
        .collect();
    let name = "catalogue.weave.local";
    for kind in [RecordType::A, RecordType::SRV] {
        let (short, length) = over_udp(world.dns, &question(name, kind)).await;
        assert!(short.metadata.truncation && length <= 512, "{length}");
        assert!(short.edns.is_none());
        let (longer, length) = over_udp(world.dns, &large(name, kind, 4096)).await;
        assert!(length <= 1232, "{length}");
        assert!(longer.answers.len() > short.answers.len());
        let whole = over_tcp(world.dns, &large(name, kind, 4096)).await;
        assert!(!whole.metadata.truncation);
        assert_eq!(whole.answers.len(), 100);
        assert!(whole.edns.is_some());
    }
}

#[tokio::test]
async fn addresses_are_left_out_before_an_answer_is_cut_short() {
    let world = World::alone().await;
    let _leases: Vec<_> = (1..=7)
        .map(|n| world.add("catalogue", &format!("catalogue-{n}"), "v1", n))
        .collect();
    let (answer, _) = over_udp(
        world.dns,
        &question("catalogue.weave.local", RecordType::SRV),
    )
    .await;
    assert!(!answer.metadata.truncation);
    assert_eq!((srvs(&answer).len(), answer.additionals.len()), (7, 0));
}

#[tokio::test]
async fn odd_questions_get_a_plain_no() {
    let world = World::alone().await;
    let mut two = question("catalogue.weave.local", RecordType::A);
    two.add_query(two.queries[0].clone());
    assert_eq!(
        code(&over_udp(world.dns, &two).await.0),
        ResponseCode::FormErr
    );
    let mut update = question("weave.local", RecordType::SOA);
    update.metadata.op_code = OpCode::Notify;
    assert_eq!(
        code(&over_udp(world.dns, &update).await.0),
        ResponseCode::NotImp
    );
    let mut chaos = question("version.bind", RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(
        code(&over_udp(world.dns, &chaos).await.0),
        ResponseCode::Refused
    );
    let mut future = large("weave.local", RecordType::SOA, 1232);
    future.edns.as_mut().unwrap().set_version(1);
    let badvers = code(&over_udp(world.dns, &future).await.0);
    assert_eq!(u16::from(badvers), u16::from(ResponseCode::BADVERS));
}

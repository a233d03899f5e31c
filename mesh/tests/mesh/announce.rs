//! Real processes' announcing: the chassis on one end, a mesh node on the other.

use std::time::Duration;

use axum::Router;
use chassis::announce::MeshKey;
use chassis::{Server, Settings, Shutdown};
use clap::Parser;
use futures_util::{StreamExt, stream};
use proto::mesh::{Announcement, GetStateRequest, Phase};
use tonic::Code;

use crate::world::{Life, World, free, until};

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    common: Settings,
}

/// A process of the shop, announced to `mesh`. Dropping its life kills it.
fn process(service: &'static str, mesh: &str, instance: &str, bind: &str) -> (Life, Shutdown) {
    let flags = [
        "x",
        "--mesh",
        mesh,
        "--mesh-key",
        "a key for the tests",
        "--instance",
        instance,
        "--bind",
        bind,
        "--port",
        "0",
        "--admin-port",
        "0",
        "--release",
        "v1",
    ];
    let settings = Cli::parse_from(flags).common;
    let shutdown = Shutdown::default();
    let server = Server::new(service).shutdown(shutdown.clone());
    let life = Life::new();
    life.handle()
        .spawn(async move { server.serve(&settings, Router::new()).await.unwrap() });
    (life, shutdown)
}

#[tokio::test]
async fn a_killed_process_is_gone_from_dns_at_once() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    until("two members", async || two.node.members().len() == 2).await;
    let (process, _) = process("cart", &one.grpc, "cart-1", "127.0.0.41");
    let took = until("the name at both nodes", async || {
        one.addresses("carts").await == [41] && two.addresses("carts").await == [41]
    })
    .await;
    println!("a new process was found at both nodes after {took:?}");
    drop(process);
    let took = until("the name gone from both nodes", async || {
        one.addresses("carts").await.is_empty() && two.addresses("carts").await.is_empty()
    })
    .await;
    println!("a killed process was gone from both nodes after {took:?}");
    // By the end of its stream: long before its lease could have run out.
    assert!(took < Duration::from_millis(1500), "{took:?}");
}

#[tokio::test]
async fn a_draining_process_is_not_answered_any_more_while_it_still_serves() {
    let world = World::alone().await;
    let (_process, shutdown) = process("orders", &world.grpc, "orders-1", "127.0.0.42");
    until("the name", async || world.addresses("orders").await == [42]).await;
    let window = Duration::from_secs(5);
    tokio::select! {
        () = shutdown.drain(window) => panic!("still answered at the end of the drain window"),
        _ = until("nothing serving", async || world.addresses("orders").await.is_empty()) => {}
    }
    let state = world
        .client()
        .get_state(GetStateRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(state.instances[0].phase(), Phase::Draining);
    assert_eq!(state.instances[0].weight, 0);
}

#[tokio::test]
async fn a_process_moves_to_another_node_before_its_name_is_missed() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    let mut worlds = vec![one, two];
    until("two members", async || worlds[1].node.members().len() == 2).await;
    let mesh = format!("{},{}", worlds[0].grpc, worlds[1].grpc);
    let (_process, _) = process("user", &mesh, "user-1", "127.0.0.43");
    until("the name at both nodes", async || {
        worlds[0].addresses("user").await == [43] && worlds[1].addresses("user").await == [43]
    })
    .await;
    let holder = worlds[0].node.view().service("user").unwrap().instances[0]
        .node
        .clone();
    let killed = worlds
        .iter()
        .position(|world| world.node.me().node == holder)
        .unwrap();
    drop(worlds.remove(killed));
    let left = &worlds[0];
    let took = until("the process at the other node", async || {
        assert_eq!(left.addresses("user").await, [43], "missed in between");
        left.node.view().service("user").unwrap().instances[0].node == left.node.me().node
    })
    .await;
    println!("a process was with another node after {took:?}");
    until("the dead node given up", async || {
        assert_eq!(left.addresses("user").await, [43], "missed in between");
        left.node
            .members()
            .iter()
            .filter(|member| member.alive)
            .count()
            == 1
    })
    .await;
}

#[tokio::test]
async fn a_node_that_ends_lets_its_instances_move_without_missing_them() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    until("two members", async || two.node.members().len() == 2).await;
    let mesh = format!("{},{}", one.grpc, two.grpc);
    let (_process, _) = process("user", &mesh, "user-1", "127.0.0.44");
    until("the name at both nodes", async || {
        one.addresses("user").await == [44] && two.addresses("user").await == [44]
    })
    .await;
    let holder = one.node.view().service("user").unwrap().instances[0]
        .node
        .clone();
    let (ends, stays) = if holder == "mesh-1" {
        (&one, &two)
    } else {
        (&two, &one)
    };
    tokio::join!(ends.shutdown.drain(Duration::ZERO), async {
        until("the process at the other node", async || {
            assert_eq!(stays.addresses("user").await, [44], "missed in between");
            stays.node.view().service("user").unwrap().instances[0].node == stays.node.me().node
        })
        .await;
    });
}

#[tokio::test]
async fn a_process_waits_for_a_mesh_that_comes_up_later() {
    let nobody = free().await;
    let world = World::alone().await;
    let mesh = format!("{nobody},{}", world.grpc);
    let (_process, _) = process("payment", &mesh, "payment-1", "127.0.0.45");
    until("the name", async || {
        world.addresses("payment").await == [45]
    })
    .await;
}

pub(crate) fn word(instance: &str) -> Announcement {
    Announcement {
        service: "catalogue".into(),
        version: "v1".into(),
        instance: instance.into(),
        address: "127.0.0.46".into(),
        port: 8080,
        phase: Phase::Serving.into(),
        epoch: 1,
        incarnation: 1,
    }
}

#[tokio::test]
async fn nobody_announces_or_steers_without_the_key() {
    let world = World::alone().await;
    let key: MeshKey = "another key for tests".parse().unwrap();
    let mut stranger = key.client(&world.grpc).unwrap();
    let refused = stranger
        .announce(stream::iter([word("fake")]))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let refused = stranger.get_state(GetStateRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(world.addresses("catalogue").await.is_empty());
}

#[tokio::test]
async fn a_silent_instance_is_gone_within_two_seconds() {
    let world = World::alone().await;
    let words = stream::iter([word("silent")]).chain(stream::pending());
    let mut leases = world.client().announce(words).await.unwrap().into_inner();
    let lease = leases.message().await.unwrap().unwrap();
    assert_eq!((&*lease.node, lease.expires_ms), ("mesh-1", 1600));
    assert_eq!(world.addresses("catalogue").await, [46]);
    let took = until("the name gone", async || {
        world.addresses("catalogue").await.is_empty()
    })
    .await;
    println!("a silent instance was gone after {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(leases.message().await.unwrap().is_none());
}

#[tokio::test]
async fn announcements_that_make_no_sense_are_refused() {
    let world = World::alone().await;
    for (bad, why) in [
        (
            Announcement {
                address: "here".into(),
                ..word("x")
            },
            "address must be an IP address",
        ),
        (
            Announcement {
                port: 70_000,
                ..word("x")
            },
            "port must be 0 to 65535",
        ),
        (
            Announcement {
                phase: 0,
                ..word("x")
            },
            "phase is missing",
        ),
        (
            Announcement {
                service: "a.b".into(),
                ..word("x")
            },
            "service must be a label of a DNS name, such as catalogue",
        ),
        (word(""), "instance must have 1 to 128 characters"),
    ] {
        let mut leases = world
            .client()
            .announce(stream::iter([bad]))
            .await
            .unwrap()
            .into_inner();
        let error = leases.message().await.unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::InvalidArgument, why)
        );
    }
    assert!(world.node.view().services().is_empty());
}

#[tokio::test]
async fn an_old_process_does_not_take_its_successors_name_along() {
    let world = World::alone().await;
    let old = world.add("catalogue", "catalogue-1", "v1", 11);
    let new = world.add("catalogue", "catalogue-1", "v1", 12);
    old.renew(crate::world::instance("v1", 11));
    assert_eq!(world.addresses("catalogue").await, [12]);
    drop(old);
    assert_eq!(world.addresses("catalogue").await, [12]);
    drop(new);
    assert!(world.addresses("catalogue").await.is_empty());
}

#[tokio::test]
async fn look_ups_survive_the_death_of_one_dns_and_of_all() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    let _there = two.add("catalogue", "catalogue-1", "v1", 11);
    until("the name at both nodes", async || {
        one.addresses("catalogue").await == [11]
    })
    .await;
    let lookup = chassis::discovery::Lookup {
        mesh_dns: vec![one.dns.to_string(), two.dns.to_string()],
        domain: None,
    };
    let names = chassis::Discovery::new(&lookup)
        .unwrap()
        .service("catalogue")
        .unwrap();
    let ask = async || {
        names.doubt();
        let start = std::time::Instant::now();
        let urls: Vec<String> = names
            .endpoints()
            .await
            .iter()
            .map(|e| e.url.clone())
            .collect();
        assert_eq!(urls, ["http://127.0.0.11:8080"]);
        start.elapsed()
    };
    ask().await;
    drop(one);
    for _ in 0..20 {
        let took = ask().await;
        assert!(took < Duration::from_millis(1500), "one dead: {took:?}");
    }
    drop(two);
    for _ in 0..5 {
        let took = ask().await;
        assert!(took < Duration::from_millis(1500), "all dead: {took:?}");
    }
}

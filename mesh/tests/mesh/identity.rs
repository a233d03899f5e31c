//! Who may announce what: credentials, names and addresses.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use mesh::node::{MAX_INSTANCES_PER_SERVICE, Member, Node, NotClaimed, now_ms};
use mesh::record::{Instance, Owner};
use proto::mesh::mesh_client::MeshClient;
use proto::mesh::{Announcement, GetStateRequest, Lease, SetPolicyRequest};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tonic::{Code, Status, Streaming};

use crate::announce::word;
use crate::world::{World, instance, key, until};

/// A caller with the credential of `service`.
fn holder(world: &World, service: &str) -> MeshClient<chassis::announce::Trusted> {
    let token = key().credential(service).token().unwrap();
    token.client(&world.grpc).unwrap()
}

fn process(instance: &str, incarnation: u64) -> Announcement {
    Announcement {
        incarnation,
        epoch: now_ms(),
        ..word(instance)
    }
}

/// An announcement that is renewed until dropped.
struct Announced {
    _renewing: JoinSet<()>,
    _leases: Streaming<Lease>,
}

/// Announces `announcement`, and keeps the stream open.
async fn announce(world: &World, announcement: Announcement) -> Result<Announced, Status> {
    let service = announcement.service.clone();
    let (speaker, spoken) = mpsc::channel(1);
    let mut renewing = JoinSet::new();
    renewing.spawn(async move {
        let mut renewals = tokio::time::interval(Duration::from_millis(100));
        while speaker.send(announcement.clone()).await.is_ok() {
            renewals.tick().await;
        }
    });
    let words = stream::unfold(spoken, |mut spoken| async {
        Some((spoken.recv().await?, spoken))
    });
    let leases = holder(world, &service).announce(words).await?;
    let mut leases = leases.into_inner();
    leases.message().await?;
    Ok(Announced {
        _renewing: renewing,
        _leases: leases,
    })
}

/// What becomes of a single announcement.
async fn refusal(world: &World, by: &str, announcement: Announcement) -> Status {
    let words = stream::iter([announcement]).chain(stream::pending());
    match holder(world, by).announce(words).await {
        Ok(leases) => leases.into_inner().message().await.unwrap_err(),
        Err(status) => status,
    }
}

#[tokio::test]
async fn the_credential_of_a_service_announces_that_service_only() {
    let world = World::alone().await;
    let refused = refusal(&world, "orders", word("catalogue-1")).await;
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(world.node.view().services().is_empty());

    let _own = announce(&world, word("catalogue-1")).await.unwrap();
    assert_eq!(world.addresses("catalogue").await, [46]);
    let alias = Announcement {
        service: "cart".into(),
        ..word("carts-1")
    };
    let _alias = announce(&world, alias).await.unwrap();
    assert_eq!(world.addresses("carts").await, [46]);
}

#[tokio::test]
async fn the_credential_of_a_service_steers_that_service_only() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    let request = SetPolicyRequest {
        service: "catalogue".into(),
        weights: HashMap::from([("v1".to_owned(), 1)]),
        at_ms: 0,
    };
    let refused = holder(&world, "orders").set_policy(request.clone()).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    holder(&world, "catalogue")
        .set_policy(request)
        .await
        .unwrap();
    let known = holder(&world, "orders").get_state(GetStateRequest {}).await;
    assert_eq!(known.unwrap().into_inner().policies.len(), 1);
}

#[tokio::test]
async fn a_credential_is_worth_nothing_in_another_mesh_or_made_up() {
    let world = World::alone().await;
    let other = "another key for tests"
        .parse::<chassis::announce::MeshKey>()
        .unwrap();
    let own = other.credential("catalogue").expose();
    let renamed = key()
        .credential("orders")
        .expose()
        .replace("orders", "catalogue");
    for made_up in [own, renamed] {
        let credential: chassis::announce::Credential = made_up.parse().unwrap();
        let mut client = credential.token().unwrap().client(&world.grpc).unwrap();
        let refused = client.get_state(GetStateRequest {}).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
}

#[tokio::test]
async fn a_live_name_is_not_given_to_another_process() {
    let world = World::alone().await;
    let first = announce(&world, process("catalogue-1", 1)).await.unwrap();
    let impostor = Announcement {
        address: "127.0.0.66".into(),
        ..process("catalogue-1", 2)
    };
    let refused = refusal(&world, "catalogue", impostor.clone()).await;
    assert_eq!(refused.code(), Code::AlreadyExists);
    // Who does not say which process it is, is none of those known.
    let silent = Announcement {
        incarnation: 0,
        ..impostor.clone()
    };
    assert_eq!(
        refusal(&world, "catalogue", silent).await.code(),
        Code::AlreadyExists
    );
    assert_eq!(world.addresses("catalogue").await, [46]);

    drop(first);
    until("the name free again", async || {
        announce(&world, impostor.clone()).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn a_process_takes_its_own_lease_over_after_a_lost_connection() {
    let world = World::alone().await;
    let _lost = announce(&world, process("catalogue-1", 1)).await.unwrap();
    let moved = Announcement {
        address: "127.0.0.47".into(),
        ..process("catalogue-1", 1)
    };
    let _again = announce(&world, moved).await.unwrap();
    assert_eq!(world.addresses("catalogue").await, [47]);
}

#[tokio::test]
async fn a_name_is_taken_at_every_node_as_long_as_its_own_lives() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    until("two members", async || {
        one.node.members().len() == 2 && two.node.members().len() == 2
    })
    .await;
    let _first = announce(&one, process("catalogue-1", 1)).await.unwrap();
    until("the name at both nodes", async || {
        two.addresses("catalogue").await == [46]
    })
    .await;
    let refused = refusal(&two, "catalogue", process("catalogue-1", 2)).await;
    assert_eq!(refused.code(), Code::AlreadyExists);
    // The same process may move, and need not wait for that.
    let _moved = announce(&two, process("catalogue-1", 1)).await.unwrap();
    drop(one);
    let successor = process("catalogue-1", 2);
    let refused = refusal(&two, "catalogue", successor).await;
    assert_eq!(refused.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn a_name_of_a_dead_node_is_free_once_that_is_known() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    until("two members", async || two.node.members().len() == 2).await;
    let _first = announce(&one, process("catalogue-1", 1)).await.unwrap();
    until("the name at both nodes", async || {
        two.addresses("catalogue").await == [46]
    })
    .await;
    drop(one);
    let took = until("the name free again", async || {
        announce(&two, process("catalogue-1", 2)).await.is_ok()
    })
    .await;
    println!("the name of a killed process at a killed node was free after {took:?}");
}

fn owner(node: &str) -> Owner {
    Owner {
        node: node.into(),
        run: 1,
    }
}

fn seen(name: &str) -> Member {
    Member {
        owner: owner(name),
        gossip: "127.0.0.1:1".parse().unwrap(),
        alive: true,
    }
}

/// A serving instance of a process.
fn of(incarnation: u64, epoch: u64) -> Instance {
    Instance {
        incarnation,
        epoch,
        ..instance("v1", 1)
    }
}

#[test]
fn of_two_that_got_one_name_while_their_nodes_were_apart_the_older_stays() {
    let (one, _news) = Node::new(owner("one"));
    let (two, _other_news) = Node::new(owner("two"));
    let older = one.claim("catalogue", "catalogue-1", of(5, 10)).unwrap();
    let younger = two.claim("catalogue", "catalogue-1", of(4, 11)).unwrap();
    let (said_one, said_two) = (one.with_state(Clone::clone), two.with_state(Clone::clone));
    one.hear(said_two);
    two.hear(said_one);
    assert!(!older.ended().is_cancelled() && !younger.ended().is_cancelled());
    one.meet(vec![seen("one"), seen("two")]);
    two.meet(vec![seen("one"), seen("two")]);
    assert!(younger.ended().is_cancelled() && !older.ended().is_cancelled());
    one.hear(two.with_state(Clone::clone));
    for node in [&one, &two] {
        let view = node.view();
        let found = &view.service("catalogue").unwrap().instances;
        assert_eq!((found.len(), &*found[0].node), (1, "one"));
    }
}

#[test]
fn a_service_has_only_so_many_instances() {
    let (node, _news) = Node::new(owner("one"));
    let claim = |n: usize| node.claim("catalogue", &n.to_string(), of(7, 1));
    let mut leases: Vec<_> = (0..MAX_INSTANCES_PER_SERVICE)
        .map(|n| claim(n).unwrap())
        .collect();
    assert_eq!(claim(9999).err(), Some(NotClaimed::Full));
    assert!(node.claim("orders", "orders-1", of(7, 1)).is_ok());
    leases.pop();
    assert!(claim(9999).is_ok());
}

#[tokio::test]
async fn addresses_that_lead_to_no_single_host_are_refused() {
    let world = World::alone().await;
    for address in [
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "169.254.169.254",
        "::",
        "ff02::1",
        "fe80::1",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
    ] {
        let announcement = Announcement {
            address: address.into(),
            ..word("catalogue-1")
        };
        let refused = refusal(&world, "catalogue", announcement).await;
        assert_eq!(refused.code(), Code::InvalidArgument, "{address}");
        assert!(
            refused
                .message()
                .contains("address must be that of one host"),
            "{refused}"
        );
    }
    assert!(world.node.view().services().is_empty());
}

#[tokio::test]
async fn an_epoch_from_the_far_future_does_not_outlast_what_is_said_later() {
    let world = World::alone().await;
    let future = Announcement {
        epoch: u64::MAX,
        ..word("catalogue-1")
    };
    let _lease = announce(&world, future).await.unwrap();
    let view = world.node.view();
    let epoch = view.service("catalogue").unwrap().instances[0]
        .instance
        .epoch;
    assert!(epoch <= now_ms() + 30_000, "{epoch}");
}

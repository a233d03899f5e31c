//! Policies: what is refused, where they are kept, and who wins.

use std::collections::{BTreeMap, HashMap};

use mesh::crdt::{Register, State};
use mesh::hlc::{MAX_CLOCK_SKEW_MS, Stamp};
use mesh::node::{Node, now_ms};
use mesh::policy::{self, PolicyFile};
use mesh::record::Owner;
use proto::mesh::{GetPolicyRequest, GetStateRequest, ListPoliciesRequest, SetPolicyRequest};
use tonic::Code;

use crate::world::{World, until};

fn request(service: &str, weights: &[(&str, i64)]) -> SetPolicyRequest {
    SetPolicyRequest {
        service: service.to_owned(),
        weights: weights.iter().map(|(v, w)| ((*v).to_owned(), *w)).collect(),
        at_ms: 0,
    }
}

/// A policy of catalogue, stamped `ahead_ms` from now.
fn stamped(ahead_ms: u64) -> State {
    let stamp = Stamp {
        at_ms: now_ms() + ahead_ms,
        count: 0,
        node: "elsewhere".into(),
    };
    let policy = mesh::record::Policy(BTreeMap::from([("v1".to_owned(), 1)]));
    State {
        policies: BTreeMap::from([("catalogue".to_owned(), Register { stamp, policy })]),
        ..State::default()
    }
}

#[tokio::test]
async fn a_policy_from_the_far_future_is_not_heard() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    for ahead_ms in [3_600_000, MAX_CLOCK_SKEW_MS + 5_000, u64::MAX / 2] {
        assert!(!world.node.hear(stamped(ahead_ms)), "{ahead_ms}");
    }
    assert!(policy::get(&world.node, "catalogue").is_err());
    assert!(world.node.hear(stamped(MAX_CLOCK_SKEW_MS - 5_000)));
    // What is set after it is later, and stays.
    let weights = HashMap::from([("v1".to_owned(), 9)]);
    let set = policy::set(&world.node, "catalogue", &weights).unwrap();
    assert_eq!(policy::get(&world.node, "catalogue").unwrap(), set);
    assert_eq!(set.policy.0["v1"], 9);
}

#[tokio::test]
async fn a_policy_that_would_be_stamped_far_in_the_future_is_not_set() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    // As if this node's clock had been set back by an hour after the last policy.
    let before = stamped(3_600_000);
    world.node.say(|_| Ok::<_, ()>(before.clone())).unwrap();
    let refused = world
        .client()
        .set_policy(request("catalogue", &[("v1", 9)]))
        .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(
        refused.message().contains("s ahead of this node's clock"),
        "{refused}"
    );
    let kept = policy::get(&world.node, "catalogue").unwrap();
    assert_eq!(Some(&kept), before.policies.get("catalogue"));
}

#[tokio::test]
async fn a_node_and_a_caller_with_other_clocks_do_not_set_policies() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    let now = i64::try_from(now_ms()).unwrap();
    for (at_ms, says) in [(now - 40_000, "s ahead"), (now + 40_000, "s behind")] {
        let request = SetPolicyRequest {
            at_ms,
            ..request("catalogue", &[("v1", 9)])
        };
        let refused = world.client().set_policy(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.message().contains(says), "{refused}");
    }
    let agreed = SetPolicyRequest {
        at_ms: now,
        ..request("catalogue", &[("v1", 9)])
    };
    world.client().set_policy(agreed).await.unwrap();
}

#[test]
fn a_file_with_a_policy_from_the_far_future_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policies.json");
    let policies = serde_json::to_vec(&stamped(3_600_000).policies).unwrap();
    std::fs::write(&path, policies).unwrap();
    let error = PolicyFile::new(&path).read().unwrap_err().to_string();
    assert!(
        error.contains("policies.json") && error.contains("s ahead") && error.contains("catalogue"),
        "{error}"
    );
}

#[tokio::test]
async fn a_policy_is_set_read_and_removed() {
    let world = World::alone().await;
    let _one = world.add("carts", "cart-1", "v1", 11);
    let mut client = world.client();
    let set = client
        .set_policy(request("cart", &[("v1", 5)]))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((&*set.service, &*set.node), ("carts", "mesh-1"));
    let service = "carts".to_owned();
    let read = client
        .get_policy(GetPolicyRequest { service })
        .await
        .unwrap();
    assert_eq!(read.into_inner(), set);
    let listed = client.list_policies(ListPoliciesRequest {}).await.unwrap();
    assert_eq!(listed.into_inner().policies, [set]);
    client.set_policy(request("carts", &[])).await.unwrap();
    let service = "carts".to_owned();
    let none = client
        .get_policy(GetPolicyRequest { service })
        .await
        .unwrap_err();
    assert_eq!(none.code(), Code::NotFound);
}

#[tokio::test]
async fn a_policy_that_makes_no_sense_changes_nothing() {
    let world = World::alone().await;
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    let _two = world.add("catalogue", "catalogue-2", "v2", 12);
    let mut client = world.client();
    client
        .set_policy(request("catalogue", &[("v1", 90), ("v2", 10)]))
        .await
        .unwrap();
    let before = client
        .get_state(GetStateRequest {})
        .await
        .unwrap()
        .into_inner();
    for (weights, why) in [
        (
            &[("v3", 10)][..],
            "catalogue has no version v3: there are v1, v2",
        ),
        (&[("v1", -1)], "the weight of v1 must be 0 to 10000"),
        (&[("v1", 10_001)], "the weight of v1 must be 0 to 10000"),
        (
            &[("v1", 0), ("v2", 0)],
            "at least one weight must be above 0",
        ),
    ] {
        let error = client
            .set_policy(request("catalogue", weights))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.message()),
            (Code::InvalidArgument, why)
        );
    }
    let error = client
        .set_policy(request("nosuch", &[("v1", 1)]))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::NotFound, "service not found")
    );
    let after = client
        .get_state(GetStateRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(before.policies, after.policies);
    assert_eq!(before.instances, after.instances);
}

#[tokio::test]
async fn a_policy_whose_versions_have_all_gone_takes_no_service_down() {
    let world = World::alone().await;
    let old = world.add("catalogue", "catalogue-1", "v1", 11);
    let _new = world.add("catalogue", "catalogue-2", "v2", 12);
    let weights = HashMap::from([("v1".to_owned(), 1)]);
    policy::set(&world.node, "catalogue", &weights).unwrap();
    for _ in 0..20 {
        assert_eq!(world.addresses("catalogue").await, [11]);
    }
    drop(old);
    assert_eq!(world.addresses("catalogue").await, [12]);
}

#[tokio::test]
async fn policies_are_kept_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policies.json");
    let file = PolicyFile::new(&path);
    assert!(file.read().unwrap().policies.is_empty());
    let world = World::alone().await;
    tokio::spawn(file.clone().keep(world.node.policies()));
    let _one = world.add("catalogue", "catalogue-1", "v1", 11);
    let weights = HashMap::from([("v1".to_owned(), 7)]);
    let set = policy::set(&world.node, "catalogue", &weights).unwrap();
    until("the policy in the file", async || {
        file.read()
            .is_ok_and(|kept| kept.policies.get("catalogue") == Some(&set))
    })
    .await;

    let (later, _news) = Node::new(Owner {
        node: "mesh-1".into(),
        run: now_ms(),
    });
    later.hear(file.read().unwrap());
    assert_eq!(policy::get(&later, "catalogue").unwrap(), set);
    std::fs::write(&path, "{ half").unwrap();
    let error = file.read().unwrap_err().to_string();
    assert!(
        error.contains("policies.json does not hold policies"),
        "{error}"
    );
}

#[tokio::test]
async fn a_policy_outlives_the_node_where_it_was_set() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    let _mine = one.add("catalogue", "catalogue-1", "v1", 11);
    let weights = HashMap::from([("v1".to_owned(), 7)]);
    let set = policy::set(&one.node, "catalogue", &weights).unwrap();
    until("the policy at the second node", async || {
        policy::get(&two.node, "catalogue").is_ok()
    })
    .await;
    drop(one);
    let three = World::joining("mesh-3", &[two.gossip]).await;
    until("the policy at the third node", async || {
        policy::get(&three.node, "catalogue").is_ok_and(|known| known == set)
    })
    .await;
}

#[tokio::test]
async fn a_later_policy_wins_wherever_it_was_set() {
    let one = World::joining("mesh-1", &[]).await;
    let two = World::joining("mesh-2", &[one.gossip]).await;
    let _mine = one.add("catalogue", "catalogue-1", "v1", 11);
    until("the instance at the second node", async || {
        two.addresses("catalogue").await == [11]
    })
    .await;
    for (weight, (here, there)) in [(1, (&one, &two)), (2, (&two, &one)), (3, (&one, &two))] {
        let weights = HashMap::from([("v1".to_owned(), weight)]);
        let set = policy::set(&here.node, "catalogue", &weights).unwrap();
        until("the same policy at both", async || {
            policy::get(&there.node, "catalogue").is_ok_and(|known| known == set)
        })
        .await;
    }
}

//! The laws of merging: updates may be reordered, repeated and regrouped.

use std::net::Ipv4Addr;

use mesh::crdt::{Entry, Key, Presence, Register, State};
use mesh::hlc::Stamp;
use mesh::record::{Instance, Owner, Phase, Policy};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// Few names, so that updates meet.
fn key() -> impl Strategy<Value = Key> {
    (0..3u64, 0..3u8, 0..3u8).prop_map(|(owner, service, instance)| Key {
        owner: Owner {
            node: format!("mesh-{owner}"),
            run: owner,
        },
        service: format!("service-{service}"),
        instance: format!("instance-{instance}"),
    })
}

/// Any entries at all, also two under one key and version: the laws must not
/// depend on owners keeping to the rules.
fn entry() -> impl Strategy<Value = Entry> {
    let phase = prop_oneof![
        Just(Phase::Starting),
        Just(Phase::Serving),
        Just(Phase::Draining)
    ];
    let here = (0..3u64, 0..2u16, phase).prop_map(|(epoch, port, phase)| {
        Presence::Here(Instance {
            epoch,
            version: "v1".into(),
            address: Ipv4Addr::LOCALHOST.into(),
            port,
            phase,
            incarnation: 0,
        })
    });
    let presence = prop_oneof![3 => here, 1 => Just(Presence::Gone)];
    (0..4u64, presence).prop_map(|(version, presence)| Entry { version, presence })
}

fn register() -> impl Strategy<Value = Register> {
    let stamp = (0..3u64, 0..2u32, 0..3u8).prop_map(|(at_ms, count, node)| Stamp {
        at_ms,
        count,
        node: format!("mesh-{node}"),
    });
    let weights = btree_map("v[12]", 0..3u32, 0..3);
    (stamp, weights).prop_map(|(stamp, weights)| Register {
        stamp,
        policy: Policy(weights),
    })
}

fn state() -> impl Strategy<Value = State> {
    let instances = btree_map(key(), entry(), 0..12);
    let policies = btree_map("[abc]", register(), 0..3);
    (instances, policies).prop_map(|(instances, policies)| State {
        instances,
        policies,
    })
}

fn join(a: &State, b: &State) -> State {
    let mut complete = a.clone();
    complete.merge(b.clone());
    complete
}

proptest! {
    #[test]
    fn merging_is_associative(a in state(), b in state(), c in state()) {
        prop_assert_eq!(join(&join(&a, &b), &c), join(&a, &join(&b, &c)));
    }

    #[test]
    fn merging_is_commutative(a in state(), b in state()) {
        prop_assert_eq!(join(&a, &b), join(&b, &a));
    }

    #[test]
    fn merging_is_idempotent(a in state(), b in state()) {
        let both = join(&a, &b);
        prop_assert_eq!(join(&both, &b), both.clone());
        prop_assert_eq!(join(&both, &both), both);
    }

    #[test]
    fn the_delta_tells_all_there_is_to_tell(a in state(), b in state()) {
        let mut complete = a.clone();
        let merged = complete.merge(b.clone());
        prop_assert_eq!(&merged.received, &b);
        prop_assert_eq!(&join(&a, &merged.delta), merged.complete);
        prop_assert_eq!(&join(&a, &b), merged.complete);
    }

    #[test]
    fn nothing_known_is_in_a_delta(a in state(), b in state()) {
        let mut complete = join(&a, &b);
        prop_assert_eq!(complete.merge(b).delta, State::default());
    }

    #[test]
    fn any_order_and_repetition_of_updates_ends_the_same(
        updates in vec(state(), 1..6), order in vec(0..6usize, 0..12)
    ) {
        let straight = updates.iter().fold(State::default(), |all, next| join(&all, next));
        let jumbled = order.iter().map(|step| &updates[step % updates.len()]);
        let jumbled = jumbled.chain(updates.iter().rev());
        prop_assert_eq!(jumbled.fold(State::default(), |all, next| join(&all, next)), straight);
    }

    #[test]
    fn what_an_owner_says_last_wins(first in state(), key in key(), now_ms in 0..9u64) {
        let mut state = first.clone();
        let gone = state.gone(key.clone(), now_ms);
        state.merge(gone);
        prop_assert_eq!(&join(&state, &first), &state);
        prop_assert!(!state.present().any(|(present, _)| *present == key));
    }

    #[test]
    fn the_policy_set_last_wins_whatever_the_clock_says(first in state(), now_ms in 0..9u64) {
        let mut state = first.clone();
        let policy = Policy([("v9".to_owned(), 1)].into());
        let update = state.set("a", policy.clone(), now_ms, "mesh-0");
        state.merge(update);
        let back = join(&state, &first);
        prop_assert_eq!(&back.policies["a"].policy, &policy);
    }
}

//! Sealed datagrams: whose are taken, and how often.

use mesh::seal::{Dropped, Opened, SKEW, Seal};
use proptest::prelude::*;

const NOW: u64 = 1_700_000_000_000;

fn stale(ahead_ms: i64) -> Result<Opened, Dropped> {
    Err(Dropped::Stale(ahead_ms))
}

fn seals() -> (Seal, Seal) {
    (Seal::new(&[7; 32], 1), Seal::new(&[7; 32], 2))
}

#[test]
fn a_datagram_is_opened_by_another_with_the_key() {
    let (mut one, mut two) = seals();
    let sealed = one.seal(b"socks", NOW).unwrap();
    assert!(!sealed.windows(5).any(|bytes| bytes == b"socks"));
    assert_eq!(two.open(&sealed, NOW).unwrap().payload, b"socks");
}

#[test]
fn a_stranger_is_not_listened_to() {
    let (_, mut two) = seals();
    let mut stranger = Seal::new(&[8; 32], 3);
    let sealed = stranger.seal(b"socks", NOW).unwrap();
    assert_eq!(two.open(&sealed, NOW), Err(Dropped::BadKey));
}

#[test]
fn a_datagram_is_taken_once() {
    let (mut one, mut two) = seals();
    let sealed = one.seal(b"socks", NOW).unwrap();
    assert!(two.open(&sealed, NOW).is_ok());
    assert_eq!(two.open(&sealed, NOW), Err(Dropped::Replay));
    assert_eq!(one.open(&sealed, NOW), Err(Dropped::Replay), "our own");
}

#[test]
fn datagrams_may_overtake_each_other() {
    let (mut one, mut two) = seals();
    let sealed: Vec<_> = (0..100u8).map(|n| one.seal(&[n], NOW).unwrap()).collect();
    for datagram in sealed.iter().rev() {
        assert!(two.open(datagram, NOW).is_ok());
    }
    for datagram in &sealed {
        assert_eq!(two.open(datagram, NOW), Err(Dropped::Replay));
    }
}

#[test]
fn what_is_far_behind_the_last_ones_is_dropped() {
    let (mut one, mut two) = seals();
    let early = one.seal(b"early", NOW).unwrap();
    let late: Vec<_> = (0..200u8).map(|n| one.seal(&[n], NOW).unwrap()).collect();
    assert!(two.open(&late[199], NOW).is_ok());
    assert_eq!(two.open(&early, NOW), Err(Dropped::Replay));
}

#[test]
fn an_old_datagram_is_dropped_even_by_those_who_forgot_its_sender() {
    let (mut one, mut two) = seals();
    let sealed = one.seal(b"socks", NOW).unwrap();
    assert_eq!(two.open(&sealed, NOW + SKEW + 1), stale(-30_001));
    assert_eq!(two.open(&sealed, NOW - SKEW - 1), stale(30_001));
    assert!(two.open(&sealed, NOW + SKEW).is_ok());
    let later = NOW + 3 * SKEW;
    let mut third = Seal::new(&[7; 32], 3);
    assert!(two.open(&third.seal(b"x", later).unwrap(), later).is_ok());
    assert_eq!(two.open(&sealed, later), stale(-90_000));
}

#[test]
fn a_datagram_cut_short_is_dropped_at_every_length() {
    let (mut one, mut two) = seals();
    let sealed = one.seal(b"socks", NOW).unwrap();
    for length in 0..sealed.len() {
        assert!(two.open(&sealed[..length], NOW).is_err(), "{length}");
    }
    assert!(two.open(&sealed, NOW).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn noise_is_never_taken(noise in proptest::collection::vec(any::<u8>(), 0..200), marked: bool) {
        let (_, mut two) = seals();
        let noise = if marked { [vec![1], noise].concat() } else { noise };
        prop_assert!(two.open(&noise, NOW).is_err());
    }

    #[test]
    fn an_altered_datagram_is_never_taken(at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let (mut one, mut two) = seals();
        let mut sealed = one.seal(b"socks", NOW).unwrap();
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(two.open(&sealed, NOW).is_err());
    }

    #[test]
    fn whatever_the_order_each_is_taken_at_most_once(order in proptest::collection::vec(0..200usize, 0..300)) {
        let (mut one, mut two) = seals();
        let sealed: Vec<_> = (0..200u8).map(|_| one.seal(b"", NOW).unwrap()).collect();
        let mut taken = std::collections::HashSet::new();
        for index in order {
            if two.open(&sealed[index], NOW).is_ok() {
                prop_assert!(taken.insert(index));
            }
        }
    }
}

//! Many nodes under a seed: joins, leaves, kills, cuts and a lossy network. Real
//! states merge in here; time and the network are made up.

mod network;

use network::Network;

/// A round of gossip, in milliseconds.
const ROUND: u64 = 100;

/// Runs `spells` of trouble, each healed; the longest time to agree, in rounds.
fn simulate(size: usize, seed: u64, spells: usize, tombstones: bool) -> Result<u64, String> {
    let mut network = Network::new(size, seed, tombstones);
    let mut longest = 0;
    for _ in 0..spells {
        for _ in 0..30 {
            for _ in 0..=size / 10 {
                network.trouble();
            }
            network.round();
        }
        longest = longest.max(network.heal()?);
    }
    Ok(longest)
}

/// The same seeds each time, unless `MESH_SEED` names the one to look at, or is
/// `random` to look further.
fn seeds(count: usize) -> Vec<u64> {
    match std::env::var("MESH_SEED").as_deref() {
        Ok("random") => std::iter::repeat_with(rand::random).take(count).collect(),
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..).take(count).collect(),
    }
}

fn converges(size: usize, spells: usize, count: usize) {
    for seed in seeds(count) {
        match simulate(size, seed, spells, true) {
            Ok(rounds) => println!(
                "{size} nodes, seed {seed}: agreed at most {} ms after a heal",
                rounds * ROUND
            ),
            Err(error) => panic!("{size} nodes, MESH_SEED={seed}: {error}"),
        }
    }
}

#[test]
fn three_nodes_agree_after_every_heal() {
    converges(3, 40, 8);
}

#[test]
fn ten_nodes_agree_after_every_heal() {
    converges(10, 10, 4);
}

#[test]
fn fifty_nodes_agree_after_every_heal() {
    converges(50, 2, 2);
}

#[test]
fn without_tombstones_the_dead_come_back() {
    for seed in 1..=5 {
        let error = simulate(10, seed, 10, false).unwrap_err();
        assert!(error.contains("agreement"), "{error}");
    }
}

//! A made-up network of nodes whose states are real.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use mesh::crdt::{Key, State};
use mesh::record::{Instance, Owner, Phase, Policy};
use mesh::view::View;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom};
use rand::{RngExt, SeedableRng};

/// Rounds without a sign of life after which a node is considered dead.
const FAILURE_ROUNDS: u64 = 18;

/// Maximum number of rounds within which nodes must agree.
pub(super) const MAX_ROUNDS: u64 = 60;

struct Message {
    at: u64,
    from: usize,
    to: usize,
    beats: BTreeMap<Owner, u64>,
    state: State,
}

struct Member {
    owner: Owner,
    up: bool,
    beat: u64,
    state: State,
    heard: BTreeMap<Owner, (u64, u64)>,
    instances: BTreeMap<Key, Ipv4Addr>,
}

impl Member {
    fn new(number: usize, run: u64) -> Self {
        let owner = Owner {
            node: format!("mesh-{number}"),
            run,
        };
        Self {
            owner,
            up: true,
            beat: 0,
            state: State::default(),
            heard: BTreeMap::new(),
            instances: BTreeMap::new(),
        }
    }

    fn is_alive(&self, owner: &Owner, now: u64) -> bool {
        *owner == self.owner
            || self
                .heard
                .get(owner)
                .is_some_and(|(_, at)| now - at <= FAILURE_ROUNDS)
    }

    fn beats(&self) -> BTreeMap<Owner, u64> {
        let others = self
            .heard
            .iter()
            .map(|(owner, (beat, _))| (owner.clone(), *beat));
        others.chain([(self.owner.clone(), self.beat)]).collect()
    }

    /// What it would answer: instance names and addresses.
    fn answers(&self, now: u64) -> BTreeSet<(String, String)> {
        let view = View::of(&self.state, |owner| self.is_alive(owner, now));
        let endpoints = view
            .services()
            .values()
            .flat_map(mesh::view::Service::serving);
        endpoints
            .map(|endpoint| (endpoint.name.clone(), endpoint.instance.address.to_string()))
            .collect()
    }
}

pub(super) struct Network {
    dice: StdRng,
    now: u64,
    members: Vec<Member>,
    sides: Vec<u8>,
    messages: Vec<Message>,
    named: u32,
    tombstones: bool,
}

impl Network {
    pub(super) fn new(size: usize, seed: u64, tombstones: bool) -> Self {
        Self {
            dice: StdRng::seed_from_u64(seed),
            now: 1,
            members: (0..size).map(|number| Member::new(number, 0)).collect(),
            sides: vec![0; size],
            messages: Vec::new(),
            named: 0,
            tombstones,
        }
    }

    fn up(&self) -> Vec<usize> {
        (0..self.members.len())
            .filter(|index| self.members[*index].up)
            .collect()
    }

    /// What is true: the instances of the nodes that are up.
    fn truth(&self) -> BTreeSet<(String, String)> {
        let up = self.members.iter().filter(|member| member.up);
        let instances = up.flat_map(|member| &member.instances);
        instances
            .map(|(key, address)| (key.instance.clone(), address.to_string()))
            .collect()
    }

    fn send(&mut self, from: usize, state: &State) {
        let others: Vec<usize> = (0..self.members.len())
            .filter(|other| *other != from)
            .collect();
        let peers: Vec<usize> = others.sample(&mut self.dice, 3).copied().collect();
        for to in peers {
            let copies = match self.dice.random_range(0..10) {
                0 => 0,
                1 => 2,
                _ => 1,
            };
            for _ in 0..copies {
                let at = self.now + self.dice.random_range(0..4);
                let beats = self.members[from].beats();
                self.messages.push(Message {
                    at,
                    from,
                    to,
                    beats,
                    state: state.clone(),
                });
            }
        }
    }

    pub(super) fn round(&mut self) {
        self.now += 1;
        for index in self.up() {
            self.members[index].beat += 1;
            let state = self.members[index].state.clone();
            self.send(index, &state);
        }
        let now = self.now;
        let (due, later) = std::mem::take(&mut self.messages)
            .into_iter()
            .partition(|message| message.at <= now);
        self.messages = later;
        let due: Vec<Message> = due;
        for message in due {
            self.deliver(message);
        }
    }

    fn deliver(&mut self, message: Message) {
        let Message {
            from,
            to,
            beats,
            state,
            ..
        } = message;
        if !self.members[to].up || self.sides[from] != self.sides[to] {
            return;
        }
        let now = self.now;
        let member = &mut self.members[to];
        for (owner, beat) in beats {
            let known = member.heard.entry(owner).or_insert((0, 0));
            if beat > known.0 {
                *known = (beat, now);
            }
        }
        let delta = member.state.merge(state).delta;
        if delta != State::default() {
            self.send(to, &delta);
        }
    }

    fn join(&mut self, index: usize) {
        self.named += 1;
        let [_, a, b, c] = self.named.to_be_bytes();
        let address = Ipv4Addr::new(127, a, b, c);
        let member = &mut self.members[index];
        // Names are used again and again, as `--scale` does.
        let key = Key {
            owner: member.owner.clone(),
            service: "catalogue".into(),
            instance: format!("{}-{}", member.owner.node, self.dice.random_range(0..3)),
        };
        let instance = Instance {
            epoch: self.now,
            version: "v1".into(),
            address: address.into(),
            port: 8080,
            phase: Phase::Serving,
            incarnation: 0,
        };
        let update = member.state.here(key.clone(), instance, self.now);
        member.state.merge(update);
        member.instances.insert(key, address);
    }

    fn leave(&mut self, index: usize) {
        let member = &mut self.members[index];
        let Some(key) = member.instances.keys().choose(&mut self.dice).cloned() else {
            return;
        };
        member.instances.remove(&key);
        if self.tombstones {
            let update = member.state.gone(key, self.now);
            member.state.merge(update);
        } else {
            member.state.instances.remove(&key);
        }
    }

    fn kill(&mut self, index: usize) {
        if self.up().len() > 1 {
            self.members[index].up = false;
        }
    }

    pub(super) fn trouble(&mut self) {
        let index = self.dice.random_range(0..self.members.len());
        let is_up = self.members[index].up;
        match self.dice.random_range(0..12) {
            0..4 if is_up => self.join(index),
            4..7 if is_up => self.leave(index),
            7 if is_up => self.kill(index),
            8 => {
                let service = format!("service-{}", self.dice.random_range(0..3));
                let weights = [("v1".to_owned(), self.dice.random_range(1..100))];
                let member = &mut self.members[index];
                let node = member.owner.node.clone();
                let update = member
                    .state
                    .set(&service, Policy(weights.into()), self.now, &node);
                member.state.merge(update);
            }
            9 => {
                for side in &mut self.sides {
                    *side = self.dice.random_range(0..2);
                }
            }
            10 => self.sides.fill(0),
            _ if !is_up => self.members[index] = Member::new(index, self.now),
            _ => {}
        }
    }

    fn agree(&self) -> bool {
        let truth = self.truth();
        let first = self.up()[0];
        let policies = &self.members[first].state.policies;
        self.up().into_iter().all(|index| {
            let member = &self.members[index];
            member.answers(self.now) == truth && member.state.policies == *policies
        })
    }

    /// Heals everything and waits for agreement; the rounds it took.
    pub(super) fn heal(&mut self) -> Result<u64, String> {
        self.sides.fill(0);
        let start = self.now;
        while !self.agree() {
            if self.now - start >= MAX_ROUNDS {
                let (truth, up) = (self.truth(), self.up());
                let answers = up
                    .iter()
                    .map(|index| self.members[*index].answers(self.now));
                let wrong = answers.flat_map(|answers| {
                    answers
                        .symmetric_difference(&truth)
                        .cloned()
                        .collect::<Vec<_>>()
                });
                let wrong: BTreeSet<_> = wrong.collect();
                return Err(format!(
                    "no agreement after {MAX_ROUNDS} rounds; wrong: {wrong:?}"
                ));
            }
            self.round();
        }
        // Agreement must last, with whatever is still under way.
        for _ in 0..6 {
            self.round();
            if !self.agree() {
                return Err("the agreement did not last".into());
            }
        }
        Ok(self.now - start - 6)
    }
}

//! One mesh node's knowledge: what it was told, what it vouches for, and the
//! view made of both. Everything that changes it goes through
//! [`State::merge`].

mod claim;
mod lease;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use chassis::clock;
use metrics::gauge;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clocks::difference;
use crate::crdt::{Key, Register, State};
use crate::record::{Instance, Owner};
use crate::refusal::{Reason, Refusals};
use crate::view::View;

pub use claim::{MAX_ENTRIES_PER_SERVICE, MAX_INSTANCES_PER_SERVICE, NotClaimed};
pub use lease::Lease;

/// A mesh node. Clones share it.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

struct Inner {
    me: Owner,
    known: Mutex<Known>,
    view: ArcSwap<View>,
    news: UnboundedSender<State>,
    policies: watch::Sender<BTreeMap<String, Register>>,
    settled: watch::Sender<bool>,
    refusals: Refusals,
}

struct Known {
    state: State,
    members: Vec<Member>,
    live: BTreeSet<Owner>,
    leases: HashMap<Key, Holder>,
    granted: u64,
}

/// Who holds a lease.
struct Holder {
    number: u64,
    incarnation: u64,
    ended: CancellationToken,
}

/// A mesh node as seen by this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which, and which run of it.
    pub owner: Owner,
    /// Address on which the node gossips.
    pub gossip: SocketAddr,
    /// Whether it is heard of now.
    pub alive: bool,
}

/// What others have to be told, in the order it happened.
pub type News = UnboundedReceiver<State>;

impl Node {
    /// A node that knows nobody but itself, and what it will have to tell.
    #[must_use]
    pub fn new(me: Owner) -> (Self, News) {
        let (news, told) = unbounded_channel();
        let known = Known {
            state: State::default(),
            members: Vec::new(),
            live: BTreeSet::from([me.clone()]),
            leases: HashMap::new(),
            granted: 0,
        };
        let inner = Inner {
            me,
            known: Mutex::new(known),
            view: ArcSwap::default(),
            news,
            policies: watch::Sender::default(),
            settled: watch::Sender::default(),
            refusals: Refusals::default(),
        };
        (Self(Arc::new(inner)), told)
    }

    /// Identity of this node: its name and generation.
    #[must_use]
    pub fn me(&self) -> &Owner {
        &self.0.me
    }

    /// What this node refuses, counted and logged.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// What is answered now.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.0.view.load_full()
    }

    /// Returns once this node has met the others, or waited for them long enough:
    /// one that has just started knows no names, and must not say so.
    pub async fn settled(&self) {
        let mut settled = self.0.settled.subscribe();
        // Fails only when there is no node left to settle.
        _ = settled.wait_for(|settled| *settled).await;
    }

    /// Waits for nobody any more.
    pub fn settle(&self) {
        self.0.settled.send_replace(true);
    }

    /// All policies, now and whenever they change.
    #[must_use]
    pub fn policies(&self) -> watch::Receiver<BTreeMap<String, Register>> {
        self.0.policies.subscribe()
    }

    /// All nodes this one knows.
    #[must_use]
    pub fn members(&self) -> Vec<Member> {
        self.lock().members.clone()
    }

    /// Merges what another node said. Policies among it that were new are passed
    /// on as ours, so that they outlive the node where they were set; those that
    /// are stamped far in the future are refused. Returns whether anything was new.
    #[expect(
        clippy::must_use_candidate,
        reason = "what changed matters, not whether"
    )]
    pub fn hear(&self, mut update: State) -> bool {
        let now = now_ms();
        update.policies.retain(|service, register| {
            let is_credible = !register.stamp.is_far_ahead(now);
            if !is_credible {
                self.refuse_future(service, register, now);
            }
            is_credible
        });
        let mut known = self.lock();
        let delta = known.state.merge(update).delta;
        if delta == State::default() {
            return false;
        }
        let ours = State {
            instances: BTreeMap::new(),
            policies: delta.policies,
        };
        self.changed(&known, ours);
        self.yield_names(&mut known);
        true
    }

    fn refuse_future(&self, service: &str, register: &Register, now_ms: u64) {
        let ahead = difference(register.stamp.ahead_of(now_ms));
        let detail = format!("the policy is stamped {ahead} of this node's clock");
        let about = (&*register.stamp.node, service);
        self.refusals().note(about, Reason::Future, &detail);
    }

    /// Merges what this node says itself, and tells the others.
    pub fn say<E>(&self, say: impl FnOnce(&State) -> Result<State, E>) -> Result<(), E> {
        let mut known = self.lock();
        let update = say(&known.state)?;
        self.write(&mut known, |_| update);
        Ok(())
    }

    /// Takes an instance in, for as long as the lease is held, whoever held it
    /// before: for what this node itself answers for.
    #[must_use]
    pub fn grant(&self, service: &str, name: &str, instance: Instance) -> Lease {
        let key = self.own_key(service, name);
        let mut known = self.lock();
        self.hold(&mut known, key, instance)
    }

    fn own_key(&self, service: &str, name: &str) -> Key {
        Key {
            owner: self.0.me.clone(),
            service: service.to_owned(),
            instance: name.to_owned(),
        }
    }

    fn hold(&self, known: &mut Known, key: Key, instance: Instance) -> Lease {
        known.granted += 1;
        let number = known.granted;
        let ended = CancellationToken::new();
        let holder = Holder {
            number,
            incarnation: instance.incarnation,
            ended: ended.clone(),
        };
        known.leases.insert(key.clone(), holder);
        self.write(known, |state| state.here(key.clone(), instance, now_ms()));
        Lease::new(self.clone(), key, (number, ended))
    }

    /// Takes over what failure detection says of the other nodes.
    pub fn meet(&self, members: Vec<Member>) {
        let mut known = self.lock();
        if known.members == members {
            return;
        }
        let alive = members.iter().filter(|member| member.alive);
        known.live = alive.map(|member| member.owner.clone()).collect();
        known.live.insert(self.0.me.clone());
        if known.live.len() > 1 {
            self.settle();
        }
        known.members = members;
        self.changed(&known, State::default());
        self.yield_names(&mut known);
    }

    /// Forgets nodes that have long gone, and tombstones nobody tells any more.
    pub fn forget(&self, told: impl Fn(&Key) -> bool) {
        let mut known = self.lock();
        let owners: BTreeSet<Owner> = known.members.iter().map(|m| m.owner.clone()).collect();
        let me = &self.0.me;
        known
            .state
            .forget(|owner| owner == me || owners.contains(owner), told);
        self.changed(&known, State::default());
    }

    /// Calls `look` with everything known.
    pub fn with_state<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock().state)
    }

    fn write(&self, known: &mut Known, say: impl FnOnce(&State) -> State) {
        let update = say(&known.state);
        let delta = known.state.merge(update).delta;
        self.changed(known, delta);
    }

    /// Makes the view anew, and passes `news` on.
    fn changed(&self, known: &Known, news: State) {
        let view = View::of(&known.state, |owner| known.live.contains(owner));
        let instances: usize = view.services().values().map(|s| s.instances.len()).sum();
        self.0.view.store(Arc::new(view));
        self.0.policies.send_if_modified(|policies| {
            let changed = *policies != known.state.policies;
            policies.clone_from(&known.state.policies);
            changed
        });
        if news != State::default() {
            _ = self.0.news.send(news);
        }
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        for (name, count) in [
            ("mesh_members", known.live.len()),
            ("mesh_instances", instances),
            ("mesh_entries", known.state.instances.len()),
            ("mesh_policies", known.state.policies.len()),
            ("mesh_leases", known.leases.len()),
        ] {
            gauge!(name).set(count as f64);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time of day, for versions and stamps.
#[must_use]
pub fn now_ms() -> u64 {
    clock::now_ms().unsigned_abs()
}

//! What is answered: the state as seen by a caller, with shares worked out.
//!
//! A view is made once whenever something changes and read by every query.

mod shares;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use crate::crdt::State;
use crate::record::{Instance, Owner, Phase, label};

pub use shares::apportion;

/// All requests to a service: shares are hundredths of a percent.
pub const WHOLE: u32 = 10_000;

/// All services, as of one moment.
#[derive(Debug, Default)]
pub struct View {
    services: BTreeMap<String, Service>,
    reverse: HashMap<IpAddr, Vec<(String, String)>>,
}

/// Versions of one service, with their instances.
#[derive(Debug, Default)]
pub struct Service {
    /// Its versions by name: those that are there, and those its policy names.
    pub versions: Vec<Version>,
    /// Its instances by name, in every phase.
    pub instances: Vec<Endpoint>,
}

/// One version of a service.
#[derive(Debug)]
pub struct Version {
    /// Name of the version, such as `v1`.
    pub name: String,
    /// Its share of the requests.
    pub share: u32,
    /// How many instances of it are serving.
    pub serving: usize,
    /// The addresses of those.
    pub addresses: Vec<IpAddr>,
}

/// Endpoint of one instance of a version.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name among its kind.
    pub name: String,
    /// Its name as a label of a DNS name.
    pub label: String,
    /// The node it announces to.
    pub node: String,
    /// What it says of itself.
    pub instance: Instance,
    /// Its share of the requests; zero unless it serves.
    pub weight: u32,
}

impl View {
    /// The view of `state` of whoever holds the owners that are `live`.
    #[must_use]
    pub fn of(state: &State, live: impl Fn(&Owner) -> bool) -> Self {
        let mut newest: BTreeMap<(&str, &str), (&Owner, &Instance)> = BTreeMap::new();
        for (key, instance) in state.present().filter(|(key, _)| live(&key.owner)) {
            // One that moved to another node is known twice for a moment.
            let known = newest
                .entry((&key.service, &key.instance))
                .or_insert((&key.owner, instance));
            let replaces = if instance.rivals(known.1) {
                instance.seniority() < known.1.seniority()
            } else {
                instance.epoch > known.1.epoch
            };
            if replaces {
                *known = (&key.owner, instance);
            }
        }
        let mut services: BTreeMap<String, Service> = BTreeMap::new();
        for ((service, name), (owner, instance)) in newest {
            let service = services.entry(service.to_owned()).or_default();
            service.instances.push(Endpoint::new(name, owner, instance));
        }
        for (service, register) in &state.policies {
            if !register.policy.0.is_empty() {
                services.entry(service.clone()).or_default();
            }
        }
        let mut reverse: HashMap<IpAddr, Vec<(String, String)>> = HashMap::new();
        for (name, service) in &mut services {
            service.share_out(state.policies.get(name).map(|register| &register.policy));
            for endpoint in &service.instances {
                let names = reverse.entry(endpoint.instance.address).or_default();
                names.push((name.clone(), endpoint.label.clone()));
            }
        }
        Self { services, reverse }
    }

    /// The service called `name`, when it is known.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name)
    }

    /// All services by name.
    #[must_use]
    pub fn services(&self) -> &BTreeMap<String, Service> {
        &self.services
    }

    /// The services and instance labels at `address`.
    #[must_use]
    pub fn at(&self, address: IpAddr) -> &[(String, String)] {
        self.reverse.get(&address).map_or(&[], Vec::as_slice)
    }
}

impl Endpoint {
    fn new(name: &str, owner: &Owner, instance: &Instance) -> Self {
        Self {
            name: name.to_owned(),
            label: label(name),
            node: owner.node.clone(),
            instance: instance.clone(),
            weight: 0,
        }
    }

    /// Whether it should be called.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.instance.phase == Phase::Serving
    }
}

impl Service {
    /// The version that the requests at `roll`, of 0..1, go to. None when
    /// nothing is serving.
    #[must_use]
    pub fn draw(&self, roll: f64) -> Option<&Version> {
        let mut left = roll * f64::from(WHOLE);
        let mut sharing = self.versions.iter().filter(|version| version.share > 0);
        sharing.find(|version| {
            left -= f64::from(version.share);
            left < 0.0
        })
    }

    /// The instances that should be called.
    pub fn serving(&self) -> impl Iterator<Item = &Endpoint> {
        self.instances
            .iter()
            .filter(|endpoint| endpoint.is_serving())
    }
}

//! Which instances a shop has, on which addresses: decided before anything
//! starts, by pure functions.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::service::Service;

/// The port of REST and gRPC where an instance has an address of its own.
const PORT: u16 = 8080;
/// Its admin port.
const ADMIN_PORT: u16 = 9090;

/// More instances of one service than this are refused.
pub(crate) const MOST: u8 = 50;

/// How many shops find loopback addresses of their own on one machine.
pub(crate) const SLOTS: u8 = 100;

/// One process to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    /// What it serves.
    pub(crate) service: Service,
    /// Its number among its kind, from 1.
    pub(crate) number: u8,
    /// The release it belongs to.
    pub(crate) version: String,
    /// Where it listens.
    pub(crate) address: IpAddr,
    /// Port for REST and gRPC.
    pub(crate) port: u16,
    /// Port for liveness, readiness, metrics and faults.
    pub(crate) admin_port: u16,
}

impl Instance {
    /// Its name, such as `catalogue-1`.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.service, self.number)
    }

    /// Where others find it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", SocketAddr::new(self.address, self.port))
    }

    /// Both of its sockets.
    pub(crate) fn sockets(&self) -> [SocketAddr; 2] {
        [self.port, self.admin_port].map(|port| SocketAddr::new(self.address, port))
    }
}

/// Where instances may listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// Each on a loopback address of its own: 127.(77 + slot).service.number.
    Slot(u8),
    /// All on 127.0.0.1, on these ports, two for each.
    Ports(Vec<u16>),
}

/// What people are told: the front door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    /// The port for people.
    pub(crate) port: u16,
    /// The admin port of who stands there.
    pub(crate) admin_port: u16,
}

/// How many instances of each service there are to be; one where it says nothing.
pub(crate) type Scale = BTreeMap<Service, u8>;

/// How many instances that is altogether.
pub(crate) fn count(scale: &Scale) -> usize {
    wanted(scale).count()
}

/// Every instance of a shop of this `scale`.
pub(crate) fn plan(scale: &Scale, door: Door, space: &Space, version: &str) -> Vec<Instance> {
    wanted(scale)
        .enumerate()
        .map(|(index, (service, number))| {
            let (address, port, admin_port) = match (service, number) {
                (Service::FrontEnd, 1) => (Ipv4Addr::LOCALHOST, door.port, door.admin_port),
                _ => space.place(index, service, number),
            };
            Instance {
                service,
                number,
                version: version.to_owned(),
                address: address.into(),
                port,
                admin_port,
            }
        })
        .collect()
}

fn wanted(scale: &Scale) -> impl Iterator<Item = (Service, u8)> {
    Service::ALL.into_iter().flat_map(|service| {
        let count = scale.get(&service).copied().unwrap_or(1);
        (1..=count).map(move |number| (service, number))
    })
}

impl Space {
    fn place(&self, index: usize, service: Service, number: u8) -> (Ipv4Addr, u16, u16) {
        match self {
            Self::Slot(slot) => (address(*slot, service.number(), number), PORT, ADMIN_PORT),
            Self::Ports(ports) => (Ipv4Addr::LOCALHOST, ports[2 * index], ports[2 * index + 1]),
        }
    }
}

/// The loopback address with these numbers; service 0 is the supervisor.
pub(crate) fn address(slot: u8, service: u8, number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 77 + slot, service, number)
}

/// The variables that tell every process where the others are.
pub(crate) fn urls(instances: &[Instance]) -> Vec<(String, String)> {
    let urls = |service| {
        let of_kind = instances.iter().filter(|one| one.service == service);
        of_kind.map(Instance::url).collect::<Vec<_>>().join(",")
    };
    Service::ALL
        .into_iter()
        .map(|service| (service.url_variable(), urls(service)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOOR: Door = Door {
        port: 8080,
        admin_port: 9090,
    };

    fn sockets(scale: &Scale, space: &Space) -> BTreeMap<String, SocketAddr> {
        let instances = plan(scale, DOOR, space, "v1");
        assert_eq!(instances.len(), count(scale));
        let named = instances.iter().map(|one| (one.name(), one.sockets()[0]));
        named.collect()
    }

    #[test]
    fn every_instance_has_an_address_of_its_own() {
        let scale = Scale::from([(Service::Carts, 2)]);
        let sockets = sockets(&scale, &Space::Slot(3));
        assert_eq!(sockets.len(), 9);
        assert_eq!(sockets["carts-2"].to_string(), "127.80.2.2:8080");
        assert_eq!(sockets["catalogue-1"].to_string(), "127.80.1.1:8080");
    }

    #[test]
    fn people_find_the_first_front_end_where_they_were_told() {
        let scale = Scale::from([(Service::FrontEnd, 2)]);
        let sockets = sockets(&scale, &Space::Slot(0));
        assert_eq!(sockets["front-end-1"].to_string(), "127.0.0.1:8080");
        assert_eq!(sockets["front-end-2"].to_string(), "127.77.8.2:8080");
    }

    #[test]
    fn where_there_is_one_address_the_ports_differ() {
        let ports: Vec<u16> = (2000..2016).collect();
        let instances = plan(&Scale::new(), DOOR, &Space::Ports(ports), "v1");
        let mut sockets: Vec<_> = instances.iter().flat_map(Instance::sockets).collect();
        assert!(sockets.iter().all(|socket| socket.ip().is_loopback()));
        sockets.sort();
        sockets.dedup();
        assert_eq!(sockets.len(), 16);
    }

    #[test]
    fn others_are_told_every_address_of_a_service() {
        let scale = Scale::from([(Service::Orders, 2)]);
        let instances = plan(&scale, DOOR, &Space::Slot(0), "v1");
        let urls: BTreeMap<_, _> = urls(&instances).into_iter().collect();
        assert_eq!(
            urls["ORDERS_URL"],
            "http://127.77.3.1:8080,http://127.77.3.2:8080"
        );
        assert_eq!(urls["FRONT_END_URL"], "http://127.0.0.1:8080");
    }
}

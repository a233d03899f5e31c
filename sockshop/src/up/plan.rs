//! Which instances a shop has, on which addresses: decided before anything
//! starts, by pure functions.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::desired::Desired;
use crate::service::Service;

/// The port of REST and gRPC where an instance has an address of its own.
const PORT: u16 = 8080;
/// Admin port of each instance.
const ADMIN_PORT: u16 = 9090;
/// Those of a mesh node for DNS and gossip.
const MESH_PORTS: MeshPorts = MeshPorts {
    dns: 8053,
    gossip: 7946,
};

/// Maximum number of instances of one service.
pub(crate) const MAX_INSTANCES: u8 = 50;

/// How many shops find loopback addresses of their own on one machine.
pub(crate) const SLOTS: u8 = 100;

/// One process to be, wherever it will listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstanceSpec {
    /// Service of the instance.
    pub(crate) service: Service,
    /// Its number among its kind, from 1.
    pub(crate) number: u8,
    /// The release it belongs to.
    pub(crate) version: String,
}

/// One process to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instance {
    /// Specification of the instance.
    pub(crate) seat: InstanceSpec,
    /// Address on which the instance listens.
    pub(crate) address: IpAddr,
    /// Port for REST and gRPC.
    pub(crate) port: u16,
    /// Port for liveness, readiness, metrics and faults.
    pub(crate) admin_port: u16,
    /// What a mesh node has beside those.
    pub(crate) mesh: Option<MeshPorts>,
}

/// The ports only mesh nodes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MeshPorts {
    /// For DNS, UDP and TCP.
    pub(crate) dns: u16,
    /// For gossip with other nodes, UDP.
    pub(crate) gossip: u16,
}

impl InstanceSpec {
    /// Its name, such as `catalogue-1`.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", self.service, self.number)
    }

    /// How many ports it needs.
    fn ports(&self) -> usize {
        if self.service == Service::Meshd { 4 } else { 2 }
    }
}

impl Instance {
    /// Its name, such as `catalogue-1`.
    pub(crate) fn name(&self) -> String {
        self.seat.name()
    }

    /// Its sockets for REST and gRPC, and for the admin port.
    pub(crate) fn sockets(&self) -> [SocketAddr; 2] {
        [self.port, self.admin_port].map(|port| SocketAddr::new(self.address, port))
    }

    /// Where a mesh node answers names.
    pub(crate) fn dns(&self) -> Option<SocketAddr> {
        self.mesh
            .map(|ports| SocketAddr::new(self.address, ports.dns))
    }

    /// Where a mesh node gossips.
    pub(crate) fn gossip(&self) -> Option<SocketAddr> {
        self.mesh
            .map(|ports| SocketAddr::new(self.address, ports.gossip))
    }
}

/// Where instances may listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AddressPool {
    /// Each on a loopback address of its own: 127.(77 + slot).service.number.
    Slot(u8),
    /// All on 127.0.0.1, on these ports.
    Ports(Vec<u16>),
}

/// What people are told: the front door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    /// The address people come to.
    pub(crate) address: IpAddr,
    /// The port for people.
    pub(crate) port: u16,
    /// Where it is asked whether the shop is open.
    pub(crate) admin_port: u16,
}

impl Door {
    /// `port`, or the next one that a door on all addresses leaves to others.
    fn beside(self, port: u16) -> u16 {
        let taken = [self.port, self.admin_port];
        let everywhere = self.address.is_unspecified();
        let mut free = (port..=u16::MAX).filter(|port| !everywhere || !taken.contains(port));
        free.next().unwrap_or(port)
    }
}

/// The seats of `count` mesh nodes.
pub(crate) fn mesh(count: u8, version: &str) -> Vec<InstanceSpec> {
    let seat = |number| InstanceSpec {
        service: Service::Meshd,
        number,
        version: version.to_owned(),
    };
    (1..=count).map(seat).collect()
}

/// What has to happen for a shop to be as it is wanted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Who is to leave.
    pub(crate) leave: Vec<String>,
    /// Who is to come.
    pub(crate) come: Vec<InstanceSpec>,
}

/// What has to happen for those who `stay` to become what is `wanted`. The
/// numbers of those who are `leaving` are not free yet.
pub(crate) fn changes(
    stay: &[InstanceSpec],
    leaving: &[InstanceSpec],
    wanted: &[Desired],
) -> Changes {
    let mut changes = Changes::default();
    let mut left: Vec<Desired> = wanted.to_vec();
    for seat in stay {
        let fits = |one: &&mut Desired| {
            (one.service, &one.version) == (seat.service, &seat.version) && one.count > 0
        };
        match left.iter_mut().find(fits) {
            Some(one) => one.count -= 1,
            None => changes.leave.push(seat.name()),
        }
    }
    for one in left {
        for _ in 0..one.count {
            let others = stay.iter().chain(leaving).chain(&changes.come);
            let taken = others.filter(|seat| seat.service == one.service);
            let taken: Vec<u8> = taken.map(|seat| seat.number).collect();
            let Some(number) = (1..=u8::MAX).find(|number| !taken.contains(number)) else {
                break;
            };
            changes.come.push(InstanceSpec {
                service: one.service,
                number,
                version: one.version.clone(),
            });
        }
    }
    changes
}

/// How many ports `seats` need where there is only one address.
pub(crate) fn ports(seats: &[InstanceSpec]) -> usize {
    seats.iter().map(InstanceSpec::ports).sum()
}

/// Gives every one of `seats` its addresses.
pub(crate) fn place(seats: Vec<InstanceSpec>, door: Door, space: &AddressPool) -> Vec<Instance> {
    let mut ports: &[u16] = match space {
        AddressPool::Slot(_) => &[],
        AddressPool::Ports(ports) => ports,
    };
    let mut take = |count: usize| {
        let (taken, left) = ports.split_at(count.min(ports.len()));
        ports = left;
        taken.to_vec()
    };
    let place = |seat: InstanceSpec| {
        let own = match space {
            AddressPool::Slot(slot) => Some(address(*slot, seat.service.number(), seat.number)),
            AddressPool::Ports(_) => None,
        };
        let ports = take(seat.ports());
        let port = |index: usize, usual| {
            let given = ports.get(index).copied();
            given.unwrap_or_else(|| door.beside(usual))
        };
        Instance {
            address: own.unwrap_or(Ipv4Addr::LOCALHOST).into(),
            port: port(0, PORT),
            admin_port: port(1, ADMIN_PORT),
            mesh: (seat.service == Service::Meshd).then(|| MeshPorts {
                dns: port(2, MESH_PORTS.dns),
                gossip: port(3, MESH_PORTS.gossip),
            }),
            seat,
        }
    };
    seats.into_iter().map(place).collect()
}

/// The loopback address with these numbers; service 0 is the supervisor.
pub(crate) fn address(slot: u8, service: u8, number: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, 77 + slot, service, number)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::desired::{self, VERSION};
    use super::*;

    const DOOR: Door = Door {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port: 8080,
        admin_port: 9090,
    };

    fn wanted(said: &[&str]) -> Vec<Desired> {
        let said: Vec<_> = said
            .iter()
            .map(|one| desired::parse(one).unwrap())
            .collect();
        desired::all(&said, &desired::Promoted::default())
    }

    fn seats(said: &[&str]) -> Vec<InstanceSpec> {
        let mut seats = mesh(2, VERSION);
        seats.extend(changes(&[], &[], &wanted(said)).come);
        seats
    }

    fn sockets(said: &[&str], space: &AddressPool) -> BTreeMap<String, SocketAddr> {
        let instances = place(seats(said), DOOR, space);
        let named = instances.iter().map(|one| (one.name(), one.sockets()[0]));
        named.collect()
    }

    #[test]
    fn every_instance_has_an_address_of_its_own() {
        let sockets = sockets(&["carts=2"], &AddressPool::Slot(3));
        assert_eq!(sockets.len(), 11);
        assert_eq!(sockets["carts-2"].to_string(), "127.80.2.2:8080");
        assert_eq!(sockets["catalogue-1"].to_string(), "127.80.1.1:8080");
        assert_eq!(sockets["meshd-2"].to_string(), "127.80.9.2:8080");
    }

    #[test]
    fn no_front_end_holds_the_door() {
        let sockets = sockets(&["front-end=2"], &AddressPool::Slot(0));
        assert_eq!(sockets["front-end-1"].to_string(), "127.77.8.1:8080");
        assert_eq!(sockets["front-end-2"].to_string(), "127.77.8.2:8080");
    }

    #[test]
    fn a_door_on_all_addresses_leaves_other_ports_to_the_rest() {
        let address = Ipv4Addr::UNSPECIFIED.into();
        let instances = place(seats(&[]), Door { address, ..DOOR }, &AddressPool::Slot(0));
        for instance in instances {
            let ports = [instance.port, instance.admin_port];
            assert_eq!(ports, [8081, 9091]);
        }
    }

    #[test]
    fn where_there_is_one_address_the_ports_differ() {
        let seats = seats(&[]);
        assert_eq!(ports(&seats), 24);
        let instances = place(seats, DOOR, &AddressPool::Ports((2000..2024).collect()));
        let dns = instances.iter().filter_map(Instance::dns);
        let gossip = instances.iter().filter_map(Instance::gossip);
        let sockets = instances.iter().flat_map(Instance::sockets);
        let mut sockets: Vec<_> = sockets.chain(dns).chain(gossip).collect();
        assert!(sockets.iter().all(|socket| socket.ip().is_loopback()));
        sockets.sort();
        sockets.dedup();
        assert_eq!(sockets.len(), 24);
    }

    #[test]
    fn a_version_beside_another_takes_the_next_numbers() {
        let before = changes(&[], &[], &wanted(&["orders=2"])).come;
        let both = changes(
            &before,
            &[],
            &wanted(&["orders=2", "orders@v2=1", "user=0"]),
        );
        let names: Vec<_> = both.come.iter().map(InstanceSpec::name).collect();
        assert_eq!(names, ["orders-3"]);
        assert_eq!(both.come[0].version, "v2");
        assert_eq!(both.leave, ["user-1"]);
    }

    #[test]
    fn the_newest_leave_first_and_keep_their_numbers_until_they_are_gone() {
        let mut stay = changes(&[], &[], &wanted(&["orders=3"])).come;
        let fewer = changes(&stay, &[], &wanted(&["orders=1"]));
        assert_eq!(fewer.leave, ["orders-2", "orders-3"]);
        assert_eq!(fewer.come, []);
        let leaving = stay.extract_if(.., |seat| fewer.leave.contains(&seat.name()));
        let leaving: Vec<_> = leaving.collect();
        let more = changes(&stay, &leaving, &wanted(&["orders=2"])).come;
        assert_eq!(more[0].name(), "orders-4");
    }

    #[test]
    fn a_shop_that_is_as_it_is_wanted_does_not_change() {
        let stay = changes(&[], &[], &wanted(&["carts@v1=1", "carts@v2=2"])).come;
        let same = changes(&stay, &[], &wanted(&["carts@v1=1", "carts@v2=2"]));
        assert_eq!(same, Changes::default());
    }
}

//! Finding addresses and ports nobody else uses.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use anyhow::{Context, bail};

use super::plan::{self, AddressPool, Door, InstanceSpec};
use super::proxy::Listeners;

/// How far above the port for people its admin port is looked for: 9090 for 8080.
const ADMIN_OFFSET: u16 = 1010;
/// Maximum number of ports tried.
const MAX_PORT_ATTEMPTS: u16 = 200;

/// The addresses of one shop, kept from others for as long as this lives.
pub(crate) struct AddressReservation {
    slot: Option<u8>,
    /// Bound to the slot's own address: the system gives it to one process only.
    _held: Option<UdpSocket>,
}

/// Finds addresses for a shop that begins with these `seats`.
pub(crate) fn claim(seats: &[InstanceSpec], door: Door) -> AddressReservation {
    for slot in 0..plan::SLOTS {
        match UdpSocket::bind((plan::address(slot, 0, 1), 9090)) {
            Ok(socket) if is_free(seats, door, slot) => {
                return AddressReservation {
                    slot: Some(slot),
                    _held: Some(socket),
                };
            }
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => break,
            _ => {}
        }
    }
    AddressReservation {
        slot: None,
        _held: None,
    }
}

impl AddressReservation {
    /// Where these `seats` may listen.
    pub(crate) fn space(&self, seats: &[InstanceSpec]) -> anyhow::Result<AddressPool> {
        Ok(match self.slot {
            Some(slot) => AddressPool::Slot(slot),
            None => AddressPool::Ports(free_ports(plan::ports(seats))?),
        })
    }
}

fn is_free(seats: &[InstanceSpec], door: Door, slot: u8) -> bool {
    let instances = plan::place(seats.to_vec(), door, &AddressPool::Slot(slot));
    let mut sockets = instances.iter().flat_map(|one| {
        let [main, admin] = one.sockets();
        [Some(main), Some(admin), one.dns()].into_iter().flatten()
    });
    sockets.all(|socket| TcpListener::bind(socket).is_ok())
}

fn free_ports(count: usize) -> anyhow::Result<Vec<u16>> {
    let bind = |_| {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let udp = UdpSocket::bind(tcp.local_addr()?)?;
        Ok((tcp, udp))
    };
    // All are held until the last is found, so that none is found twice.
    let held: Vec<(TcpListener, UdpSocket)> = (0..count)
        .map(bind)
        .collect::<std::io::Result<_>>()
        .context("there are not enough free ports on 127.0.0.1")?;
    let ports = held.iter().map(|(tcp, _)| Ok(tcp.local_addr()?.port()));
    ports.collect()
}

/// Opens the front door at `address` on `port`, or says why it cannot.
pub(crate) fn door(address: IpAddr, port: u16) -> anyhow::Result<(Door, Listeners)> {
    let socket = SocketAddr::new(address, port);
    let people = match TcpListener::bind(socket) {
        Ok(people) => people,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} is taken: choose another with --port, or end what uses it")
        }
        Err(error) => bail!("cannot listen on {socket}: {error}"),
    };
    let base = port
        .checked_add(ADMIN_OFFSET)
        .filter(|base| base.checked_add(MAX_PORT_ATTEMPTS).is_some());
    let base = base.unwrap_or(port - ADMIN_OFFSET - MAX_PORT_ATTEMPTS);
    let admin =
        (base..base + MAX_PORT_ATTEMPTS).find_map(|port| TcpListener::bind((address, port)).ok());
    let admin =
        admin.with_context(|| format!("no port from {base} on is free for the shop's health"))?;
    let door = Door {
        address,
        port,
        admin_port: admin.local_addr()?.port(),
    };
    Ok((door, Listeners { people, admin }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let opened = door(Ipv4Addr::LOCALHOST.into(), port).map(|(door, _)| door);
        let error = opened.unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is taken")), "{error}");
    }

    #[test]
    fn two_shops_get_different_addresses() {
        let door = Door {
            address: Ipv4Addr::LOCALHOST.into(),
            port: 1,
            admin_port: 2,
        };
        let seats = plan::mesh(1, "v1");
        let (first, second) = (claim(&seats, door), claim(&seats, door));
        assert_ne!(first.space(&seats).unwrap(), second.space(&seats).unwrap());
    }

    #[test]
    fn every_port_where_there_is_one_address_is_another() {
        let mut ports = free_ports(40).unwrap();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 40);
    }

    #[test]
    fn the_highest_port_has_an_admin_port_too() {
        if let Ok((door, _)) = door(Ipv4Addr::LOCALHOST.into(), 65_535) {
            assert!(door.admin_port < 65_535);
        }
    }
}

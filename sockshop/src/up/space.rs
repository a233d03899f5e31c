//! Finding addresses and ports nobody else uses.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use anyhow::{Context, bail};

use super::plan::{self, Door, Scale, Space};

/// How far above the port for people its admin port is looked for: 9090 for 8080.
const ADMIN_OFFSET: u16 = 1010;
const TRIES: u16 = 200;

/// The addresses of one shop, kept from others for as long as this lives.
pub(crate) struct Claim {
    /// Where instances may listen.
    pub(crate) space: Space,
    /// Bound to the slot's own address: the system gives it to one process only.
    _slot: Option<UdpSocket>,
}

/// Finds addresses for a shop of this `scale`.
pub(crate) fn claim(scale: &Scale, door: Door) -> anyhow::Result<Claim> {
    for slot in 0..plan::SLOTS {
        match UdpSocket::bind((plan::address(slot, 0, 1), 9090)) {
            Ok(socket) if is_free(scale, door, slot) => {
                return Ok(Claim {
                    space: Space::Slot(slot),
                    _slot: Some(socket),
                });
            }
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => break,
            _ => {}
        }
    }
    Ok(Claim {
        space: Space::Ports(free_ports(2 * plan::count(scale))?),
        _slot: None,
    })
}

fn is_free(scale: &Scale, door: Door, slot: u8) -> bool {
    plan::plan(scale, door, &Space::Slot(slot), "")
        .iter()
        .flat_map(plan::Instance::sockets)
        .filter(|socket| socket.ip() != Ipv4Addr::LOCALHOST)
        .all(|socket| TcpListener::bind(socket).is_ok())
}

fn free_ports(count: usize) -> anyhow::Result<Vec<u16>> {
    let bind = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    // All are held until the last is found, so that none is found twice.
    let held: Vec<TcpListener> = (0..count)
        .map(bind)
        .collect::<Result<_, _>>()
        .context("there are not enough free ports on 127.0.0.1")?;
    let ports = held.iter().map(|one| Ok(one.local_addr()?.port()));
    ports.collect()
}

/// Opens the front door on `port`, or says why it cannot.
pub(crate) fn door(port: u16) -> anyhow::Result<Door> {
    let socket = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(socket) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!("port {port} is taken: choose another with --port, or end what uses it")
        }
        Err(error) => bail!("cannot listen on {socket}: {error}"),
    }
    let base = port
        .checked_add(ADMIN_OFFSET)
        .filter(|base| base.checked_add(TRIES).is_some());
    let base = base.unwrap_or(port - ADMIN_OFFSET - TRIES);
    let admin_port = (base..base + TRIES)
        .find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
        .with_context(|| format!("no port from {base} on is free for the front-end's metrics"))?;
    Ok(Door { port, admin_port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named() {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = other.local_addr().unwrap().port();
        let error = door(port).unwrap_err().to_string();
        assert!(error.contains(&format!("port {port} is taken")), "{error}");
    }

    #[test]
    fn two_shops_get_different_addresses() {
        let door = Door {
            port: 1,
            admin_port: 2,
        };
        let first = claim(&Scale::new(), door).unwrap();
        let second = claim(&Scale::new(), door).unwrap();
        assert_ne!(first.space, second.space);
    }

    #[test]
    fn the_highest_port_has_an_admin_port_too() {
        if let Ok(door) = door(65_535) {
            assert!(door.admin_port < 65_535);
        }
    }
}

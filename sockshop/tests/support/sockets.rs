//! What the kernel says about who is connected to whom.

use std::collections::HashSet;
use std::fs::{read_dir, read_link, read_to_string};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The far ends of the connections that process `pid` has opened, which are
/// those that did not come in on its own `ports`.
pub(crate) fn peers(pid: u32, ports: &[u16]) -> Vec<SocketAddr> {
    let own = inodes(pid);
    assert!(!own.is_empty(), "process {pid} listens on nothing");
    let table = |name: &str| read_to_string(format!("/proc/{pid}/net/{name}"));
    let tables = ["tcp", "tcp6", "udp", "udp6"]
        .map(table)
        .map(Result::unwrap_or_default);
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    let rows = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|row| own.contains(row[9]))
        .map(|row| (address(row[1]), address(row[2])))
        .filter(|(near, far)| far.port() != 0 && !ports.contains(&near.port()))
        .map(|(_, far)| far)
        .collect()
}

/// The sockets that process `pid` holds.
fn inodes(pid: u32) -> HashSet<String> {
    let open = read_dir(format!("/proc/{pid}/fd")).unwrap();
    let links = open.filter_map(|file| read_link(file.ok()?.path()).ok());
    let links = links.map(|link| link.to_string_lossy().into_owned());
    links
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.trim_end_matches(']').into()))
        .collect()
}

/// Reads `0100007F:1F90`: 32-bit words in the byte order of the machine.
fn address(text: &str) -> SocketAddr {
    let (ip, port) = text.split_once(':').unwrap();
    let words: Vec<[u8; 4]> = (0..ip.len() / 8)
        .map(|at| u32::from_str_radix(&ip[8 * at..8 * at + 8], 16).unwrap())
        .map(u32::to_ne_bytes)
        .collect();
    let ip = match &words[..] {
        [word] => IpAddr::from(Ipv4Addr::from(*word)),
        words => {
            let octets: [u8; 16] = words.concat().try_into().unwrap();
            Ipv6Addr::from(octets).to_canonical()
        }
    };
    SocketAddr::new(ip, u16::from_str_radix(port, 16).unwrap())
}

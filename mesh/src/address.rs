//! Which addresses an instance may announce: those that lead to one host, the same
//! one for every caller.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Prefix of addresses that a NAT64 translates (RFC 6052): the last 32 bits are IPv4.
const NAT64: [u16; 6] = [0x64, 0xff9b, 0, 0, 0, 0];

/// Returns `address` as it is to be kept, IPv4 where it only stands for one.
/// Fails, saying of which kind it is, for an unspecified, broadcast, multicast or
/// link-local address.
pub fn check(address: IpAddr) -> Result<IpAddr, &'static str> {
    let address = address.to_canonical();
    let kind = match address {
        IpAddr::V4(v4) => kind_of_v4(v4),
        IpAddr::V6(v6) => kind_of_v6(v6),
    };
    kind.map_or(Ok(address), Err)
}

fn kind_of_v4(address: Ipv4Addr) -> Option<&'static str> {
    // 0.0.0.0/8 is "this host" (RFC 1122): Linux takes all of it for unspecified.
    if address.octets()[0] == 0 {
        Some("unspecified")
    } else if address.is_broadcast() {
        Some("broadcast")
    } else if address.is_multicast() {
        Some("multicast")
    } else if address.is_link_local() {
        Some("link-local")
    } else {
        None
    }
}

fn kind_of_v6(address: Ipv6Addr) -> Option<&'static str> {
    if address.is_unspecified() {
        Some("unspecified")
    } else if address.is_multicast() {
        Some("multicast")
    } else if address.is_unicast_link_local() {
        Some("link-local")
    } else {
        embedded(address).and_then(kind_of_v4)
    }
}

/// The IPv4 address inside: IPv4-compatible (RFC 4291, deprecated) or for a NAT64.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if address.is_loopback() {
        return None;
    }
    let [prefix @ .., high, low] = address.segments();
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    (prefix == [0; 6] || prefix == NAT64).then_some(Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, &'static str> {
        check(text.parse().unwrap()).map(|address| address.to_string())
    }

    #[test]
    fn addresses_of_no_single_host_are_refused() {
        for (kind, addresses) in [
            (
                "unspecified",
                &["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"][..],
            ),
            ("broadcast", &["255.255.255.255", "::ffff:255.255.255.255"]),
            (
                "multicast",
                &[
                    "224.0.0.1",
                    "239.255.255.255",
                    "ff02::1",
                    "ff0e::1:2",
                    "::ffff:224.0.0.251",
                ],
            ),
            (
                "link-local",
                &[
                    "169.254.169.254",
                    "169.254.0.1",
                    "fe80::1",
                    "febf::1",
                    "::ffff:169.254.169.254",
                ],
            ),
            (
                "link-local",
                &["::169.254.169.254", "64:ff9b::169.254.169.254"],
            ),
        ] {
            for address in addresses {
                assert_eq!(of(address), Err(kind), "{address}");
            }
        }
    }

    #[test]
    fn addresses_of_hosts_are_kept() {
        for address in [
            "127.0.0.1",
            "10.0.0.1",
            "192.0.2.1",
            "::1",
            "fd00::1",
            "2001:db8::1",
        ] {
            assert_eq!(of(address), Ok(address.to_owned()));
        }
        assert_eq!(of("::ffff:10.0.0.1"), Ok("10.0.0.1".to_owned()));
    }
}

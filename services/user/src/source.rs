//! Sources of sign-ins and registrations: the networks that clients come from.

use std::net::IpAddr;

/// Source of a request, for limits that hold per source.
///
/// An IPv4 address is a source of its own. Of an IPv6 address the first 64 bits
/// count, because whoever has one address there has all of its network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Source(Option<IpAddr>);

impl Source {
    /// Source of requests whose caller does not say where they come from.
    pub const UNKNOWN: Self = Self(None);

    /// Reads an IP address as a client's address; anything else is an unknown
    /// source.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.trim().parse().ok().map(network))
    }

    /// Whether many people come from this source: everybody whose address the
    /// caller does not know, or who is on this machine.
    #[must_use]
    pub fn is_shared(self) -> bool {
        self.0.is_none_or(|address| address.is_loopback())
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let first_64_bits = address.to_bits() & (u128::MAX << 64);
            IpAddr::V6(first_64_bits.into())
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_source_and_a_mapped_address_is_ipv4() {
        let source = Source::parse;
        assert_eq!(source("2001:db8::1"), source("2001:db8::ffff:0:0:2"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }

    #[test]
    fn many_people_share_an_unknown_source_and_this_machine() {
        for shared in ["", "unknown", "127.0.0.1", "::1"] {
            assert!(Source::parse(shared).is_shared(), "{shared}");
        }
        assert!(!Source::parse("192.0.2.1").is_shared());
        assert_ne!(Source::parse("127.0.0.1"), Source::parse("127.0.0.2"));
    }
}

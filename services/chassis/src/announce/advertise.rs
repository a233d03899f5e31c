//! The address others are told.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use anyhow::{Context, ensure};
use ipnet::IpNet;

use super::leads_to;

/// Port of nobody (RFC 863): no packet is sent, only the way is asked for.
const DISCARD: u16 = 9;

/// Where others reach this process: at an address, or at whichever address it
/// has in a network. A container knows its networks before it knows its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advertise {
    /// A fixed address, as configured.
    Address(IpAddr),
    /// At ours in this network.
    Network(IpNet),
}

impl Advertise {
    /// The address itself. Fails when this host has none in the network.
    pub async fn address(self) -> anyhow::Result<IpAddr> {
        let network = match self {
            Self::Address(address) => return Ok(address),
            Self::Network(network) => network,
        };
        let neighbour = network.hosts().next().unwrap_or(network.addr());
        let address = leads_to(&SocketAddr::new(neighbour, DISCARD).to_string())
            .await
            .with_context(|| format!("no way into {network}"))?;
        ensure!(
            network.contains(&address),
            "this host has no address in {network}"
        );
        Ok(address)
    }
}

impl FromStr for Advertise {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.parse().map(Self::Address);
        address
            .or_else(|_| text.parse().map(Self::Network))
            .map_err(|_| {
                format!("`{text}` is neither an address nor a network such as 10.77.1.0/24")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Advertise {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn an_address_is_told_as_it_is() {
        let address = read("192.0.2.7").address().await.unwrap();
        assert_eq!(address.to_string(), "192.0.2.7");
    }

    #[tokio::test]
    async fn of_a_network_the_own_address_in_it_is_told() {
        let address = read("127.0.0.0/8").address().await.unwrap();
        assert!(address.is_loopback());
        let elsewhere = read("198.51.100.0/24").address().await;
        assert!(elsewhere.is_err(), "{elsewhere:?}");
    }

    #[test]
    fn other_words_are_refused() {
        assert!("catalogue".parse::<Advertise>().is_err());
        assert!("10.77.1.0/33".parse::<Advertise>().is_err());
    }
}

//! The services a shop is made of.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// One of the shop's services, by the name the others find it under.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Service {
    /// Catalogue: the products on sale.
    Catalogue,
    /// Carts: the items each customer is about to buy.
    #[value(alias = "cart")]
    Carts,
    /// Orders: placing, paying and tracking orders.
    Orders,
    /// Payment: authorisation of amounts.
    Payment,
    /// User: accounts, addresses and cards.
    User,
    /// Shipping: the queue of shipments.
    Shipping,
    /// Queue-master: the workers that pack and ship.
    QueueMaster,
    /// Front-end: the web shop and its JSON API.
    #[value(alias = "edge-router")]
    FrontEnd,
    /// Mesh node: service discovery by DNS, and traffic weights.
    Meshd,
}

impl Service {
    /// Every service, in the order tables show them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Catalogue,
        Self::Carts,
        Self::Orders,
        Self::Payment,
        Self::User,
        Self::Shipping,
        Self::QueueMaster,
        Self::FrontEnd,
        Self::Meshd,
    ];

    /// Those the shop itself is made of: all but the mesh they find each other by.
    pub(crate) const SHOP: [Self; 8] = {
        let [shop @ .., _meshd] = Self::ALL;
        shop
    };

    /// Its name on the wire, in tables and in `sockshop serve`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Carts => "carts",
            Self::Orders => "orders",
            Self::Payment => "payment",
            Self::User => "user",
            Self::Shipping => "shipping",
            Self::QueueMaster => "queue-master",
            Self::FrontEnd => "front-end",
            Self::Meshd => "meshd",
        }
    }

    /// Its place in [`ALL`](Self::ALL), from 1: the third number of its loopback addresses.
    pub(crate) fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The variable that gives it another store than its file when `up` is told
    /// so, such as `ORDERS_DATABASE_URL` or `FRONT_END_SESSION_STORE`.
    pub(crate) fn store_elsewhere(self) -> Option<String> {
        let (variable, _) = self.store()?;
        let name = self.name().to_uppercase().replace('-', "_");
        Some(format!("{name}_{variable}"))
    }

    /// Whom it calls, by name: what has to be reachable from it, besides its store and its DNS.
    pub(crate) fn calls(self) -> &'static [&'static str] {
        match self {
            Self::FrontEnd => &frontend::CALLS,
            Self::Orders => &orders::upstreams::CALLS,
            Self::QueueMaster => &shipping::worker::CALLS,
            _ => &[],
        }
    }

    /// The variable that names its store and the file it has in the data
    /// folder. A worker keeps nothing, and the mesh no rows.
    pub(crate) fn store(self) -> Option<(&'static str, String)> {
        match self {
            Self::QueueMaster | Self::Meshd => None,
            Self::FrontEnd => Some(("SESSION_STORE", "sessions.db".to_owned())),
            _ => Some(("DATABASE_URL", format!("{}.db", self.name()))),
        }
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_order_of_tables() {
        let numbers: Vec<u8> = Service::ALL.into_iter().map(Service::number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    }

    #[test]
    fn every_store_can_be_elsewhere() {
        let elsewhere = Service::ALL.map(Service::store_elsewhere);
        assert_eq!(elsewhere[2].as_deref(), Some("ORDERS_DATABASE_URL"));
        assert_eq!(elsewhere[7].as_deref(), Some("FRONT_END_SESSION_STORE"));
        assert_eq!(elsewhere.iter().flatten().count(), 7);
    }

    #[test]
    fn a_name_reads_the_same_everywhere() {
        for service in Service::ALL {
            assert_eq!(Service::from_str(service.name(), false), Ok(service));
            let json = serde_json::to_value(service).unwrap();
            assert_eq!(json, service.name());
        }
    }
}

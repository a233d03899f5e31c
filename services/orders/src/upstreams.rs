//! The other services, in one of two tongues.

use std::sync::Arc;

use anyhow::Result as Start;
use chassis::{Discovery, Result};

use crate::order::{Contents, Order, PlaceOrder};
use crate::store::{Message, Progress};

mod grpc;
mod http;
mod rest;

/// Whom orders calls, by name.
pub const CALLS: [&str; 5] = ["carts", "catalogue", "payment", "shipping", "user"];

/// How to speak to the other services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// The shop's own API.
    Grpc,
    /// The original's: for services of the original, which cannot take a
    /// payment back or be asked for it again.
    Rest,
}

/// Those who are asked and told. Clones share connections.
#[derive(Clone)]
pub enum Upstreams {
    /// Over the shop's own API.
    Grpc(Arc<grpc::Peers>),
    /// Over the original's REST API.
    Rest(Arc<rest::Peers>),
}

/// What payment says about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The amount has been authorised.
    Authorised,
    /// Not paid, and why, fit for the buyer's eyes.
    Declined(String),
    /// The money went back, or will never be taken.
    Voided,
}

/// What shipping says when it is to take a shipment back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recall {
    /// It will never be shipped.
    Recalled,
    /// It is packed already.
    TooLate,
    /// Shipping cannot take anything back.
    Unknown,
}

impl Upstreams {
    /// Prepares to call the others; connects on first use.
    pub fn new(tongue: Protocol, discovery: &Discovery) -> Start<Self> {
        Ok(match tongue {
            Protocol::Grpc => Self::Grpc(Arc::new(grpc::Peers::new(discovery)?)),
            Protocol::Rest => Self::Rest(Arc::new(rest::Peers::new(discovery)?)),
        })
    }

    /// Reads who buys what, where it goes and what pays; fails when address,
    /// card or cart are not the customer's.
    pub async fn read(&self, wish: &PlaceOrder) -> Result<Contents> {
        match self {
            Self::Grpc(peers) => peers.read(wish).await,
            Self::Rest(peers) => peers.read(wish).await,
        }
    }

    /// Asks for the money.
    pub async fn authorise(&self, order: &Order) -> Result<Verdict> {
        match self {
            Self::Grpc(peers) => peers.authorise(order).await,
            Self::Rest(peers) => peers.authorise(order).await,
        }
    }

    /// What payment said about an order, if it was ever asked and remembers.
    pub async fn verdict(&self, order_id: &str) -> Result<Option<Verdict>> {
        match self {
            Self::Grpc(peers) => peers.verdict(order_id).await,
            Self::Rest(_) => Ok(None),
        }
    }

    /// Takes back the shipment of an order, whether shipping has heard of it or not.
    pub async fn recall(&self, order_id: &str) -> Result<Recall> {
        match self {
            Self::Grpc(peers) => peers.recall(order_id).await,
            Self::Rest(_) => Ok(Recall::Unknown),
        }
    }

    /// Tells somebody what follows from an order.
    pub async fn deliver(&self, message: &Message) -> Result<()> {
        match self {
            Self::Grpc(peers) => peers.deliver(message).await,
            Self::Rest(peers) => peers.deliver(message).await,
        }
    }

    /// How far shipping has come with these orders, where it has begun or will never begin.
    pub async fn progress(&self, order_ids: Vec<String>) -> Result<Vec<Progress>> {
        match self {
            Self::Grpc(peers) => peers.progress(order_ids).await,
            Self::Rest(_) => Ok(Vec::new()),
        }
    }
}

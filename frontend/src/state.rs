//! What every handler needs: the services behind the shop, and a few secrets.

use std::sync::Arc;

use chassis::{Client, Discovery, Result, Shutdown};
use proto::cart::carts_client::CartsClient;
use proto::catalogue as pb;
use proto::catalogue::catalogue_client::CatalogueClient;
use proto::orders::orders_client::OrdersClient;
use proto::user::users_client::UsersClient;

use crate::catalogue_cache::{CatalogueCache, MaybeStale};
use crate::event_streams::EventStreams;
use crate::key::Key;
use crate::pictures::Pictures;
use crate::security::Edge;

/// The shop as handlers see it: their router's state. Clones share everything.
///
/// Generated clients want to be cloned for each call, which is cheap:
/// `shop.carts.clone().get_cart(request).await?.into_inner()`.
#[derive(Clone)]
pub struct AppState {
    /// What the shop sells; pages prefer [`list`](Self::list) and its kin.
    pub catalogue: CatalogueClient<Client>,
    /// What visitors mean to buy.
    pub carts: CartsClient<Client>,
    /// Client of the orders service.
    pub orders: OrdersClient<Client>,
    /// Client of the user service.
    pub users: UsersClient<Client>,
    /// Which front-end this is.
    pub release: Arc<Release>,
    /// Tells long streams when to end.
    pub shutdown: Shutdown,
    /// Signs cookies and forms.
    pub key: Key,
    /// How browsers reach this front-end.
    pub edge: Edge,
    pub(crate) pictures: Pictures,
    pub(crate) event_streams: EventStreams,
    window: CatalogueCache,
}

/// The way to each service.
#[derive(Clone)]
pub struct Services {
    /// What the shop sells.
    pub catalogue: Client,
    /// What visitors mean to buy.
    pub carts: Client,
    /// Client of the orders service.
    pub orders: Client,
    /// Client of the user service.
    pub user: Client,
}

/// Whom the front-end calls, by name.
pub const CALLS: [&str; 4] = ["catalogue", "carts", "orders", "user"];

impl Services {
    /// Finds every service by its name; connects on first use.
    pub fn find(discovery: &Discovery) -> anyhow::Result<Self> {
        let [catalogue, carts, orders, user] = CALLS;
        let repeatable = &["SetQuantity", "MergeCarts", "ClearCart"];
        Ok(Self {
            catalogue: Client::new(discovery, catalogue)?,
            carts: Client::with_idempotent(discovery, carts, repeatable)?,
            orders: Client::with_idempotent(discovery, orders, &["PlaceOrder"])?,
            user: Client::new(discovery, user)?,
        })
    }
}

/// What makes one running front-end different from another.
#[derive(Clone, Debug)]
pub struct Release {
    /// The release this process belongs to, e.g. `v2`.
    pub version: String,
    /// The name of this process.
    pub instance: String,
    /// The colour of the ribbon, when it was chosen by hand.
    pub theme: Option<String>,
}

impl AppState {
    /// A shop in front of `services`.
    #[must_use]
    pub fn new(services: Services, release: Release, key: Key) -> Self {
        Self {
            catalogue: CatalogueClient::new(services.catalogue.clone()),
            carts: CartsClient::new(services.carts),
            orders: OrdersClient::new(services.orders),
            users: UsersClient::new(services.user),
            release: Arc::new(release),
            shutdown: Shutdown::default(),
            key,
            edge: Edge::default(),
            event_streams: EventStreams::default(),
            pictures: Pictures::new(services.catalogue),
            window: CatalogueCache::default(),
        }
    }

    /// Returns one page of products, the last one seen when the catalogue does
    /// not answer.
    pub async fn list(
        &self,
        request: pb::ListProductsRequest,
    ) -> Result<MaybeStale<pb::ListProductsResponse>> {
        self.window.list(self.catalogue.clone(), request).await
    }

    /// Returns the product called `id`, as last seen when the catalogue does
    /// not answer.
    pub async fn product(&self, id: &str) -> Result<MaybeStale<pb::Product>> {
        self.window.product(self.catalogue.clone(), id).await
    }

    /// Returns the products with these ids, in this order and without those
    /// unknown, as last seen when the catalogue does not answer.
    pub async fn products(&self, ids: Vec<String>) -> Result<MaybeStale<Vec<pb::Product>>> {
        self.window.products(self.catalogue.clone(), ids).await
    }

    /// Returns every tag, as last seen when the catalogue does not answer.
    pub async fn tags(&self) -> Result<MaybeStale<Vec<pb::Tag>>> {
        self.window.tags(self.catalogue.clone()).await
    }
}

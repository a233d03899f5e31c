//! A shop over an empty database, and everything it talks to.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use chassis::testing::{Answer, call, database_url, described, send};
use chassis::{Discovery, Shutdown};
use clap::Parser;
use orders::{App, Config};
use proto::orders as pb;
use proto::orders::orders_client::OrdersClient;
use serde_json::{Value, json};
use tonic::{Code, Status};

pub(crate) mod neighbours;
mod wire;

pub(crate) use neighbours::{Fault, Neighbours};

pub(crate) const CUSTOMER: &str = "57a98d98e4b00679b4a830b2";
pub(crate) const ADDRESS: &str = "57a98d98e4b00679b4a830b0";
pub(crate) const CARD: &str = "57a98d98e4b00679b4a830b1";
pub(crate) const SOCK: &str = "3395a43e-2d88-40de-b95f-e00e1502085b";

/// One process of the service, without its workers.
pub(crate) struct Process {
    pub(crate) shop: App,
    pub(crate) app: Router,
    pub(crate) orders: OrdersClient<Router>,
}

impl Process {
    /// A process on a database of its own.
    pub(crate) async fn start(neighbours: &Neighbours) -> Self {
        Self::with(neighbours, &database_url().await, &[]).await
    }

    /// A process and its neighbours, which end with it.
    pub(crate) async fn alone() -> (Neighbours, Self) {
        let neighbours = Neighbours::start().await;
        let process = Self::start(&neighbours).await;
        (neighbours, process)
    }

    pub(crate) async fn with(neighbours: &Neighbours, database: &str, flags: &[&str]) -> Self {
        let discovery = neighbours.known();
        Self::over(&discovery, database, flags).await
    }

    pub(crate) async fn over(discovery: &Discovery, database: &str, flags: &[&str]) -> Self {
        let flags = [&["orders", "--database-url", database], flags].concat();
        let config = Config::parse_from(flags);
        let shop = App::open(&config, discovery).await.unwrap();
        let app = described(orders::app(shop.clone())).await;
        Self {
            orders: OrdersClient::new(app.clone()),
            shop,
            app,
        }
    }

    pub(crate) async fn place(&self, key: &str) -> Result<pb::Order, Status> {
        self.ask(wish(key)).await
    }

    pub(crate) async fn ask(&self, wish: pb::PlaceOrderRequest) -> Result<pb::Order, Status> {
        let placed = self.orders.clone().place_order(wish).await;
        placed.map(tonic::Response::into_inner)
    }

    pub(crate) async fn get(&self, id: &str) -> pb::Order {
        let request = pb::GetOrderRequest {
            id: id.into(),
            customer_id: String::new(),
        };
        let found = self.orders.clone().get_order(request).await;
        found.unwrap().into_inner()
    }

    pub(crate) async fn cancel(&self, id: &str) -> Result<pb::Order, Status> {
        let request = pb::CancelOrderRequest {
            id: id.into(),
            customer_id: CUSTOMER.into(),
        };
        let cancelled = self.orders.clone().cancel_order(request).await;
        cancelled.map(tonic::Response::into_inner)
    }

    /// Every order there is, in every state.
    pub(crate) async fn all(&self) -> Vec<pb::Order> {
        let request = pb::ListOrdersRequest {
            page_size: 1000,
            ..Default::default()
        };
        let found = self.orders.clone().list_orders(request).await;
        found.unwrap().into_inner().orders
    }

    /// Delivers everything that is due.
    pub(crate) async fn relay(&self) {
        while orders::relay::deliver(&self.shop).await.unwrap() > 0 {}
    }

    /// Recovers as if an hour had passed.
    pub(crate) async fn recover(&self) -> usize {
        let later = chassis::clock::now_ms() + 3_600_000;
        orders::recover::sweep(&self.shop, later).await.unwrap()
    }

    /// Asks shipping about all open orders.
    pub(crate) async fn follow(&self) {
        let mut after = String::new();
        while let Some(last) = orders::track::ask(&self.shop, &after).await.unwrap() {
            after = last;
        }
    }

    /// Starts the workers; they end with the returned shutdown.
    pub(crate) fn work(&self) -> (Shutdown, tokio::task::JoinHandle<()>) {
        let shutdown = Shutdown::default();
        let work = orders::work(self.shop.clone(), shutdown.clone());
        (shutdown, tokio::spawn(work))
    }

    pub(crate) async fn post(&self, body: Value) -> Answer {
        call(&self.app, "POST", "/orders", body).await
    }

    /// Sends `POST /orders` with other headers.
    pub(crate) async fn post_with(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        let request = Request::post("/orders");
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        send(
            &self.app,
            request.body(Body::from(body.to_owned())).unwrap(),
        )
        .await
    }
}

/// What the customer wishes for.
pub(crate) fn wish(key: &str) -> pb::PlaceOrderRequest {
    pb::PlaceOrderRequest {
        customer_id: CUSTOMER.into(),
        address_id: ADDRESS.into(),
        card_id: CARD.into(),
        idempotency_key: key.into(),
        keep_cart: false,
        confirmed_total_cents: None,
        cart_revision: String::new(),
    }
}

/// The same in the original's words.
pub(crate) fn hrefs() -> Value {
    json!({
        "customer": format!("http://user/customers/{CUSTOMER}"),
        "address": format!("http://user/addresses/{ADDRESS}"),
        "card": format!("http://user/cards/{CARD}"),
        "items": format!("http://carts/carts/{CUSTOMER}/items"),
    })
}

/// The code and the words of a refusal.
pub(crate) fn refusal(outcome: Result<pb::Order, Status>) -> (Code, String) {
    let status = outcome.unwrap_err();
    (status.code(), status.message().to_owned())
}

/// The states an order went through.
pub(crate) fn path(order: &pb::Order) -> Vec<pb::State> {
    order.events.iter().map(pb::Event::state).collect()
}

/// A database two processes can share; a file that goes with it when it is `SQLite`.
pub(crate) struct Shared {
    pub(crate) url: String,
    file: Option<std::path::PathBuf>,
}

impl Shared {
    pub(crate) async fn new() -> Self {
        if std::env::var_os("TEST_DATABASE_URL").is_some() {
            let url = database_url().await;
            return Self { url, file: None };
        }
        let name = format!("orders-{}.db", chassis::ids::new_id());
        let file = std::env::temp_dir().join(name);
        Self {
            url: format!("sqlite:{}?mode=rwc", file.display()),
            file: Some(file),
        }
    }

    /// Two processes on it.
    pub(crate) async fn processes(&self, neighbours: &Neighbours) -> (Process, Process) {
        (
            Process::with(neighbours, &self.url, &[]).await,
            Process::with(neighbours, &self.url, &[]).await,
        )
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            if let Some(file) = &self.file {
                drop(std::fs::remove_file(format!("{}{suffix}", file.display())));
            }
        }
    }
}

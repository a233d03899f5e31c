//! The five services orders talks to, as small as they can be: they stand on
//! the wire, and each of their methods can be made to fail.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use chassis::Discovery;
use chassis::discovery::Lookup;
use proto::{cart, catalogue, payment, shipping, user};
use tokio::sync::Notify;
use tonic::Status;

use super::wire::method;
use super::{ADDRESS, CARD, CUSTOMER, SOCK};

/// What goes wrong with a method.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// It answers that it cannot.
    Down,
    /// It takes the call and never answers, having done nothing.
    HangBefore,
    /// It does what it is asked and never answers.
    HangAfter,
}

/// All five, and what they know.
#[derive(Clone)]
pub(crate) struct Neighbours {
    facts: Arc<Mutex<Facts>>,
    called: Arc<Notify>,
    url: String,
}

pub(crate) struct Facts {
    pub(crate) carts: HashMap<String, Vec<cart::Item>>,
    /// How often any cart changed: their revision.
    pub(crate) revision: u64,
    pub(crate) prices: HashMap<String, i64>,
    pub(crate) authorisations: BTreeMap<String, payment::Authorisation>,
    pub(crate) shipments: BTreeMap<String, shipping::Shipment>,
    pub(crate) faults: HashMap<&'static str, Fault>,
    pub(crate) calls: HashMap<&'static str, usize>,
    pub(crate) limit_cents: i64,
}

impl Neighbours {
    /// Serves all five on one port; the customer has one pair in the cart.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let neighbours = Self {
            facts: Arc::new(Mutex::new(Facts::new())),
            called: Arc::default(),
            url: format!("http://{}", listener.local_addr().unwrap()),
        };
        let app = neighbours.app();
        tokio::spawn(axum::serve(listener, app).into_future());
        neighbours.fill_cart(3, 1800);
        neighbours
    }

    /// How they are found.
    pub(crate) fn known(&self) -> Discovery {
        let nowhere = Discovery::new(&Lookup::default()).unwrap();
        ["user", "carts", "catalogue", "payment", "shipping"]
            .into_iter()
            .fold(nowhere, |known, name| known.knowing(name, &self.url))
    }

    pub(crate) fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap()
    }

    /// Puts a line into the customer's cart, at a price the catalogue may not share.
    pub(crate) fn fill_cart(&self, quantity: u32, unit_price_cents: i64) {
        let line = cart::Item {
            id: "65f1c0de4b2a9d0007a1b2c3".into(),
            product_id: SOCK.into(),
            quantity,
            unit_price_cents,
        };
        let mut facts = self.facts();
        facts.revision += 1;
        facts.carts.insert(CUSTOMER.into(), vec![line]);
    }

    /// The revision of the customer's cart.
    pub(crate) fn revision(&self) -> String {
        self.facts().revision.to_string()
    }

    pub(crate) fn fail(&self, method: &'static str, fault: Fault) {
        self.facts().faults.insert(method, fault);
    }

    pub(crate) fn heal(&self) {
        self.facts().faults.clear();
    }

    pub(crate) fn calls(&self, method: &'static str) -> usize {
        self.facts().calls.get(method).copied().unwrap_or(0)
    }

    /// Waits until `method` was called and did its work, or hangs before it.
    pub(crate) async fn wait_for(&self, method: &'static str) {
        self.wait_until(|facts| facts.calls.contains_key(method))
            .await;
    }

    /// Waits until a call has made `fits` true.
    pub(crate) async fn wait_until(&self, fits: impl Fn(&Facts) -> bool) {
        loop {
            let called = self.called.notified();
            if fits(&self.facts()) {
                return;
            }
            called.await;
        }
    }

    /// Answers with what `fact` makes of the request, faults permitting.
    async fn act<A>(
        self,
        name: &'static str,
        fact: impl FnOnce(&mut Facts) -> Result<A, Status>,
    ) -> Result<A, Status> {
        let fault = self.facts().faults.get(name).copied();
        let answer = match fault {
            Some(Fault::Down) => Err(Status::unavailable("down on purpose")),
            Some(Fault::HangBefore) => Err(Status::aborted("never seen")),
            None | Some(Fault::HangAfter) => fact(&mut self.facts()),
        };
        *self.facts().calls.entry(name).or_default() += 1;
        self.called.notify_waiters();
        match fault {
            Some(Fault::HangBefore | Fault::HangAfter) => std::future::pending().await,
            _ => answer,
        }
    }

    fn app(&self) -> Router {
        macro_rules! serve {
            ($service:literal, $name:literal, $fact:expr) => {{
                let this = self.clone();
                let path = concat!("/sockshop.", $service, "/", $name);
                method(path, move |asked| {
                    this.clone().act($name, |facts| $fact(facts, asked))
                })
            }};
        }
        let routers = [
            serve!("user.v1.Users", "GetCustomer", Facts::customer),
            serve!("user.v1.Users", "GetAddress", Facts::address),
            serve!("user.v1.Users", "GetCard", Facts::card),
            serve!("cart.v1.Carts", "GetCart", Facts::cart),
            serve!("cart.v1.Carts", "ClearCart", Facts::clear_cart),
            serve!("catalogue.v1.Catalogue", "GetProducts", Facts::products),
            serve!("payment.v1.Payment", "Authorise", Facts::authorise),
            serve!("payment.v1.Payment", "Void", Facts::void),
            serve!(
                "payment.v1.Payment",
                "GetAuthorisation",
                Facts::authorisation
            ),
            serve!("shipping.v1.Shipping", "CreateShipment", Facts::ship),
            serve!("shipping.v1.Shipping", "RecallShipment", Facts::recall),
            serve!(
                "shipping.v1.Shipping",
                "GetShipmentsOfOrders",
                Facts::shipments
            ),
        ];
        routers.into_iter().fold(Router::new(), Router::merge)
    }
}

/// Fails with `NOT_FOUND` unless `found`.
fn check(found: bool) -> Result<(), Status> {
    found
        .then_some(())
        .ok_or_else(|| Status::not_found("no such thing"))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "all have the shape of a method"
)]
#[expect(clippy::unused_self, reason = "all have the shape of a method")]
#[expect(clippy::unnecessary_wraps, reason = "all have the shape of a method")]
impl Facts {
    fn new() -> Self {
        Self {
            carts: HashMap::new(),
            revision: 0,
            prices: HashMap::from([(SOCK.to_owned(), 1800)]),
            authorisations: BTreeMap::new(),
            shipments: BTreeMap::new(),
            faults: HashMap::new(),
            calls: HashMap::new(),
            limit_cents: 10_500,
        }
    }

    fn customer(&mut self, asked: user::GetCustomerRequest) -> Result<user::Customer, Status> {
        check(asked.id == CUSTOMER)?;
        Ok(user::Customer {
            id: asked.id,
            username: "user".into(),
            first_name: "User".into(),
            last_name: "Name".into(),
            email: "user@example.com".into(),
        })
    }

    fn address(&mut self, asked: user::GetAddressRequest) -> Result<user::Address, Status> {
        check(asked.id == ADDRESS && asked.customer_id == CUSTOMER)?;
        Ok(user::Address {
            id: asked.id,
            number: "246".into(),
            street: "Whitelees Road".into(),
            city: "Glasgow".into(),
            postcode: "G67 3DL".into(),
            country: "United Kingdom".into(),
        })
    }

    fn card(&mut self, asked: user::GetCardRequest) -> Result<user::Card, Status> {
        check(asked.id == CARD && asked.customer_id == CUSTOMER)?;
        Ok(user::Card {
            id: asked.id,
            masked_number: "************5918".into(),
            expires: "08/19".into(),
        })
    }

    fn cart(&mut self, asked: cart::GetCartRequest) -> Result<cart::Cart, Status> {
        let items = self.carts.get(&asked.customer_id).cloned();
        Ok(cart::Cart {
            items: items.unwrap_or_default(),
            customer_id: asked.customer_id,
            revision: self.revision.to_string(),
        })
    }

    fn clear_cart(
        &mut self,
        asked: cart::ClearCartRequest,
    ) -> Result<cart::ClearCartResponse, Status> {
        self.revision += 1;
        let cart = self.carts.entry(asked.customer_id).or_default();
        for bought in &asked.bought {
            for line in cart.iter_mut() {
                if line.product_id == bought.product_id {
                    line.quantity = line.quantity.saturating_sub(bought.quantity);
                }
            }
        }
        cart.retain(|line| line.quantity > 0 && !asked.bought.is_empty());
        Ok(cart::ClearCartResponse {})
    }

    fn products(
        &mut self,
        asked: catalogue::GetProductsRequest,
    ) -> Result<catalogue::GetProductsResponse, Status> {
        let products = asked.ids.into_iter().filter_map(|id| {
            let price_cents = *self.prices.get(&id)?;
            Some(catalogue::Product {
                id,
                name: "Weave special".into(),
                price_cents,
                ..Default::default()
            })
        });
        let products = products.collect();
        Ok(catalogue::GetProductsResponse { products })
    }

    fn authorise(
        &mut self,
        asked: payment::AuthoriseRequest,
    ) -> Result<payment::Authorisation, Status> {
        let authorised = asked.amount_cents <= self.limit_cents;
        let message = if authorised {
            "Payment authorised"
        } else {
            "Payment declined: amount exceeds 105.00"
        };
        let kept = self.authorisations.entry(asked.order_id.clone());
        let kept = kept.or_insert(payment::Authorisation {
            id: "a1".into(),
            order_id: asked.order_id,
            amount_cents: asked.amount_cents,
            authorised,
            message: message.into(),
            at_ms: 1,
            voided: false,
        });
        if !kept.voided && kept.amount_cents != asked.amount_cents {
            return Err(Status::failed_precondition("another amount"));
        }
        Ok(kept.clone())
    }

    fn void(&mut self, asked: payment::VoidRequest) -> Result<payment::Authorisation, Status> {
        let kept = self.authorisations.entry(asked.order_id.clone());
        let kept = kept.or_insert(payment::Authorisation {
            order_id: asked.order_id,
            ..Default::default()
        });
        kept.voided = true;
        Ok(kept.clone())
    }

    fn authorisation(
        &mut self,
        asked: payment::GetAuthorisationRequest,
    ) -> Result<payment::Authorisation, Status> {
        let kept = self.authorisations.get(&asked.order_id);
        kept.cloned()
            .ok_or_else(|| Status::not_found("authorisation"))
    }

    fn ship(
        &mut self,
        asked: shipping::CreateShipmentRequest,
    ) -> Result<shipping::Shipment, Status> {
        let kept = self.shipments.entry(asked.order_id.clone());
        let kept = kept.or_insert(shipping::Shipment {
            id: asked.id,
            order_id: asked.order_id,
            name: asked.name,
            state: shipping::State::Waiting.into(),
            created_at_ms: 1,
            ..Default::default()
        });
        Ok(kept.clone())
    }

    fn recall(
        &mut self,
        asked: shipping::RecallShipmentRequest,
    ) -> Result<shipping::Shipment, Status> {
        let kept = self.shipments.entry(asked.order_id.clone());
        let kept = kept.or_insert(shipping::Shipment {
            order_id: asked.order_id,
            ..Default::default()
        });
        if kept.packed_at_ms > 0 {
            return Err(Status::failed_precondition("already packed"));
        }
        kept.set_state(shipping::State::Recalled);
        Ok(kept.clone())
    }

    fn shipments(
        &mut self,
        asked: shipping::GetShipmentsOfOrdersRequest,
    ) -> Result<shipping::GetShipmentsOfOrdersResponse, Status> {
        if asked.order_ids.len() > 200 {
            return Err(Status::invalid_argument("at most 200"));
        }
        let ids = asked.order_ids.iter();
        let shipments = ids.filter_map(|id| self.shipments.get(id).cloned());
        Ok(shipping::GetShipmentsOfOrdersResponse {
            shipments: shipments.collect(),
        })
    }
}

//! Both faces of every service: the same facts through REST and gRPC, the
//! standard services beside them, and no bad input that is taken for our fault.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod bad_calls;
mod bad_requests;
mod facts;
mod standard;
#[path = "../support/mod.rs"]
mod support;

use serde_json::{Value, json};
use support::api::Api;
use support::{grpc, shared};
use tonic::transport::Channel;

/// The product Holy, at 99.99.
const HOLY: &str = "03fef6ac-1896-4ce8-bd69-b798f85c6e0b";

/// The product Colourful, at 18.00.
const COLOURFUL: &str = "3395a43e-2d88-40de-b95f-e00e1502085b";

/// An id that is well-formed and nobody's.
const UNKNOWN: &str = "57a98d98e4b00679b4a83fff";

/// A connection to a service of the shared shop.
fn channel(service: &str) -> Channel {
    grpc(&shared::url(service))
}

/// Posts to a service and returns the `id` in the answer.
async fn post_for_id(service: &str, path: &str, body: Value) -> String {
    let answer = Api::of(service).post(path, &body).await;
    assert!(answer.status < 300, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// Somebody who can buy.
struct Buyer {
    id: String,
    address: String,
    card: String,
}

impl Buyer {
    async fn new(name: &str) -> Self {
        let account = json!({"username": name, "password": "p"});
        let id = post_for_id("user", "/register", account).await;
        let address = json!({"street": "Mill Lane", "number": "1", "userID": id});
        let card = json!({"longNum": "4000123412341234", "expires": "11/29", "userID": id});
        Self {
            address: post_for_id("user", "/addresses", address).await,
            card: post_for_id("user", "/cards", card).await,
            id,
        }
    }

    async fn wants(&self, product: &str, quantity: u32) {
        let item = json!({"itemId": product, "unitPrice": 1, "quantity": quantity});
        post_for_id("carts", &format!("/carts/{}/items", self.id), item).await;
    }

    /// An order as the REST face takes it.
    fn order(&self) -> Value {
        json!({"customer": format!("http://user/customers/{}", self.id),
               "address": format!("http://user/addresses/{}", self.address),
               "card": format!("http://user/cards/{}", self.card),
               "items": format!("http://carts/carts/{}/items", self.id)})
    }

    /// An order as the gRPC face takes it.
    fn wish(&self) -> proto::orders::PlaceOrderRequest {
        proto::orders::PlaceOrderRequest {
            customer_id: self.id.clone(),
            address_id: self.address.clone(),
            card_id: self.card.clone(),
            keep_cart: true,
            ..Default::default()
        }
    }
}

/// An amount on the old wire, in cents.
fn cents(price: &Value) -> i64 {
    let text = format!("{:.2}", price.as_f64().unwrap());
    text.replace('.', "").parse().unwrap()
}

//! The nine requests of the original load test (contract page
//! `load-profile.md`): one account for everybody, and no time to think.

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::RunContext;
use super::plan::pick;
use crate::browser::{Ask, Browser, Reply};
use crate::journal::Entry;
use crate::recorder::Purchase;

/// Declined, or somebody else has emptied the shared cart: not a fault of the shop.
pub(super) const REFUSED: &[StatusCode] = &[StatusCode::NOT_ACCEPTABLE];

/// Makes one visit. `roll` chooses the sock.
pub async fn visit(context: &RunContext, browser: &mut Browser, roll: f64) {
    let catalogue =
        Ask::get("GET /catalogue", "/catalogue").that(|reply| item(reply, 0.0).is_some());
    let Ok(catalogue) = browser.ask(catalogue).await else {
        return;
    };
    let Some(item) = item(&catalogue, roll) else {
        return;
    };
    let detail = format!("/detail.html?id={item}");
    for ask in [
        Ask::get("GET /", "/"),
        Ask::get("GET /login", "/login").as_user("user", "password"),
        Ask::get("GET /category.html", "/category.html"),
        Ask::get("GET /detail.html", &detail),
        Ask::new("DELETE /cart", Method::DELETE, "/cart"),
        Ask::json("POST /cart", "/cart", &json!({"id": item, "quantity": 1})),
        Ask::get("GET /basket.html", "/basket.html"),
    ] {
        // Like the original: what fails is counted, and the visit goes on.
        _ = browser.ask(ask).await;
    }
    buy(context, browser).await;
}

async fn buy(context: &RunContext, browser: &mut Browser) {
    let order = Ask::new("POST /orders", Method::POST, "/orders").or(REFUSED);
    match browser.ask(order).await.map(|reply| receipt(&reply, "")) {
        Ok(Some(entry)) => context.acknowledge(entry).await,
        Ok(None) => context.recorder.purchase(Purchase::Refused),
        Err(_) => context.recorder.purchase(Purchase::Unknown),
    }
}

/// The id that `roll` chooses among the products of the catalogue.
fn item(catalogue: &Reply, roll: f64) -> Option<String> {
    #[derive(Deserialize)]
    struct Product {
        id: String,
    }
    let products: Vec<Product> = serde_json::from_slice(&catalogue.body).ok()?;
    pick(&products, roll).map(|product| product.id.clone())
}

/// What the answer to `POST /orders` acknowledges, if it does.
pub(super) fn receipt(reply: &Reply, key: &str) -> Option<Entry> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Receipt {
        id: String,
        customer_id: String,
        total: chassis::money::Price,
    }
    if reply.status != StatusCode::CREATED {
        return None;
    }
    let receipt: Receipt = serde_json::from_slice(&reply.body).ok()?;
    Some(Entry {
        order_id: receipt.id,
        customer_id: receipt.customer_id,
        total_cents: receipt.total.cents,
        idempotency_key: key.to_owned(),
        at: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::HeaderMap;

    fn reply(status: StatusCode, body: &'static str) -> Reply {
        Reply {
            status,
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }

    #[test]
    fn a_catalogue_is_an_array_of_products() {
        let two = reply(StatusCode::OK, r#"[{"id":"a"},{"id":"b","price":1}]"#);
        assert_eq!(item(&two, 0.9).as_deref(), Some("b"));
        for wrong in ["", "[]", "{}", "null", r#"[{"name":"a"}]"#] {
            assert_eq!(item(&reply(StatusCode::OK, wrong), 0.5), None, "{wrong}");
        }
    }

    #[test]
    fn only_a_created_order_is_acknowledged() {
        let body = r#"{"id":"o","customerId":"c","total":22.99,"items":[]}"#;
        let entry = receipt(&reply(StatusCode::CREATED, body), "k").unwrap();
        assert_eq!((&*entry.order_id, entry.total_cents), ("o", 2299));
        assert_eq!((&*entry.customer_id, &*entry.idempotency_key), ("c", "k"));
        assert_eq!(receipt(&reply(StatusCode::NOT_ACCEPTABLE, body), "k"), None);
        assert_eq!(receipt(&reply(StatusCode::CREATED, "{}"), "k"), None);
    }
}

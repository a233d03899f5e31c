//! Products, cart lines, customers, addresses and cards as the original's
//! clients know them.

use chassis::money::Price;
use proto::{cart, catalogue, user};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// The name of something new.
#[derive(Serialize, ToSchema)]
pub(super) struct Created {
    pub(super) id: String,
}

/// Product in the original's JSON format.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sock {
    id: String,
    name: String,
    description: String,
    image_url: Vec<String>,
    price: Price,
    count: i64,
    tag: Vec<String>,
}

impl Sock {
    /// The product as found by `tags`: with a filter, it shows only those.
    pub(super) fn found_by(mut self, tags: &[String]) -> Self {
        if !tags.is_empty() {
            self.tag
                .retain(|tag| tags.iter().any(|wanted| wanted.eq_ignore_ascii_case(tag)));
        }
        self
    }
}

impl From<catalogue::Product> for Sock {
    fn from(product: catalogue::Product) -> Self {
        Self {
            id: product.id,
            name: product.name,
            description: product.description,
            image_url: product.image_urls,
            price: product.price_cents.into(),
            count: product.stock,
            tag: product.tags,
        }
    }
}

/// A line of a cart.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    id: String,
    #[serde(rename = "itemId")]
    product_id: String,
    quantity: u32,
    unit_price: Price,
}

impl From<cart::Item> for Item {
    fn from(item: cart::Item) -> Self {
        Self {
            id: item.id,
            product_id: item.product_id,
            quantity: item.quantity,
            unit_price: item.unit_price_cents.into(),
        }
    }
}

pub(super) fn customer(customer: &user::Customer) -> Value {
    let own = format!("http://user/customers/{}", customer.id);
    json!({
        "id": customer.id,
        "username": customer.username,
        "firstName": customer.first_name,
        "lastName": customer.last_name,
        "_links": {
            "self": {"href": own},
            "customer": {"href": own},
            "addresses": {"href": format!("{own}/addresses")},
            "cards": {"href": format!("{own}/cards")},
        },
    })
}

pub(super) fn address(address: &user::Address) -> Value {
    let own = format!("http://user/addresses/{}", address.id);
    json!({
        "id": address.id,
        "number": address.number,
        "street": address.street,
        "city": address.city,
        "postcode": address.postcode,
        "country": address.country,
        "_links": {"self": {"href": own}, "address": {"href": own}},
    })
}

pub(super) fn card(card: &user::Card) -> Value {
    let own = format!("http://user/cards/{}", card.id);
    json!({
        "id": card.id,
        "longNum": card.masked_number,
        "expires": card.expires,
        "ccv": "***",
        "_links": {"self": {"href": own}, "card": {"href": own}},
    })
}

/// The last four characters of a masked card number.
pub(super) fn last_four(number: &str) -> &str {
    let start = number.char_indices().rev().nth(3);
    &number[start.map_or(0, |(at, _)| at)..]
}

/// A list in HAL, under the name of its kind.
pub(super) fn embedded(kind: &str, list: &[Value]) -> Value {
    json!({"_embedded": {kind: list}})
}

/// What the Go services said instead of an answer; the front-end passed it on
/// with 200.
#[derive(Serialize, ToSchema)]
pub(super) struct Missing {
    error: String,
    status_code: u16,
    status_text: Option<&'static str>,
}

/// An answer that says `error`, and `status` inside it only.
pub(super) fn missing(error: &str, status: axum::http::StatusCode) -> Missing {
    Missing {
        error: error.to_owned(),
        status_code: status.as_u16(),
        status_text: status.canonical_reason(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product() -> catalogue::Product {
        catalogue::Product {
            id: "1".into(),
            name: "Holy".into(),
            description: "Airy".into(),
            image_urls: vec!["/a".into(), "/b".into()],
            price_cents: 9999,
            stock: 1,
            tags: vec!["magic".into(), "action".into()],
        }
    }

    #[test]
    fn a_product_has_the_seven_keys_of_old() {
        let sock = serde_json::to_value(Sock::from(product())).unwrap();
        let expected = json!({
            "id": "1", "name": "Holy", "description": "Airy", "imageUrl": ["/a", "/b"],
            "price": 99.99, "count": 1, "tag": ["magic", "action"],
        });
        assert_eq!(sock, expected);
    }

    #[test]
    fn a_product_found_by_tag_shows_that_tag_only() {
        let tags = |wanted: &[&str]| {
            let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
            Sock::from(product()).found_by(&wanted).tag
        };
        assert_eq!(tags(&["MAGIC"]), ["magic"]);
        assert_eq!(tags(&[]), ["magic", "action"]);
    }

    #[test]
    fn card_numbers_are_cut_to_four() {
        assert_eq!(last_four("************5918"), "5918");
        assert_eq!(last_four("18"), "18");
    }
}

//! Orders as the original's clients know them: one shape when placed, another
//! when read.

use chassis::money::Price;
use jiff::Timestamp;
use proto::orders as pb;
use serde_json::{Value, json};

/// The order as the answer to placing it. The ids of its parts were always null.
pub(super) fn placed(order: &pb::Order) -> Value {
    let customer = order.customer.clone().unwrap_or_default();
    let address = order.address.clone().unwrap_or_default();
    let card = order.card.clone().unwrap_or_default();
    json!({
        "id": order.id,
        "customerId": order.customer_id,
        "customer": {
            "id": null, "username": customer.username, "firstName": customer.first_name,
            "lastName": customer.last_name, "addresses": [], "cards": [],
        },
        "address": {
            "id": null, "number": address.number, "street": address.street, "city": address.city,
            "postcode": address.postcode, "country": address.country,
        },
        "card": {"id": null, "longNum": card.masked_number, "expires": card.expires, "ccv": "***"},
        "items": order.items.iter().map(item).collect::<Vec<_>>(),
        "shipment": {"id": order.shipment_id, "name": order.customer_id},
        "date": date(order.placed_at_ms),
        "total": Price::from(order.total_cents),
    })
}

/// The order as read later: no ids at any level, but a link to itself.
pub(super) fn read(order: &pb::Order) -> Value {
    let mut value = placed(order);
    forget_ids(&mut value);
    let own = json!({"href": format!("http://orders/orders/{}", order.id)});
    value["_links"] = json!({"self": own, "order": own});
    value
}

/// Orders as a search found them.
pub(super) fn found(orders: &[pb::Order], customer: &str) -> Value {
    let own = format!("http://orders/orders/search/customerId?sort=date&custId={customer}");
    json!({
        "_embedded": {"customerOrders": orders.iter().map(read).collect::<Vec<_>>()},
        "_links": {"self": {"href": own}},
    })
}

fn item(item: &pb::Item) -> Value {
    json!({
        "id": item.id,
        "itemId": item.product_id,
        "quantity": item.quantity,
        "unitPrice": Price::from(item.unit_price_cents),
    })
}

fn forget_ids(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("id");
            fields.values_mut().for_each(forget_ids);
        }
        Value::Array(list) => list.iter_mut().for_each(forget_ids),
        _ => {}
    }
}

/// Formats a time as the original does, such as `2024-05-06T07:08:09.123+0000`.
fn date(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> pb::Order {
        pb::Order {
            id: "65f1c0aa4b2a9d0007a1b2ce".into(),
            customer_id: "57a98d98e4b00679b4a830b2".into(),
            items: vec![pb::Item {
                id: "line".into(),
                product_id: "sock".into(),
                quantity: 3,
                unit_price_cents: 1800,
                ..Default::default()
            }],
            total_cents: 5899,
            placed_at_ms: 1_714_979_289_123,
            shipment_id: "uuid".into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_placed_order_has_its_own_id_and_null_for_its_parts() {
        let value = placed(&order());
        assert_eq!(value["id"], "65f1c0aa4b2a9d0007a1b2ce");
        for part in ["customer", "address", "card"] {
            assert_eq!(value[part].get("id"), Some(&Value::Null), "{part}");
        }
        assert_eq!(value["total"], json!(58.99));
        assert_eq!(value["date"], "2024-05-06T07:08:09.123+0000");
        assert_eq!(value["shipment"]["name"], value["customerId"]);
        assert_eq!(value["items"][0]["unitPrice"], json!(18));
    }

    #[test]
    fn an_order_that_is_read_has_links_instead_of_ids() {
        let value = read(&order());
        assert!(!value.to_string().contains("\"id\""));
        let own = "http://orders/orders/65f1c0aa4b2a9d0007a1b2ce";
        assert_eq!(value["_links"]["self"]["href"], own);
        assert_eq!(value["_links"]["order"]["href"], own);
        assert_eq!(value["items"][0]["itemId"], "sock");
    }
}

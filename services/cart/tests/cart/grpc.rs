//! Tests of the gRPC server and of its agreement with the REST API.

use crate::common::{items, on_every_store, post};
use axum::Router;
use chassis::testing::{call, get};
use proto::cart as pb;
use proto::cart::carts_client::CartsClient;
use serde_json::{Value, json};
use tonic::Code;

type Client = CartsClient<Router>;

async fn add(
    client: &mut Client,
    customer: &str,
    product: &str,
    quantity: u32,
) -> Result<pb::Cart, tonic::Status> {
    let request = pb::AddItemRequest {
        customer_id: customer.into(),
        product_id: product.into(),
        quantity,
        unit_price_cents: 1715,
    };
    Ok(client.add_item(request).await?.into_inner())
}

async fn set(client: &mut Client, product: &str, quantity: u32) -> Result<pb::Cart, tonic::Status> {
    let request = pb::SetQuantityRequest {
        customer_id: "c1".into(),
        product_id: product.into(),
        quantity,
    };
    Ok(client.set_quantity(request).await?.into_inner())
}

async fn clear(client: &mut Client, order: &str) {
    remove_purchased(client, order, &[]).await.unwrap();
}

async fn remove_purchased(
    client: &mut Client,
    order: &str,
    bought: &[(&str, u32)],
) -> Result<(), tonic::Status> {
    let bought = bought.iter().map(|(product, quantity)| pb::Item {
        product_id: (*product).into(),
        quantity: *quantity,
        ..Default::default()
    });
    let request = pb::ClearCartRequest {
        customer_id: "c1".into(),
        order_id: order.into(),
        bought: bought.collect(),
    };
    client.clear_cart(request).await.map(drop)
}

fn lines(cart: &pb::Cart) -> Vec<(&str, u32, i64)> {
    let items = cart.items.iter();
    items
        .map(|item| (&*item.product_id, item.quantity, item.unit_price_cents))
        .collect()
}

#[tokio::test]
async fn both_protocols_tell_the_same_of_a_cart() {
    on_every_store(async |app| {
        let mut client = CartsClient::new(app.clone());
        let posted = post(&app, "c1", json!({"itemId": "holy", "unitPrice": 99.99})).await.json();
        add(&mut client, "c1", "nerd", 4).await.unwrap();

        let request = pb::GetCartRequest { customer_id: "c1".into() };
        let cart = client.get_cart(request).await.unwrap().into_inner();
        assert_eq!(cart.customer_id, "c1");
        assert_eq!(lines(&cart), [("holy", 1, 9999), ("nerd", 4, 1715)]);
        assert_eq!(cart.items[0].id, posted["id"]);
        let over_rest = get(&app, "/carts/c1/items").await.1;
        for (item, line) in cart.items.iter().zip(over_rest.as_array().unwrap()) {
            let price = serde_json::to_value(chassis::money::Price::from(item.unit_price_cents)).unwrap();
            let same = json!({"id": item.id, "itemId": item.product_id, "quantity": item.quantity, "unitPrice": price});
            assert_eq!(line, &same);
        }
    })
    .await;
}

#[tokio::test]
async fn both_protocols_refuse_the_same() {
    on_every_store(async |app| {
        let mut client = CartsClient::new(app.clone());
        let missing = set(&mut client, "holy", 2).await.unwrap_err();
        let patch = json!({"itemId": "holy", "quantity": 2});
        let over_rest = call(&app, "PATCH", "/carts/c1/items", patch).await;
        assert_eq!(
            (missing.code(), over_rest.status.as_u16()),
            (Code::NotFound, 404)
        );
        assert_eq!(missing.message(), over_rest.json()["message"]);

        let excess = add(&mut client, "c1", "holy", 1001).await.unwrap_err();
        let over_rest = post(&app, "c1", json!({"itemId": "holy", "quantity": 1001})).await;
        assert_eq!(
            (excess.code(), over_rest.status.as_u16()),
            (Code::InvalidArgument, 400)
        );
        assert_eq!(excess.message(), over_rest.json()["message"]);

        let nameless = add(&mut client, "c1", "", 1).await.unwrap_err();
        assert_eq!(nameless.message(), "product_id must be 1 to 200 characters");
        let nobody = add(&mut client, "", "holy", 1).await.unwrap_err();
        assert_eq!(
            nobody.message(),
            "the customer id must be 1 to 200 characters"
        );
        assert_eq!(items(&app, "c1").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn adding_raises_a_line_by_the_quantity_asked_for() {
    on_every_store(async |app| {
        let mut client = CartsClient::new(app);
        assert_eq!(
            lines(&add(&mut client, "c1", "holy", 0).await.unwrap()),
            [("holy", 1, 1715)]
        );
        assert_eq!(
            lines(&add(&mut client, "c1", "holy", 5).await.unwrap()),
            [("holy", 6, 1715)]
        );
    })
    .await;
}

#[tokio::test]
async fn quantities_are_set_and_lines_removed() {
    on_every_store(async |app| {
        let mut client = CartsClient::new(app);
        add(&mut client, "c1", "holy", 1).await.unwrap();
        add(&mut client, "c1", "nerd", 1).await.unwrap();
        let cart = set(&mut client, "holy", 9).await.unwrap();
        assert_eq!(lines(&cart), [("holy", 9, 1715), ("nerd", 1, 1715)]);
        assert_eq!(
            lines(&set(&mut client, "holy", 0).await.unwrap()),
            [("nerd", 1, 1715)]
        );
        assert_eq!(
            set(&mut client, "nerd", 1001).await.unwrap_err().code(),
            Code::InvalidArgument
        );

        let request = pb::RemoveItemRequest {
            customer_id: "c1".into(),
            product_id: "nerd".into(),
        };
        let cart = client
            .remove_item(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(lines(&cart), []);
        assert_eq!(
            client.remove_item(request).await.unwrap_err().code(),
            Code::NotFound
        );
    })
    .await;
}

#[tokio::test]
async fn merging_moves_every_line_and_answers_the_cart_it_filled() {
    on_every_store(async |app| {
        let mut client = CartsClient::new(app.clone());
        add(&mut client, "c1", "holy", 2).await.unwrap();
        add(&mut client, "s1", "holy", 3).await.unwrap();
        add(&mut client, "s1", "nerd", 1).await.unwrap();
        let request = pb::MergeCartsRequest {
            from_customer_id: "s1".into(),
            into_customer_id: "c1".into(),
        };
        for _ in 0..2 {
            let cart = client
                .merge_carts(request.clone())
                .await
                .unwrap()
                .into_inner();
            assert_eq!(lines(&cart), [("holy", 5, 1715), ("nerd", 1, 1715)]);
        }
        assert_eq!(items(&app, "s1").await, json!([]));
    })
    .await;
}

#[tokio::test]
async fn an_order_clears_its_cart_only_once() {
    on_every_store(async |app| {
        let mut client = CartsClient::new(app.clone());
        add(&mut client, "c1", "holy", 1).await.unwrap();
        clear(&mut client, "order-1").await;
        assert_eq!(items(&app, "c1").await, json!([]));

        add(&mut client, "c1", "nerd", 1).await.unwrap();
        clear(&mut client, "order-1").await;
        assert_eq!(items(&app, "c1").await, json!([["nerd", 1, 17.15]]));
        clear(&mut client, "order-2").await;
        assert_eq!(items(&app, "c1").await, json!([]));

        add(&mut client, "c1", "nerd", 1).await.unwrap();
        clear(&mut client, "").await;
        assert_eq!(items(&app, "c1").await, Value::Array(vec![]));
    })
    .await;
}

#[tokio::test]
async fn an_order_takes_out_what_it_bought_and_only_once() {
    on_every_store(async |app| {
        let mut client = CartsClient::new(app.clone());
        add(&mut client, "c1", "holy", 2).await.unwrap();
        add(&mut client, "c1", "nerd", 3).await.unwrap();
        add(&mut client, "c1", "late", 1).await.unwrap();
        for _ in 0..2 {
            let bought = [("holy", 2), ("nerd", 1), ("gone", 5)];
            remove_purchased(&mut client, "order-1", &bought)
                .await
                .unwrap();
            let left = json!([["nerd", 2, 17.15], ["late", 1, 17.15]]);
            assert_eq!(items(&app, "c1").await, left);
        }
        remove_purchased(&mut client, "order-2", &[("nerd", 2), ("late", 9)])
            .await
            .unwrap();
        assert_eq!(items(&app, "c1").await, json!([]));
        add(&mut client, "c1", "holy", 1).await.unwrap();
        assert_eq!(items(&app, "c1").await, json!([["holy", 1, 17.15]]));
    })
    .await;
}

#[tokio::test]
async fn only_an_order_can_have_bought() {
    on_every_store(async |app| {
        let mut client = CartsClient::new(app.clone());
        add(&mut client, "c1", "holy", 2).await.unwrap();
        let refused = remove_purchased(&mut client, "", &[("holy", 1)]).await;
        assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(items(&app, "c1").await, json!([["holy", 2, 17.15]]));
    })
    .await;
}

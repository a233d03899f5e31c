//! The same facts through both faces.

use proto::cart::carts_client::CartsClient;
use proto::cart::{AddItemRequest, GetCartRequest, RemoveItemRequest, SetQuantityRequest};
use proto::catalogue::catalogue_client::CatalogueClient;
use proto::catalogue::{GetProductRequest, ListProductsRequest, ListTagsRequest, Product};
use proto::orders::orders_client::OrdersClient;
use proto::orders::{GetOrderRequest, Order, State};
use proto::payment::AuthoriseRequest;
use proto::payment::payment_client::PaymentClient;
use proto::shipping::shipping_client::ShippingClient;
use proto::shipping::{CreateShipmentRequest, GetShipmentRequest};
use proto::user::users_client::UsersClient;
use proto::user::{Address, CreateAddressRequest, GetCardRequest, RegisterRequest, SignInRequest};
use serde_json::{Value, json};
use tonic::Code;

use super::support::api::{Answer, Api};
use super::{Buyer, COLOURFUL, HOLY, UNKNOWN, cents, channel, post_for_id};

/// A product as the old wire has it.
fn sock(product: &Product) -> Value {
    json!({"id": product.id, "name": product.name, "description": product.description,
           "imageUrl": product.image_urls, "price": product.price_cents, "count": product.stock,
           "tag": product.tags})
}

#[tokio::test]
async fn the_catalogue_sells_the_same_socks_through_both_faces() {
    let (rest, mut grpc) = (
        Api::of("catalogue"),
        CatalogueClient::new(channel("catalogue")),
    );
    for (query, order) in [("id", 0), ("name", 1), ("price", 2), ("count", 4)] {
        let mut list = rest.get(&format!("/catalogue?sort={query}")).await.json();
        for sock in list.as_array_mut().unwrap() {
            sock["price"] = json!(cents(&sock["price"]));
        }
        let request = ListProductsRequest {
            order,
            ..Default::default()
        };
        let answer = grpc.list_products(request).await.unwrap().into_inner();
        let socks: Vec<Value> = answer.products.iter().map(sock).collect();
        assert_eq!(list, json!(socks), "{query}");
        let size = rest.get("/catalogue/size").await.json();
        assert_eq!(size["size"], answer.total);
    }
    let tags = grpc
        .list_tags(ListTagsRequest {})
        .await
        .unwrap()
        .into_inner()
        .tags;
    let tags: Vec<String> = tags.into_iter().map(|tag| tag.name).collect();
    assert_eq!(rest.get("/tags").await.json()["tags"], json!(tags));

    let request = |id: &str| GetProductRequest { id: id.into() };
    let holy = grpc.get_product(request(HOLY)).await.unwrap().into_inner();
    let one = rest.get(&format!("/catalogue/{HOLY}")).await.json();
    assert_eq!(
        (cents(&one["price"]), &one["name"]),
        (holy.price_cents, &json!(holy.name))
    );
    rest.get("/catalogue/none").await.expect(404);
    let none = grpc.get_product(request("none")).await.unwrap_err();
    assert_eq!(none.code(), Code::NotFound);
}

#[tokio::test]
async fn a_cart_is_one_cart_through_both_faces() {
    let (rest, mut grpc) = (Api::of("carts"), CartsClient::new(channel("carts")));
    let path = "/carts/both/items";
    let id = post_for_id("carts", path, json!({"itemId": "A", "unitPrice": 17.15})).await;
    let add = AddItemRequest {
        customer_id: "both".into(),
        product_id: "B".into(),
        quantity: 3,
        unit_price_cents: 799,
    };
    let cart = grpc.add_item(add).await.unwrap().into_inner();
    assert_eq!(
        (&cart.items[0].id, cart.items[0].unit_price_cents),
        (&id, 1715)
    );
    let set = SetQuantityRequest {
        customer_id: "both".into(),
        product_id: "A".into(),
        quantity: 5,
    };
    let cart = grpc.set_quantity(set).await.unwrap().into_inner();
    let lines: Vec<Value> = cart
        .items
        .iter()
        .map(|item| {
            json!([
                item.id,
                item.product_id,
                item.quantity,
                item.unit_price_cents
            ])
        })
        .collect();
    let items = rest.get(path).await.json();
    let read = items.as_array().unwrap().iter();
    let read: Vec<Value> = read
        .map(|item| {
            json!([
                item["id"],
                item["itemId"],
                item["quantity"],
                cents(&item["unitPrice"])
            ])
        })
        .collect();
    assert_eq!(read, lines);
    assert_eq!(read[0][2], 5);

    rest.call("DELETE", "/carts/both/items/A").await.expect(202);
    let remove = RemoveItemRequest {
        customer_id: "both".into(),
        product_id: "A".into(),
    };
    let gone = grpc.remove_item(remove).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    let get = GetCartRequest {
        customer_id: "both".into(),
    };
    let left = grpc.get_cart(get).await.unwrap().into_inner().items;
    assert_eq!((left.len(), &*left[0].product_id), (1, "B"));
}

#[tokio::test]
async fn payment_gives_one_answer_in_two_tongues() {
    let (rest, mut grpc) = (Api::of("payment"), PaymentClient::new(channel("payment")));
    for amount_cents in [1, 10_500, 10_501, 99_999] {
        let (whole, rest_of) = (amount_cents / 100, amount_cents % 100);
        let body = format!(r#"{{"amount":{whole}.{rest_of:02}}}"#);
        let said = rest
            .post_raw("/paymentAuth", "application/json", body)
            .await
            .json();
        let request = AuthoriseRequest {
            order_id: format!("parity-{amount_cents}"),
            amount_cents,
        };
        let answer = grpc.authorise(request).await.unwrap().into_inner();
        assert_eq!(
            said,
            json!({"authorised": answer.authorised, "message": answer.message})
        );
    }
    let refused = rest
        .post("/paymentAuth", &json!({"amount": -1}))
        .await
        .expect(400);
    let request = AuthoriseRequest {
        order_id: "parity".into(),
        amount_cents: -100,
    };
    let status = grpc.authorise(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(refused.json()["error"], status.message());
}

#[tokio::test]
async fn a_customer_is_the_same_through_both_faces() {
    let (rest, mut grpc) = (Api::of("user"), UsersClient::new(channel("user")));
    let account = RegisterRequest {
        username: "both".into(),
        password: "a secret".into(),
        first_name: "Ada".into(),
        ..Default::default()
    };
    let ada = grpc.register(account).await.unwrap().into_inner();
    let login = rest
        .request("GET", "/login")
        .basic_auth("both", Some("a secret"));
    let login = Answer::to(login).await.expect(200).json();
    assert_eq!(
        (&login["user"]["id"], &login["user"]["firstName"]),
        (&json!(ada.id), &json!("Ada"))
    );

    let address = Address {
        street: "Mill Lane".into(),
        number: "12b".into(),
        ..Default::default()
    };
    let request = CreateAddressRequest {
        customer_id: ada.id.clone(),
        address: Some(address),
    };
    let address = grpc.create_address(request).await.unwrap().into_inner();
    let read = rest.get(&format!("/addresses/{}", address.id)).await.json();
    assert_eq!(
        (&read["street"], &read["number"]),
        (&json!("Mill Lane"), &json!("12b"))
    );
    let card = json!({"longNum": "4000123412341234", "expires": "11/29", "userID": ada.id});
    let id = post_for_id("user", "/cards", card).await;
    let read = rest.get(&format!("/cards/{id}")).await.json();
    let request = GetCardRequest {
        id,
        customer_id: ada.id,
    };
    let card = grpc.get_card(request).await.unwrap().into_inner();
    assert_eq!(read["longNum"], card.masked_number);
    assert_eq!(card.masked_number, "************1234");

    let wrong = rest
        .request("GET", "/login")
        .basic_auth("both", Some("wrong"));
    Answer::to(wrong).await.expect(401);
    let wrong = SignInRequest {
        username: "both".into(),
        password: "wrong".into(),
    };
    let status = grpc.sign_in(wrong).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_shipment_is_the_same_through_both_faces() {
    let (rest, mut grpc) = (
        Api::of("shipping"),
        ShippingClient::new(channel("shipping")),
    );
    let id = post_for_id("shipping", "/shipping", json!({"name": "ada"})).await;
    let request = GetShipmentRequest { id: id.clone() };
    let shipment = grpc
        .get_shipment(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((&*shipment.name, &*shipment.order_id), ("ada", ""));

    // An id is one shipment, whoever sends it again.
    let again = CreateShipmentRequest {
        id: id.clone(),
        name: "eve".into(),
        ..Default::default()
    };
    let again = grpc.create_shipment(again).await.unwrap().into_inner();
    assert_eq!((&again.id, &*again.name), (&id, "ada"));
    rest.post("/shipping", &json!({"id": id, "name": "eve"}))
        .await
        .expect(201);
    assert_eq!(
        grpc.get_shipment(request).await.unwrap().into_inner().name,
        "ada"
    );
}

/// What both faces tell of an order.
fn told(order: &Order) -> Value {
    let (card, address) = (order.card.clone().unwrap(), order.address.clone().unwrap());
    let items = order.items.iter();
    let items: Vec<Value> = items
        .map(|item| json!([item.product_id, item.quantity, item.unit_price_cents]))
        .collect();
    json!([
        order.customer_id,
        address.street,
        card.masked_number,
        items,
        order.total_cents
    ])
}

/// The same, on the old wire.
fn told_in_rest(order: &Value) -> Value {
    let items = order["items"].as_array().unwrap().iter();
    let items: Vec<Value> = items
        .map(|item| json!([item["itemId"], item["quantity"], cents(&item["unitPrice"])]))
        .collect();
    let (street, card) = (&order["address"]["street"], &order["card"]["longNum"]);
    json!([
        order["customerId"],
        street,
        card,
        items,
        cents(&order["total"])
    ])
}

#[tokio::test]
async fn an_order_is_the_same_through_both_faces() {
    let (rest, mut grpc) = (Api::of("orders"), OrdersClient::new(channel("orders")));
    let buyer = Buyer::new("both-orders").await;
    buyer.wants(COLOURFUL, 3).await;
    let placed = rest
        .post("/orders", &buyer.order())
        .await
        .expect(201)
        .json();
    let id = placed["id"].as_str().unwrap().to_owned();
    let request = GetOrderRequest {
        id,
        ..Default::default()
    };
    let order = grpc.get_order(request).await.unwrap().into_inner();
    assert_eq!(told(&order), told_in_rest(&placed));
    assert_eq!(order.total_cents, 5899, "prices are the catalogue's");
    assert_eq!(placed["shipment"]["id"], order.shipment_id);

    let order = grpc.place_order(buyer.wish()).await.unwrap().into_inner();
    assert!(matches!(
        order.state(),
        State::Paid | State::Packed | State::Shipped
    ));
    let read = rest.get(&format!("/orders/{}", order.id)).await.expect(200);
    assert_eq!(told_in_rest(&read.json()), told(&order));

    rest.get(&format!("/orders/{UNKNOWN}")).await.expect(404);
    let request = GetOrderRequest {
        id: UNKNOWN.into(),
        ..Default::default()
    };
    assert_eq!(
        grpc.get_order(request).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn an_order_is_declined_in_the_same_words_through_both_faces() {
    let (rest, mut grpc) = (Api::of("orders"), OrdersClient::new(channel("orders")));
    let buyer = Buyer::new("both-declined").await;
    buyer.wants(HOLY, 2).await;
    let refused = rest
        .post("/orders", &buyer.order())
        .await
        .expect(406)
        .json();
    let status = grpc.place_order(buyer.wish()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(refused["message"], status.message());
    assert_eq!(status.message(), "Payment declined: amount exceeds 105.00");
}

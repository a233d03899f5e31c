//! Bad calls of the gRPC faces: each gets a code that says whose fault it is,
//! and a message that says why.

use proto::cart::carts_client::CartsClient;
use proto::catalogue::catalogue_client::CatalogueClient;
use proto::orders::orders_client::OrdersClient;
use proto::payment::payment_client::PaymentClient;
use proto::shipping::shipping_client::ShippingClient;
use proto::user::users_client::UsersClient;
use proto::{cart, catalogue, orders, payment, shipping, user};
use tonic::Code::{
    AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, Unauthenticated, Unimplemented,
};
use tonic::{Code, Response, Status};

use super::{Buyer, UNKNOWN, channel};

/// The code of a call that has to fail.
async fn code<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Code {
    let Err(status) = call.await else {
        return Code::Ok;
    };
    assert!(!status.message().is_empty(), "{status:?}");
    status.code()
}

fn long() -> String {
    "x".repeat(100_000)
}

#[tokio::test]
async fn the_catalogue_refuses_what_it_cannot_list() {
    let mut service = CatalogueClient::new(channel("catalogue"));
    for id in [String::new(), "none".into(), "a\0b".into(), long()] {
        let request = catalogue::GetProductRequest { id };
        assert_eq!(code(service.get_product(request)).await, NotFound);
    }
    let ids = vec!["x".to_owned(); 201];
    let request = catalogue::GetProductsRequest { ids };
    assert_eq!(code(service.get_products(request)).await, InvalidArgument);
    let request = catalogue::ListProductsRequest {
        size: 101,
        ..Default::default()
    };
    assert_eq!(code(service.list_products(request)).await, InvalidArgument);
    let request = catalogue::ListProductsRequest {
        page: u32::MAX,
        size: 100,
        order: 99,
        tags: vec!["a\0b".into()],
        search: long(),
    };
    assert_eq!(code(service.list_products(request)).await, Code::Ok);
}

#[tokio::test]
async fn carts_refuse_items_that_are_none() {
    let mut service = CartsClient::new(channel("carts"));
    let item = cart::AddItemRequest {
        customer_id: "bad-call".into(),
        product_id: "A".into(),
        quantity: 1,
        unit_price_cents: 100,
    };
    for bad in [
        cart::AddItemRequest {
            customer_id: String::new(),
            ..item.clone()
        },
        cart::AddItemRequest {
            customer_id: long(),
            ..item.clone()
        },
        cart::AddItemRequest {
            product_id: String::new(),
            ..item.clone()
        },
        cart::AddItemRequest {
            product_id: "a\0b".into(),
            ..item.clone()
        },
        cart::AddItemRequest {
            quantity: 1001,
            ..item.clone()
        },
        cart::AddItemRequest {
            unit_price_cents: -1,
            ..item.clone()
        },
        cart::AddItemRequest {
            unit_price_cents: i64::MAX,
            ..item.clone()
        },
    ] {
        assert_eq!(code(service.add_item(bad)).await, InvalidArgument);
    }
    let set = |quantity| cart::SetQuantityRequest {
        customer_id: "bad-call".into(),
        product_id: "A".into(),
        quantity,
    };
    assert_eq!(code(service.set_quantity(set(1001))).await, InvalidArgument);
    assert_eq!(code(service.set_quantity(set(1))).await, NotFound);
    let remove = cart::RemoveItemRequest {
        customer_id: "bad-call".into(),
        product_id: "A".into(),
    };
    assert_eq!(code(service.remove_item(remove)).await, NotFound);
    let none = cart::GetCartRequest::default();
    assert_eq!(code(service.get_cart(none)).await, InvalidArgument);
    let none = cart::MergeCartsRequest::default();
    assert_eq!(code(service.merge_carts(none)).await, InvalidArgument);
    let none = cart::ClearCartRequest::default();
    assert_eq!(code(service.clear_cart(none)).await, InvalidArgument);
}

#[tokio::test]
async fn payment_refuses_amounts_that_are_none() {
    let mut service = PaymentClient::new(channel("payment"));
    let ask = |order: &str, amount_cents| payment::AuthoriseRequest {
        order_id: order.into(),
        amount_cents,
    };
    for bad in [
        ask("bad-call", 0),
        ask("bad-call", i64::MIN),
        ask("", 100),
        ask("a\0b", 100),
        ask(&long(), 100),
    ] {
        assert_eq!(code(service.authorise(bad)).await, InvalidArgument);
    }
    assert_eq!(
        code(service.authorise(ask("bad-twice", 100))).await,
        Code::Ok
    );
    assert_eq!(
        code(service.authorise(ask("bad-twice", 101))).await,
        FailedPrecondition
    );
    let void = payment::VoidRequest::default();
    assert_eq!(code(service.void(void)).await, InvalidArgument);
    for (order, expected) in [("", InvalidArgument), ("bad-call", NotFound)] {
        let get = payment::GetAuthorisationRequest {
            order_id: order.into(),
        };
        assert_eq!(code(service.get_authorisation(get)).await, expected);
    }
}

#[tokio::test]
async fn shipping_refuses_shipments_that_are_none() {
    let mut service = ShippingClient::new(channel("shipping"));
    for name in ["a\0b".to_owned(), long()] {
        let create = shipping::CreateShipmentRequest {
            name,
            ..Default::default()
        };
        assert_eq!(code(service.create_shipment(create)).await, InvalidArgument);
    }
    for (id, expected) in [
        ("", InvalidArgument),
        ("a\0b", InvalidArgument),
        ("none", NotFound),
    ] {
        let get = shipping::GetShipmentRequest { id: id.into() };
        assert_eq!(code(service.get_shipment(get)).await, expected, "{id}");
        let pack = shipping::PackShipmentRequest {
            id: id.into(),
            token: "t".into(),
        };
        assert_eq!(code(service.pack_shipment(pack)).await, expected, "{id}");
        let complete = shipping::CompleteShipmentRequest {
            id: id.into(),
            token: "t".into(),
        };
        assert_eq!(
            code(service.complete_shipment(complete)).await,
            expected,
            "{id}"
        );
        let fail = shipping::FailShipmentRequest {
            id: id.into(),
            ..Default::default()
        };
        assert_eq!(code(service.fail_shipment(fail)).await, expected, "{id}");
    }
    let lease = shipping::LeaseShipmentsRequest::default();
    assert_eq!(code(service.lease_shipments(lease)).await, InvalidArgument);
    let list = shipping::ListShipmentsRequest {
        state: 99,
        ..Default::default()
    };
    assert_eq!(code(service.list_shipments(list)).await, InvalidArgument);
    let order_ids = vec!["x".to_owned(); 201];
    let many = shipping::GetShipmentsOfOrdersRequest { order_ids };
    assert_eq!(
        code(service.get_shipments_of_orders(many)).await,
        InvalidArgument
    );
}

#[tokio::test]
async fn users_refuse_accounts_that_are_none() {
    let mut service = UsersClient::new(channel("user"));
    let account = |username: &str, password: &str| user::RegisterRequest {
        username: username.into(),
        password: password.into(),
        ..Default::default()
    };
    for bad in [
        account("", "p"),
        account("x", ""),
        account("a\0b", "p"),
        account(&long(), "p"),
    ] {
        assert_eq!(code(service.register(bad)).await, InvalidArgument);
    }
    assert_eq!(
        code(service.register(account("user", "p"))).await,
        AlreadyExists
    );
    for sign_in in [
        user::SignInRequest::default(),
        user::SignInRequest {
            username: long(),
            password: long(),
        },
    ] {
        assert_eq!(code(service.sign_in(sign_in)).await, Unauthenticated);
    }
    for (id, expected) in [
        ("", InvalidArgument),
        ("xyz", InvalidArgument),
        (UNKNOWN, NotFound),
    ] {
        let id = id.to_owned();
        let get = user::GetCustomerRequest { id: id.clone() };
        assert_eq!(code(service.get_customer(get)).await, expected, "{id}");
        let update = user::UpdateCustomerRequest {
            id: id.clone(),
            ..Default::default()
        };
        assert_eq!(
            code(service.update_customer(update)).await,
            expected,
            "{id}"
        );
        let delete = user::DeleteCustomerRequest { id: id.clone() };
        assert_eq!(
            code(service.delete_customer(delete)).await,
            expected,
            "{id}"
        );
        let list = user::ListCardsRequest {
            customer_id: id.clone(),
        };
        assert_eq!(code(service.list_cards(list)).await, expected, "{id}");
        let list = user::ListAddressesRequest {
            customer_id: id.clone(),
        };
        assert_eq!(code(service.list_addresses(list)).await, expected, "{id}");
        let card = user::GetCardRequest {
            id: id.clone(),
            ..Default::default()
        };
        assert_eq!(code(service.get_card(card)).await, expected, "{id}");
        let create = user::CreateAddressRequest {
            customer_id: id,
            address: None,
        };
        assert_eq!(code(service.create_address(create)).await, expected);
    }
    let card = user::CreateCardRequest {
        customer_id: UNKNOWN.into(),
        number: "1".into(),
        ..Default::default()
    };
    assert_eq!(code(service.create_card(card)).await, InvalidArgument);
}

#[tokio::test]
async fn orders_refuse_what_nobody_can_order() {
    let mut service = OrdersClient::new(channel("orders"));
    let buyer = Buyer::new("bad-caller").await;
    let (wish, unknown) = (buyer.wish(), UNKNOWN.to_owned());
    for (bad, expected) in [
        (orders::PlaceOrderRequest::default(), InvalidArgument),
        (
            orders::PlaceOrderRequest {
                customer_id: "xyz".into(),
                ..wish.clone()
            },
            InvalidArgument,
        ),
        (
            orders::PlaceOrderRequest {
                customer_id: "a\0b".into(),
                ..wish.clone()
            },
            InvalidArgument,
        ),
        (
            orders::PlaceOrderRequest {
                card_id: long(),
                ..wish.clone()
            },
            InvalidArgument,
        ),
        (
            orders::PlaceOrderRequest {
                idempotency_key: long(),
                ..wish.clone()
            },
            InvalidArgument,
        ),
        (
            orders::PlaceOrderRequest {
                customer_id: unknown.clone(),
                ..wish.clone()
            },
            NotFound,
        ),
        (
            orders::PlaceOrderRequest {
                address_id: unknown.clone(),
                ..wish.clone()
            },
            NotFound,
        ),
        (
            orders::PlaceOrderRequest {
                card_id: unknown,
                ..wish.clone()
            },
            NotFound,
        ),
        (wish, FailedPrecondition),
    ] {
        assert_eq!(
            code(service.place_order(bad.clone())).await,
            expected,
            "{bad:?}"
        );
    }
    for id in ["", "none", "a\0b", UNKNOWN] {
        let get = orders::GetOrderRequest {
            id: id.into(),
            ..Default::default()
        };
        assert_eq!(code(service.get_order(get)).await, NotFound, "{id}");
        let cancel = orders::CancelOrderRequest {
            id: id.into(),
            ..Default::default()
        };
        assert_eq!(code(service.cancel_order(cancel)).await, NotFound, "{id}");
    }
    let list = orders::ListOrdersRequest {
        page_token: "not one of ours".into(),
        ..Default::default()
    };
    assert_eq!(code(service.list_orders(list)).await, InvalidArgument);
}

#[tokio::test]
async fn a_method_that_does_not_exist_is_said_to() {
    for service in [
        "catalogue",
        "carts",
        "orders",
        "payment",
        "user",
        "shipping",
        "queue-master",
    ] {
        let mut other = tonic_health::pb::health_client::HealthClient::with_origin(
            channel(service),
            format!("{}/nowhere", super::shared::url(service))
                .parse()
                .unwrap(),
        );
        let request = tonic_health::pb::HealthCheckRequest::default();
        assert_eq!(code(other.check(request)).await, Unimplemented, "{service}");
    }
}

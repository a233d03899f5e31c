//! What every service has beside its own API: health, reflection, OpenAPI.

use std::collections::BTreeSet;

use futures_util::stream;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use super::channel;
use super::support::api::Api;

/// The gRPC services by the name of their process.
const SERVICES: [(&str, &str); 6] = [
    ("catalogue", "sockshop.catalogue.v1.Catalogue"),
    ("carts", "sockshop.cart.v1.Carts"),
    ("orders", "sockshop.orders.v1.Orders"),
    ("payment", "sockshop.payment.v1.Payment"),
    ("user", "sockshop.user.v1.Users"),
    ("shipping", "sockshop.shipping.v1.Shipping"),
];

#[tokio::test]
async fn every_service_tells_its_health_over_grpc() {
    for (service, name) in SERVICES {
        let mut health = HealthClient::new(channel(service));
        for name in ["", name] {
            let request = HealthCheckRequest {
                service: name.into(),
            };
            let answer = health.check(request).await.unwrap().into_inner();
            assert_eq!(answer.status(), ServingStatus::Serving, "{service} {name}");
        }
        let request = HealthCheckRequest {
            service: "socks".into(),
        };
        let unknown = health.check(request).await.unwrap_err();
        assert_eq!(unknown.code(), Code::NotFound, "{service}");
    }
}

/// What `service` answers to one question about itself.
async fn reflect(service: &str, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let mut reflection = ServerReflectionClient::new(channel(service));
    let answers = reflection.server_reflection_info(stream::iter([request]));
    let answer = answers.await.unwrap().into_inner().message().await.unwrap();
    answer.unwrap().message_response.unwrap()
}

#[tokio::test]
async fn every_service_describes_its_grpc_face() {
    for (service, name) in SERVICES {
        let listed = reflect(service, MessageRequest::ListServices(String::new())).await;
        let MessageResponse::ListServicesResponse(listed) = listed else {
            panic!("{service}: {listed:?}");
        };
        let listed: BTreeSet<&str> = listed.service.iter().map(|one| &*one.name).collect();
        assert!(listed.contains(name), "{service}: {listed:?}");
        assert!(
            listed.contains("grpc.health.v1.Health"),
            "{service}: {listed:?}"
        );

        let file = reflect(service, MessageRequest::FileContainingSymbol(name.into())).await;
        let MessageResponse::FileDescriptorResponse(file) = file else {
            panic!("{service}: {file:?}");
        };
        assert!(!file.file_descriptor_proto.is_empty(), "{service}");
    }
}

/// The methods and paths of the contract, per service.
const CONTRACT: [(&str, &[&str]); 6] = [
    (
        "catalogue",
        &[
            "get /catalogue",
            "get /catalogue/images/{file}",
            "get /catalogue/size",
            "get /catalogue/{id}",
            "get /tags",
        ],
    ),
    (
        "carts",
        &[
            "delete /carts/{customerId}",
            "delete /carts/{customerId}/items/{itemId}",
            "get /carts/{customerId}",
            "get /carts/{customerId}/items",
            "get /carts/{customerId}/items/{itemId}",
            "get /carts/{customerId}/merge",
            "patch /carts/{customerId}/items",
            "post /carts/{customerId}/items",
        ],
    ),
    (
        "orders",
        &[
            "get /orders",
            "get /orders/search",
            "get /orders/search/customerId",
            "get /orders/{id}",
            "post /orders",
        ],
    ),
    ("payment", &["post /paymentAuth"]),
    (
        "user",
        &[
            "delete /addresses/{id}",
            "delete /cards/{id}",
            "delete /customers/{id}",
            "get /addresses",
            "get /addresses/{id}",
            "get /cards",
            "get /cards/{id}",
            "get /customers",
            "get /customers/{id}",
            "get /customers/{id}/addresses",
            "get /customers/{id}/cards",
            "get /login",
            "post /addresses",
            "post /cards",
            "post /customers",
            "post /register",
        ],
    ),
    (
        "shipping",
        &["get /shipping", "get /shipping/{id}", "post /shipping"],
    ),
];

#[tokio::test]
async fn every_service_describes_its_contract_paths_and_no_others() {
    for (service, contract) in CONTRACT {
        let answer = Api::of(service).get("/openapi.json").await.expect(200);
        assert!(
            answer.media_type().starts_with("application/json"),
            "{service}"
        );
        let api = answer.json();
        assert!(
            api["openapi"].as_str().unwrap().starts_with("3."),
            "{service}"
        );
        let paths = api["paths"].as_object().unwrap().iter();
        let described: BTreeSet<String> = paths
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(move |method| format!("{method} {path}"))
            })
            .collect();
        let described: Vec<&str> = described.iter().map(|one| &**one).collect();
        assert_eq!(described, contract, "{service}");
    }
}

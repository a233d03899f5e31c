//! The original's own two metrics (contract README, "Metrics"), for both
//! protocols.

use std::time::Instant;

use ::metrics::{counter, histogram};
use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

/// Counts a request and observes how long it took, by what it was about.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let known = request.extensions().get::<MatchedPath>().is_some();
    let label = label(request.method(), request.uri().path()).filter(|_| known);
    let start = Instant::now();
    let response = next.run(request).await;
    if let Some(method) = label {
        let seconds = start.elapsed().as_secs_f64();
        counter!("microservices_demo_user_request_count", "method" => method).increment(1);
        for name in [
            "microservices_demo_user_request_latency_seconds",
            // The original's name, whose unit was never true.
            "microservices_demo_user_request_latency_microseconds",
        ] {
            histogram!(name, "method" => method).record(seconds);
        }
    }
    response
}

/// The original's word for a request, if it had one.
fn label(method: &Method, path: &str) -> Option<&'static str> {
    let mut parts = path.split('/').skip(1);
    let (first, second) = (parts.next()?, parts.next().unwrap_or_default());
    Some(match (method.as_str(), first) {
        ("POST", "sockshop.user.v1.Users") => return grpc_label(second),
        ("GET", "login") => "login",
        ("POST", "register") => "register",
        ("GET", "customers") => "getUsers",
        ("GET", "addresses") => "getAddresses",
        ("GET", "cards") => "getCards",
        ("GET", "health" | "healthz") => "health",
        ("POST", "customers") => "postUser",
        ("POST", "addresses") => "postAddress",
        ("POST", "cards") => "postCard",
        ("DELETE", _) => "delete",
        _ => return None,
    })
}

fn grpc_label(method: &str) -> Option<&'static str> {
    Some(match method {
        "SignIn" => "login",
        "Register" => "register",
        "GetCustomer" => "getUsers",
        "ListAddresses" | "GetAddress" => "getAddresses",
        "ListCards" | "GetCard" => "getCards",
        "CreateAddress" => "postAddress",
        "CreateCard" => "postCard",
        "DeleteCustomer" | "DeleteAddress" | "DeleteCard" => "delete",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_protocols_share_the_words_of_the_original() {
        assert_eq!(label(&Method::GET, "/login"), Some("login"));
        assert_eq!(label(&Method::GET, "/customers/7/cards"), Some("getUsers"));
        assert_eq!(label(&Method::DELETE, "/cards/7"), Some("delete"));
        let path = "/sockshop.user.v1.Users/SignIn";
        assert_eq!(label(&Method::POST, path), Some("login"));
        assert_eq!(label(&Method::GET, "/openapi.json"), None);
    }
}

//! What pages hold, whatever was typed.

use serde_json::json;

use crate::PAGES;
use crate::support::visitor::{COLOURFUL, Visitor};

#[tokio::test]
async fn pages_allow_nothing_inline_and_hold_nothing_inline() {
    let customer = Visitor::buyer("strict").await;
    customer.wants(COLOURFUL).await.expect(201);
    for visitor in [Visitor::new(), customer] {
        for path in PAGES {
            let page = visitor.page(path).await;
            let policy = page.header("content-security-policy");
            assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
            assert!(
                policy.contains("frame-ancestors 'none'"),
                "{path}: {policy}"
            );
            assert!(!policy.contains("unsafe"), "{path}: {policy}");
            assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
            assert_nothing_inline(path, &page.text());
        }
    }
}

#[track_caller]
fn assert_nothing_inline(path: &str, page: &str) {
    for tag in page.split('<').filter_map(|rest| rest.split('>').next()) {
        let name = tag.split_whitespace().next().unwrap_or_default();
        let inline = match name {
            "script" => !tag.contains(" src=\"/assets/"),
            "style" => true,
            _ => tag.contains(" style=") || tag.contains("javascript:"),
        };
        let handler = tag
            .split_whitespace()
            .any(|part| part.starts_with("on") && part.contains('='));
        assert!(!inline && !handler, "{path}: <{tag}>");
    }
}

#[tokio::test]
async fn what_customers_type_is_shown_and_never_run() {
    let script = "<script>alert(1)</script>\"'&";
    let visitor = Visitor::new();
    let account = json!({"username": "marker", "password": "p4ssw0rd", "firstName": script,
        "lastName": script, "email": "m@example.org"});
    visitor.web.post("/register", &account).await.expect(200);
    let address = json!({"number": "1", "street": script, "city": script, "postcode": "1",
        "country": script});
    visitor.web.post("/addresses", &address).await.expect(200);
    visitor.saves_card().await;
    visitor.wants(COLOURFUL).await.expect(201);
    let order = visitor.buys().await.expect(201).json();
    let order = format!("/account/orders/{}", order["id"].as_str().unwrap());
    for path in [
        "/",
        "/account",
        "/checkout",
        &order,
        "/socks?search=%3Cscript%3Ealert(1)",
    ] {
        let page = visitor.page(path).await.expect(200).text();
        assert!(!page.contains("<script>alert"), "{path}: {page}");
        assert!(
            page.contains("script&") || page.contains("&#60;script"),
            "{path}: {page}"
        );
    }
}

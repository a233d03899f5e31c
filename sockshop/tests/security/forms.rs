//! Forms, and who may send them.

use serde_json::json;

use crate::support::api::Answer;
use crate::support::visitor::{COLOURFUL, Visitor, fields, password};

#[tokio::test]
async fn a_form_is_taken_only_from_the_visitor_it_was_given_to() {
    let (visitor, other) = (Visitor::new(), Visitor::new());
    visitor.register("former").await;
    let visitor = Visitor::new();
    let secret = password("former");
    let typed = [("username", "former"), ("password", &*secret)];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let bare: Vec<_> = typed.into_iter().map(owned).collect();
    visitor.page("/sign-in").await.expect(200);
    visitor.posts("/sign-in", &bare).await.expect(400);

    let page = other.page("/sign-in").await.expect(200).text();
    let mut foreign = bare.clone();
    foreign.extend(
        fields(&page, "/sign-in")
            .into_iter()
            .filter(|(name, _)| name == "csrf"),
    );
    assert_eq!(foreign.len(), 3, "{foreign:?}");
    visitor.posts("/sign-in", &foreign).await.expect(400);
    assert_eq!(visitor.username().await, None);

    let own = visitor.submits("/sign-in", "/sign-in", &typed).await;
    own.expect(303);
    assert_eq!(visitor.username().await.as_deref(), Some("former"));
}

#[tokio::test]
async fn another_sites_page_cannot_act_for_a_visitor() {
    let visitor = Visitor::buyer("elsewhere").await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://example.org"),
        ("origin", "null"),
    ] {
        for path in [
            "/cart",
            "/orders",
            "/addresses",
            "/logout",
            "/sign-out",
            "/login",
        ] {
            let request = visitor.web.request("POST", path).header(name, value);
            let answer = Answer::to(request.json(&json!({"id": COLOURFUL}))).await;
            assert_eq!(answer.status, 403, "{path} {name}: {value}");
        }
        let request = visitor.web.request("DELETE", "/cart").header(name, value);
        Answer::to(request).await.expect(403);
    }
    assert_eq!(visitor.cart().await, json!([]));
    assert_eq!(visitor.username().await.as_deref(), Some("elsewhere"));
    let own = visitor
        .web
        .request("POST", "/cart")
        .header("sec-fetch-site", "same-origin");
    Answer::to(own.json(&json!({"id": COLOURFUL})))
        .await
        .expect(201);
}

#[tokio::test]
async fn signing_in_leads_to_pages_of_the_shop_only() {
    Visitor::new().register("returning").await;
    let secret = password("returning");
    for (next, location) in [
        ("/account/orders", "/account/orders"),
        ("//example.org/", "/"),
        ("/\\example.org", "/"),
        ("https://example.org/", "/"),
        ("javascript:alert(1)", "/"),
    ] {
        let typed = [
            ("username", "returning"),
            ("password", &secret),
            ("next", next),
        ];
        let answer = Visitor::new().submits("/sign-in", "/sign-in", &typed).await;
        assert_eq!(answer.expect(303).header("location"), location, "{next}");
    }
}

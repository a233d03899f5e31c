//! Tests of sessions and passwords.

use serde_json::{Value, json};

use crate::support::api::Answer;
use crate::support::visitor::{Visitor, password};

#[tokio::test]
async fn a_session_has_a_new_name_after_signing_in_and_none_after_signing_out() {
    Visitor::new().register("fixed").await;
    let secret = password("fixed");
    let visitor = Visitor::new();
    let before = session(&visitor.page("/sign-in").await.expect(200));
    let typed = [("username", "fixed"), ("password", &*secret)];
    let after = visitor.submits("/sign-in", "/sign-in", &typed).await;
    let after = session(&after.expect(303));
    assert_ne!(before, after);
    assert_eq!(
        bearer(&before).await,
        json!(null),
        "who planted it gains nothing"
    );
    assert_eq!(bearer(&after).await, json!("fixed"));

    let again = session(&visitor.signs_in("fixed", &secret).await.expect(200));
    assert_ne!(after, again);
    assert_eq!(bearer(&after).await, json!(null));
    visitor
        .submits("/account", "/sign-out", &[])
        .await
        .expect(303);
    assert_eq!(
        bearer(&again).await,
        json!(null),
        "a copy is worth nothing, too"
    );
}

/// The session cookie an answer sets.
fn session(answer: &Answer) -> String {
    let cookie = answer.cookie("md.sid").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// Who somebody is taken for who has this session cookie.
async fn bearer(session: &str) -> Value {
    let cookies = format!("{session}; logged_in=yes");
    let request = Visitor::new().web.request("GET", "/customers/x");
    let answer = Answer::to(request.header("cookie", cookies)).await;
    answer.expect(200).json()["username"].clone()
}

#[tokio::test]
async fn guessing_a_password_is_stopped_for_that_name_only() {
    let (guessed, other) = (Visitor::new(), Visitor::new());
    guessed.register("guessed").await;
    other.register("unbothered").await;
    let guess = async |name: &str, password: &str| {
        let credentials = json!({"username": name, "password": password});
        Visitor::new().web.post("/login", &credentials).await.status
    };
    let mut tries = 0;
    while guess("guessed", "wrong").await == 401 {
        tries += 1;
        assert!(tries < 100, "nobody stops it");
    }
    assert!(tries >= 3, "people mistype");
    assert_eq!(guess("guessed", &password("guessed")).await, 429);
    assert_eq!(guess("unbothered", &password("unbothered")).await, 200);
    let refused = Visitor::new()
        .signs_in("guessed", &password("guessed"))
        .await;
    assert_eq!(refused.expect(401).text(), "");
}

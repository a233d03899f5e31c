//! Opening accounts and signing in to them.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use chassis::testing::{call, send};
use serde_json::{Value, json};
use user::login_throttle::MAX_FAILURES;
use user::{Customer, password};

use crate::{app, list, login, made, refused, register, store};

#[tokio::test]
async fn a_registered_customer_can_sign_in() {
    let app = app().await;
    let body = json!({"USERNAME": "t1", "password": "p", "email": "t@example.org", "firstName": "T",
                      "lastName": null, "ignored": 1, "_links": {"self": {"href": "x"}}});
    let id = made(&app, "/register", body).await;
    let answer = login(&app, "t1", "p").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["user"]["id"], id);
    assert_eq!(answer.json()["user"]["firstName"], "T");
    let again = json!({"username": "t1", "password": "other"});
    let error = refused(&app, "POST", "/register", again.clone(), 409).await;
    assert_eq!(error, "username already exists");
    assert_eq!(refused(&app, "POST", "/customers", again, 409).await, error);
    assert_eq!(
        login(&app, "T1", "p").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_account_needs_a_name_and_a_password_at_both_doors() {
    let app = app().await;
    for path in ["/register", "/customers"] {
        for (body, word) in [
            (json!({}), "username"),
            (json!({"username": "", "password": "p"}), "username"),
            (json!({"username": "t2"}), "password"),
            (json!({"username": "t2", "password": 5}), "wrong type"),
            (
                json!({"username": "t2", "password": "p", "email": "t2"}),
                "email",
            ),
            (
                json!({"username": "t".repeat(101), "password": "p"}),
                "username",
            ),
            (json!({"username": "t\u{0}", "password": "p"}), "username"),
            (json!([]), "object"),
        ] {
            let error = refused(&app, "POST", path, body.clone(), 400).await;
            assert!(error.contains(word), "{body}: {error}");
        }
        made(&app, path, json!({"username": path, "password": "p"})).await;
        assert_eq!(login(&app, path, "p").await.status, StatusCode::OK);
        assert_eq!(login(&app, path, "").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(list(&app, "/customers", "customer").await.len(), 5);
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    for body in ["", "{", "username=t&password=p"] {
        let request = Request::post("/register").body(Body::from(body)).unwrap();
        assert_eq!(
            send(&app().await, request).await.status,
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_look_the_same() {
    let app = app().await;
    let expected =
        json!({"error": "Unauthorized", "status_code": 401, "status_text": "Unauthorized"});
    let long = "x".repeat(300);
    for (username, password) in [
        ("user", "wrong"),
        ("nobody", "password"),
        ("user", ""),
        (&long, "p"),
        ("user\0", "password"),
    ] {
        let answer = login(&app, username, password).await;
        assert_eq!(
            (answer.status, answer.json()),
            (StatusCode::UNAUTHORIZED, expected.clone())
        );
        assert_eq!(answer.header("www-authenticate"), "");
    }
    let answer = call(&app, "GET", "/login", Value::Null).await;
    assert_eq!(
        (answer.status, answer.json()),
        (StatusCode::UNAUTHORIZED, expected)
    );
}

#[tokio::test]
async fn guessing_is_stopped_for_known_and_unknown_names() {
    let app = app().await;
    for name in ["user1", "nobody"] {
        for _ in 0..MAX_FAILURES {
            assert_eq!(
                login(&app, name, "guess").await.status,
                StatusCode::UNAUTHORIZED
            );
        }
        for guess in ["guess", "password"] {
            let answer = login(&app, name, guess).await;
            assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(answer.json()["status_code"], 429);
        }
    }
    assert_eq!(login(&app, "user", "password").await.status, StatusCode::OK);
}

#[tokio::test]
async fn guessing_at_once_gains_nothing() {
    let app = app().await;
    let guesses = (0..40).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { login(&app, "user1", "guess").await.status })
    });
    let mut checked = 0;
    for guess in guesses.collect::<Vec<_>>() {
        checked += u32::from(guess.await.unwrap() == StatusCode::UNAUTHORIZED);
    }
    // One more may be at work while the last one fails.
    assert!(
        (MAX_FAILURES..=MAX_FAILURES + 1).contains(&checked),
        "{checked}"
    );
}

#[tokio::test]
async fn the_right_password_is_never_limited() {
    let app = app().await;
    for _ in 0..200 {
        assert_eq!(login(&app, "user", "password").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_remembered_sign_in_ends_with_the_password_or_the_account() {
    let store = store().await;
    let app = user::app(store.clone(), "user");
    let id = register(&app, "ada").await;
    assert_eq!(login(&app, "ada", "secret").await.status, StatusCode::OK);

    let old = store.account("ada").await.unwrap().unwrap().password;
    let new = password::hash("changed").unwrap();
    store.change_password(&id, &old, &new).await.unwrap();
    assert_eq!(
        login(&app, "ada", "secret").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(login(&app, "ada", "changed").await.status, StatusCode::OK);

    call(&app, "DELETE", &format!("/customers/{id}"), Value::Null).await;
    assert_eq!(
        login(&app, "ada", "changed").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_imported_password_is_hashed_anew_at_the_first_sign_in() {
    let store = store().await;
    let imported = Customer {
        id: "57a98d98e4b00679b4a830ff".into(),
        username: "imported".into(),
        email: String::new(),
        first_name: String::new(),
        last_name: String::new(),
    };
    let legacy = "legacy-sha1$6c1c6176e8b455ef37da13d953df971c249d0d8e$e2de7202bb2201842d041f6de201b10438369fb8";
    store.create_customer(&imported, legacy).await.unwrap();
    let app = user::app(store.clone(), "user");
    let stored = async || store.account("imported").await.unwrap().unwrap().password;

    assert_eq!(
        login(&app, "imported", "guess").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(stored().await, legacy);
    assert_eq!(
        login(&app, "imported", "password").await.status,
        StatusCode::OK
    );
    assert!(stored().await.starts_with("$argon2id$"));
    assert_eq!(
        login(&app, "imported", "password").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn only_one_of_many_gets_a_name() {
    let app = app().await;
    let wishes = (0..6).map(|_| {
        let app = app.clone();
        let body = json!({"username": "ada", "password": "secret"});
        tokio::spawn(async move { call(&app, "POST", "/register", body).await.status })
    });
    let mut answers = Vec::new();
    for wish in wishes.collect::<Vec<_>>() {
        answers.push(wish.await.unwrap());
    }
    answers.sort();
    assert_eq!(answers[0], StatusCode::OK);
    assert!(
        answers[1..]
            .iter()
            .all(|status| *status == StatusCode::CONFLICT),
        "{answers:?}"
    );
}

const COMPOSED: &str = "Zo\u{eb}";
const DECOMPOSED: &str = "Zoe\u{308}";

#[tokio::test]
async fn names_and_passwords_are_equal_however_their_letters_are_composed() {
    for (chosen, typed) in [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)] {
        let app = app().await;
        let body = json!({"username": format!(" {chosen} "), "password": format!("{chosen}!"),
            "firstName": format!("{chosen}\u{a0}")});
        let id = made(&app, "/register", body).await;
        for name in [chosen, typed] {
            for password in [chosen, typed] {
                let answer = login(&app, name, &format!("{password}!")).await;
                assert_eq!(answer.json()["user"]["id"], id, "{name} {password}");
                assert_eq!(answer.json()["user"]["firstName"], COMPOSED);
                assert_eq!(answer.json()["user"]["username"], COMPOSED);
            }
        }
        let again = json!({"username": typed, "password": "p"});
        refused(&app, "POST", "/register", again, 409).await;
        let wrong = login(&app, typed, &format!("{chosen}?")).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn accounts_from_before_texts_were_normalized_keep_working() {
    let store = store().await;
    let old = |number: u8, username: &str| Customer {
        id: format!("{number:024x}"),
        username: username.to_owned(),
        email: String::new(),
        first_name: String::new(),
        last_name: String::new(),
    };
    let long = "x".repeat(150);
    for (number, name) in [(1, DECOMPOSED), (2, " blank "), (3, &long)] {
        let hash = password::hash(&format!("{name}!")).unwrap();
        store
            .create_customer(&old(number, name), &hash)
            .await
            .unwrap();
    }
    let app = user::app(store, "user");
    for (number, name, secret) in [
        (1, DECOMPOSED, DECOMPOSED),
        (1, COMPOSED, COMPOSED),
        (1, COMPOSED, DECOMPOSED),
        (2, " blank ", " blank "),
        (3, &long, &long),
    ] {
        let answer = login(&app, name, &format!("{secret}!")).await;
        let id = format!("{number:024x}");
        assert_eq!(answer.json()["user"]["id"], id, "{name:?}");
    }
    let taken = json!({"username": COMPOSED, "password": "p"});
    refused(&app, "POST", "/register", taken, 409).await;
}

#[tokio::test]
async fn other_spellings_of_a_name_are_no_further_guesses() {
    let app = app().await;
    let body = json!({"username": COMPOSED, "password": "p"});
    made(&app, "/register", body).await;
    for guess in 0..MAX_FAILURES {
        let name = [COMPOSED, DECOMPOSED, " Zo\u{eb}"][guess as usize % 3];
        assert_eq!(login(&app, name, "guess").await.status, 401);
    }
    assert_eq!(login(&app, DECOMPOSED, "guess").await.status, 429);
}

//! Limits on sign-ins and registrations per source.

use axum::Router;
use chassis::forwarded::CLIENT_ADDRESS;
use proto::user as pb;
use proto::user::users_client::UsersClient;
use serde_json::json;
use tonic::{Code, Request, Status};
use user::login_throttle::MAX_FAILURES;

use crate::{app, login, made};

/// A request that the front-end makes for the client at `address`.
fn of<T>(message: T, address: &str) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert(CLIENT_ADDRESS, address.parse().unwrap());
    request
}

async fn sign_in(
    app: &Router,
    (name, password): (&str, &str),
    address: &str,
) -> Result<(), Status> {
    let credentials = pb::SignInRequest {
        username: name.into(),
        password: password.into(),
    };
    let mut users = UsersClient::new(app.clone());
    users.sign_in(of(credentials, address)).await.map(drop)
}

/// How many seconds a refused caller is asked to wait.
fn wait(status: &Status) -> u64 {
    let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap();
    pushback.to_str().unwrap().parse::<u64>().unwrap() / 1000
}

#[tokio::test]
async fn whoever_guesses_at_a_name_does_not_lock_its_owner_out_elsewhere() {
    let app = app().await;
    let (guess, right) = (("user1", "guess"), ("user1", "password"));
    for _ in 0..MAX_FAILURES {
        let refused = sign_in(&app, guess, "192.0.2.1").await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated);
    }
    for address in ["192.0.2.1", "::ffff:192.0.2.1"] {
        let blocked = sign_in(&app, right, address).await.unwrap_err();
        assert_eq!(blocked.code(), Code::ResourceExhausted);
        assert!((50..=60).contains(&wait(&blocked)), "{blocked}");
    }
    sign_in(&app, right, "192.0.2.2").await.unwrap();
    assert_eq!(login(&app, right.0, right.1).await.status, 200);
}

#[tokio::test]
async fn callers_over_rest_are_told_how_long_to_wait_too() {
    let app = app().await;
    for _ in 0..MAX_FAILURES {
        assert_eq!(login(&app, "user1", "guess").await.status, 401);
    }
    let blocked = login(&app, "user1", "password").await;
    assert_eq!(blocked.status, 429);
    let wait: u64 = blocked.header("retry-after").parse().unwrap();
    assert!((50..=60).contains(&wait), "{wait}");
    sign_in(&app, ("user1", "password"), "192.0.2.1")
        .await
        .unwrap();
}

#[tokio::test]
async fn of_six_hundred_sign_ins_at_once_most_are_refused_and_others_get_in() {
    let app = app().await;
    made(
        &app,
        "/register",
        json!({"username": "ada", "password": "p"}),
    )
    .await;
    let flood = (0..600).map(|number| {
        let app = app.clone();
        let name = format!("nobody-{number}");
        tokio::spawn(async move { sign_in(&app, (&name, "guess"), "192.0.2.1").await })
    });
    let flood: Vec<_> = flood.collect();
    let account = pb::RegisterRequest {
        username: "bob".into(),
        password: "secret".into(),
        ..Default::default()
    };
    let mut users = UsersClient::new(app.clone());
    users
        .register(of(account.clone(), "192.0.2.2"))
        .await
        .unwrap();
    sign_in(&app, ("ada", "p"), "192.0.2.3").await.unwrap();
    let same_source = pb::RegisterRequest {
        username: "carol".into(),
        ..account
    };
    users.register(of(same_source, "192.0.2.1")).await.unwrap();
    let mut refused = 0;
    for answer in flood {
        let status = answer.await.unwrap().unwrap_err();
        if status.code() == Code::ResourceExhausted {
            assert_eq!(wait(&status), 1);
            refused += 1;
        }
    }
    // Hashes end while the flood arrives; each lets one more wait.
    assert!(refused > 300, "{refused}");
}

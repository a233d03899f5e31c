//! A schema change across releases: processes of neighbouring releases on one
//! database, at the same time.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use proto::user::users_client::UsersClient;
use proto::user::{RegisterRequest, SignInRequest};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tonic::Code;
use tonic::transport::Channel;

/// The releases of `user::schema`, in order.
const RELEASES: [&str; 5] = ["v1-before", "v2-expand", "v3-migrate", "v4-contract", "v5"];

/// A running release, killed at the latest when the test ends.
struct Release {
    child: Child,
    users: UsersClient<Channel>,
}

impl Release {
    async fn start(version: &str, database: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_user"))
            .envs([("PORT", "0"), ("ADMIN_PORT", "0"), ("RUST_LOG", "info")])
            .envs([("VERSION", version), ("DATABASE_URL", database)])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let serving = async {
            loop {
                let line = log.next_line().await.unwrap().unwrap();
                let line: Value = serde_json::from_str(&line).unwrap();
                if line["message"] == "serving" {
                    return format!("http://{}", line["address"].as_str().unwrap());
                }
            }
        };
        let limit = Duration::from_secs(60);
        let url = tokio::time::timeout(limit, serving).await.unwrap();
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        let users = UsersClient::connect(url).await.unwrap();
        Self { child, users }
    }

    async fn register(&self, username: &str) -> Result<(), tonic::Status> {
        let wish = RegisterRequest {
            username: username.into(),
            password: "secret".into(),
            ..RegisterRequest::default()
        };
        self.users.clone().register(wish).await.map(drop)
    }

    async fn sign_in(&self, username: &str) -> Result<(), tonic::Status> {
        let attempt = SignInRequest {
            username: username.into(),
            password: "secret".into(),
        };
        self.users.clone().sign_in(attempt).await.map(drop)
    }

    async fn end(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// A database for several processes.
async fn database(folder: &tempfile::TempDir) -> String {
    let url = chassis::testing::database_url().await;
    if url.starts_with("postgres") {
        return url;
    }
    format!("sqlite:{}/user.db?mode=rwc", folder.path().display())
}

/// Registers customers with `release` until told to stop; returns how many.
async fn keep_registering(release: &Release, names: &str, stop: &AtomicBool) -> u32 {
    let count = AtomicU32::new(0);
    while !stop.load(Relaxed) {
        let username = format!("{names}-{}", count.fetch_add(1, Relaxed));
        release.register(&username).await.unwrap();
        release.sign_in(&username).await.unwrap();
    }
    count.into_inner()
}

#[tokio::test]
async fn each_release_runs_beside_the_one_before_it_without_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder).await;
    let mut old = Release::start(RELEASES[0], &database).await;
    old.register("first").await.unwrap();
    for version in &RELEASES[1..] {
        let starting = AtomicBool::new(false);
        let (new, made) = tokio::join!(
            async {
                let new = Release::start(version, &database).await;
                starting.store(true, Relaxed);
                new
            },
            keep_registering(&old, version, &starting)
        );
        old.register(&format!("{version}-old")).await.unwrap();
        new.register(&format!("{version}-new")).await.unwrap();
        let mut names = vec!["first".to_owned()];
        names.extend((0..made).map(|number| format!("{version}-{number}")));
        names.extend([format!("{version}-old"), format!("{version}-new")]);
        for name in &names {
            old.sign_in(name).await.unwrap();
            new.sign_in(name).await.unwrap();
        }
        std::mem::replace(&mut old, new).end().await;
    }
    let seen = old.register("first").await.unwrap_err();
    assert_eq!(seen.code(), Code::AlreadyExists);
}

#[tokio::test]
async fn a_release_taken_back_still_knows_everybody_until_the_column_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder).await;
    for (to, back) in [(1, 0), (2, 1), (3, 2)] {
        let (old, new) = (RELEASES[back], RELEASES[to]);
        let name = format!("only-{new}-knows");
        let newer = Release::start(new, &database).await;
        newer.register(&name).await.unwrap();
        newer.end().await;
        let older = Release::start(old, &database).await;
        older.sign_in(&name).await.unwrap();
        older.end().await;
    }
}

#[tokio::test]
async fn a_release_left_out_is_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(&folder).await;
    let before = Release::start(RELEASES[0], &database).await;
    before.register("ada").await.unwrap();
    let done = Release::start(RELEASES[4], &database).await;
    done.sign_in("ada").await.unwrap();
    assert_eq!(
        before.sign_in("ada").await.unwrap_err().code(),
        Code::Internal
    );
    assert!(before.register("bob").await.is_err());
}

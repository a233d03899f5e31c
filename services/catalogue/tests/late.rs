//! Test of a database that becomes available after the service; needs
//! `TEST_DATABASE_URL`.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use catalogue::Store;
use chassis::testing::{database_url, get};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn a_database_that_comes_up_later_is_used_without_a_restart() {
    let url = database_url().await;
    let Some((before, rest)) = url.split_once('@') else {
        return;
    };
    let (server, name) = rest.split_once('/').unwrap();
    let address = unused_address().await;
    let late = format!("{before}@{address}/{name}");
    let app = catalogue::app(Store::open(&late).await.unwrap());
    let (status, health) = get(&app, "/health").await;
    assert_eq!(
        (status.as_u16(), &health["health"][0]["status"]),
        (200, &"OK".into())
    );
    assert_eq!(health["health"][1]["status"], "err");
    assert_eq!(get(&app, "/catalogue").await.0, 503);

    let listener = TcpListener::bind(&address).await.unwrap();
    tokio::spawn(relay(listener, server.to_owned()));
    let answered = async {
        while get(&app, "/catalogue").await.0 != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), answered)
        .await
        .unwrap();
    assert_eq!(get(&app, "/health").await.1["health"][1]["status"], "OK");
}

/// Address without a listener.
async fn unused_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn relay(listener: TcpListener, to: String) {
    while let Ok((mut from, _)) = listener.accept().await {
        let mut to = TcpStream::connect(&to).await.unwrap();
        tokio::spawn(async move { tokio::io::copy_bidirectional(&mut from, &mut to).await });
    }
}

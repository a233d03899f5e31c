use axum::http::HeaderMap;
use axum::routing::any;
use chassis::Discovery;
use chassis::discovery::Lookup;
use tokio::net::TcpListener;

use super::*;
use crate::folder::Folder;

/// Serves `app`, and returns where.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, app).into_future());
    url
}

/// A door to the front-ends at `urls`, separated by commas.
async fn door(urls: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let board = Board::new(Folder::at(folder.path()), String::new()).unwrap();
    let discovery = Discovery::new(&Lookup {
        mesh_dns: vec!["127.0.0.1:1".to_owned()],
        domain: None,
    });
    let discovery = discovery.unwrap().knowing("front-end", urls);
    serve(routes(
        discovery.service("front-end").unwrap(),
        board.into(),
    ))
    .await
}

/// Where nobody listens.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn echo(uri: Uri, headers: HeaderMap, body: String) -> Response {
    let host = headers["host"].to_str().unwrap().to_owned();
    let close = [
        ("connection", "x-private"),
        ("x-private", "1"),
        ("x-kept", "1"),
    ];
    let hop = headers.contains_key("x-hop");
    (
        StatusCode::IM_A_TEAPOT,
        close,
        format!("{host} {uri} {body} {hop}"),
    )
        .into_response()
}

#[tokio::test]
async fn a_request_is_handed_on_as_it_came() {
    let door = door(&serve(Router::new().fallback(any(echo))).await).await;
    let ask = reqwest::Client::new().post(format!("{door}/socks?tags=blue"));
    let ask = ask.header("host", "shop.example").body("two");
    let ask = ask.header("connection", "x-hop").header("x-hop", "1");
    let answer = ask.send().await.unwrap();
    assert_eq!(answer.status(), 418);
    assert_eq!(answer.headers()["x-kept"], "1");
    assert!(!answer.headers().contains_key("x-private"));
    let text = answer.text().await.unwrap();
    assert_eq!(text, "shop.example /socks?tags=blue two false");
}

#[tokio::test]
async fn what_no_front_end_has_seen_goes_to_another() {
    let urls = [
        nobody().await,
        serve(Router::new().fallback(any(echo))).await,
    ];
    let door = door(&urls.join(",")).await;
    for _ in 0..20 {
        let answer = reqwest::Client::new().post(&door).send().await.unwrap();
        assert_eq!(answer.status(), 418);
    }
}

fn die() -> StatusCode {
    panic!("dies on purpose")
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_again() {
    let (seen, count) = tokio::sync::watch::channel(0);
    let seen = Arc::new(seen);
    let dies = any(move || {
        seen.send_modify(|seen| *seen += 1);
        async { die() }
    });
    let door = door(&serve(Router::new().fallback(dies)).await).await;
    let client = reqwest::Client::new();
    assert_eq!(client.post(&door).send().await.unwrap().status(), 502);
    assert_eq!(*count.borrow(), 1);
    assert_eq!(client.get(&door).send().await.unwrap().status(), 502);
    assert_eq!(*count.borrow(), 1 + TRIES);
}

#[tokio::test]
async fn a_shop_without_a_front_end_says_so() {
    let answer = reqwest::get(door(&nobody().await).await).await.unwrap();
    assert_eq!(answer.status(), 503);
}

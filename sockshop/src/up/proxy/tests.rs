use axum::http::HeaderMap;
use axum::routing::any;
use chassis::Discovery;
use chassis::discovery::Lookup;
use tokio::net::TcpListener;

use super::*;
use crate::data_dir::DataDir;

/// Serves `app`, and returns where.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(axum::serve(listener, app).into_future());
    url
}

/// A door to the front-ends at `urls`, separated by commas.
async fn door(urls: &str) -> String {
    door_behind("", urls).await
}

/// The same behind the reverse proxies in these networks.
async fn door_behind(proxies: &str, urls: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let board = InstanceTable::new(DataDir::at(folder.path()), String::new()).unwrap();
    let discovery = Discovery::new(&Lookup {
        mesh_dns: vec!["127.0.0.1:1".to_owned()],
        domain: None,
    });
    let discovery = discovery.unwrap().knowing("front-end", urls);
    let names = discovery.service("front-end").unwrap();
    let around = Surroundings {
        trusted: proxies.parse().unwrap(),
        shop_id: "0123abcd".to_owned(),
    };
    serve(routes(names, board.into(), around)).await
}

/// Address on which no process listens.
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
    assert_eq!(*count.borrow(), 1 + MAX_ATTEMPTS);
}

#[tokio::test]
async fn a_shop_without_a_front_end_says_so() {
    let answer = reqwest::get(door(&nobody().await).await).await.unwrap();
    assert_eq!(answer.status(), 503);
}

/// Tells which client a front-end hears of.
async fn told(headers: HeaderMap) -> String {
    let names = [
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "forwarded",
    ];
    let said = names.map(|name| {
        headers
            .get(name)
            .map_or("-", |value| value.to_str().unwrap())
    });
    said.join(" ")
}

#[tokio::test]
async fn what_is_said_of_a_client_is_passed_on_from_trusted_proxies_only() {
    let front_end = serve(Router::new().fallback(any(told))).await;
    for (proxies, expected) in [
        ("", "127.0.0.1 - - -"),
        ("192.0.2.0/24", "127.0.0.1 - - -"),
        ("127.0.0.1", "198.51.100.1 https shop.lan:8088 -"),
    ] {
        let door = door_behind(proxies, &front_end).await;
        let ask = reqwest::Client::new().get(&door);
        let ask = ask.header("x-forwarded-for", "1.1.1.1, 198.51.100.1");
        let ask = ask.header("x-forwarded-proto", "https");
        let ask = ask.header("x-forwarded-host", "shop.lan:8088");
        let ask = ask.header("forwarded", "for=1.1.1.1");
        assert_eq!(ask.send().await.unwrap().text().await.unwrap(), expected);
    }
}

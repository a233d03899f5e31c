use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Limits, serve};

/// No test waits longer for anything.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A time-out that no test reaches.
const NO_TIMEOUT: Duration = Duration::from_secs(600);

/// Time-outs that end a test when they are wrong, and one by one are set short.
fn limits() -> Limits {
    Limits {
        head_timeout: NO_TIMEOUT,
        body_timeout: NO_TIMEOUT,
        write_stall_timeout: NO_TIMEOUT,
        idle_timeout: NO_TIMEOUT,
        park_delay: NO_TIMEOUT,
        sweep_interval: Duration::from_millis(5),
        ..Limits::default()
    }
}

const SHORT_TIMEOUT: Duration = Duration::from_millis(50);

/// A server of a few routes.
struct Served {
    address: SocketAddr,
    close: CancellationToken,
    ended: JoinHandle<()>,
}

impl Served {
    async fn with(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let close = CancellationToken::new();
        let app = Router::new()
            .route("/", get(async || "home"))
            .route("/echo", post(async |body: String| body))
            .route(
                "/peer",
                get(async |peer: ConnectInfo<SocketAddr>| peer.0.to_string()),
            )
            .route("/endless", get(async || Body::from_stream(endless())))
            .route("/begun", get(async || Body::from_stream(begun())));
        let ended = tokio::spawn(serve(listener, app, limits, close.clone()));
        Self {
            address,
            close,
            ended,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection that has sent `text`.
    async fn sent(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// A connection that has had an answer.
    async fn used(&self) -> TcpStream {
        let mut stream = self.connect().await;
        assert_eq!(
            ask(&mut stream, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await,
            "200 home"
        );
        stream
    }

    /// A connection whose request is being worked on.
    async fn busy(&self) -> TcpStream {
        let mut stream = self.sent("GET /begun HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let mut text = Vec::new();
        while !text.ends_with(b"x\r\n") {
            text.push(stream.read_u8().await.unwrap());
        }
        stream
    }

    async fn answers(&self) -> bool {
        let mut stream = self.connect().await;
        ask(&mut stream, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await == "200 home"
    }
}

/// Something, and then nothing for ever.
fn begun() -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    stream::once(async { Ok(Bytes::from_static(b"x")) }).chain(stream::pending())
}

fn endless() -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    let piece = Bytes::from(vec![b'x'; 65536]);
    stream::repeat_with(move || Ok(piece.clone()))
}

/// Status and body of the answer to a request; empty when the connection is closed.
async fn ask(stream: &mut TcpStream, request: &str) -> String {
    if stream.write_all(request.as_bytes()).await.is_err() {
        return String::new();
    }
    answer(stream).await
}

async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let reading = async {
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    return;
                }
            }
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, reading).await.unwrap();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return text;
    };
    let status = head.split(' ').nth(1).unwrap_or_default();
    format!("{status} {body}").trim().to_owned()
}

/// Returns once the server has closed the connection.
async fn closed(stream: &mut TcpStream) {
    let mut sink = vec![0; 65536];
    let reading = async { while matches!(stream.read(&mut sink).await, Ok(1..)) {} };
    tokio::time::timeout(TEST_TIMEOUT, reading).await.unwrap();
}

#[tokio::test]
async fn silent_peers_half_heads_and_idle_connections_are_closed() {
    let served = Served::with(Limits {
        head_timeout: SHORT_TIMEOUT,
        ..limits()
    })
    .await;
    closed(&mut served.connect().await).await;
    closed(&mut served.sent("GET / HTTP/1.1\r\nhos").await).await;
    closed(&mut served.sent("PRI * HTT").await).await;
    let mut used = served.used().await;
    used.write_all(b"GET").await.unwrap();
    closed(&mut used).await;
    // What is idle between requests has more time.
    let mut idle = served.used().await;
    tokio::time::sleep(4 * SHORT_TIMEOUT).await;
    assert_eq!(
        ask(&mut idle, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await,
        "200 home"
    );

    let served = Served::with(Limits {
        idle_timeout: SHORT_TIMEOUT,
        ..limits()
    })
    .await;
    closed(&mut served.used().await).await;
    assert!(served.answers().await);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let served = Served::with(Limits {
        body_timeout: SHORT_TIMEOUT,
        ..limits()
    })
    .await;
    let head =
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\n";
    closed(&mut served.sent(&format!("{head}ab")).await).await;
    let mut whole = served.connect().await;
    assert_eq!(ask(&mut whole, &format!("{head}abcd")).await, "200 abcd");
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_cut_off() {
    let served = Served::with(Limits {
        write_stall_timeout: SHORT_TIMEOUT,
        ..limits()
    })
    .await;
    // A handler that takes its time is not the peer's fault.
    let mut slow = served.busy().await;
    let read = tokio::time::timeout(4 * SHORT_TIMEOUT, slow.read(&mut [0; 1])).await;
    assert!(read.is_err(), "closed: {read:?}");
    drop(slow);
    let mut unread = served
        .sent("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n")
        .await;
    unread.read_exact(&mut [0; 1]).await.unwrap();
    served_closes(&served).await;
    closed(&mut unread).await;
}

/// Returns once all connections of a server have come to their end.
async fn served_closes(served: &Served) {
    served.close.cancel();
    let ended = async {
        while !served.ended.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(TEST_TIMEOUT, ended).await.unwrap();
}

#[tokio::test]
async fn streams_of_http2_that_are_not_read_are_cut_off() {
    let served = Served::with(Limits {
        write_stall_timeout: SHORT_TIMEOUT,
        ..limits()
    })
    .await;
    let stream = served.connect().await;
    let mut builder = h2::client::Builder::new();
    let (client, connection) = builder
        .initial_window_size(0)
        .handshake::<_, Bytes>(stream)
        .await
        .unwrap();
    let driven = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = axum::http::Request::get("http://x/endless")
        .body(())
        .unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    let unread = answer.await.unwrap();
    assert_eq!(unread.status(), 200);
    let driven = tokio::time::timeout(TEST_TIMEOUT, driven).await;
    _ = driven.expect("the connection stays open");
    drop(unread);
}

#[tokio::test]
async fn the_connection_that_waited_longest_makes_room_for_the_next() {
    let served = Served::with(Limits {
        max_connections: 3,
        ..limits()
    })
    .await;
    let mut first = served.used().await;
    let busy = served.busy().await;
    let mut third = served.used().await;
    assert!(served.answers().await);
    closed(&mut first).await;
    assert_eq!(
        ask(&mut third, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await,
        "200 home"
    );
    drop(busy);
}

#[tokio::test]
async fn a_connection_for_which_nobody_can_go_is_told_to_come_again() {
    let served = Served::with(Limits {
        max_connections: 1,
        ..limits()
    })
    .await;
    let _busy = served.busy().await;
    let mut next = served.connect().await;
    let told = ask(&mut next, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(told, "503 too many connections: please try again in a bit.");
}

#[tokio::test]
async fn buffers_are_bounded_and_those_of_unfinished_heads_too() {
    let served = Served::with(Limits {
        max_active: 2,
        ..limits()
    })
    .await;
    let mut half = served.sent("GET / HT").await;
    let mut other = served.sent("GET / HT").await;
    // Whoever says nothing holds none.
    let _silent = served.connect().await;
    while !served.answers().await {}
    closed(&mut half).await;
    drop(other.write_all(b"TP/1.1\r\n").await);

    let served = Served::with(Limits {
        max_head_bytes: 50_000,
        ..limits()
    })
    .await;
    let long = "x".repeat(40_000);
    let mut first = served.sent(&format!("GET /{long}")).await;
    let _second = served.sent(&format!("GET /{long}")).await;
    closed(&mut first).await;
    assert!(served.answers().await);
}

#[tokio::test]
async fn a_parked_connection_goes_on_with_the_next_request() {
    let served = Served::with(Limits {
        park_delay: Duration::ZERO,
        max_active: 1,
        ..limits()
    })
    .await;
    let mut stream = served.used().await;
    for _ in 0..20 {
        // Parked, it leaves room for another, which is parked in turn.
        let begun = Instant::now();
        while !served.answers().await {
            assert!(begun.elapsed() < TEST_TIMEOUT);
        }
        let local = stream.local_addr().unwrap().to_string();
        let request = "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n";
        assert_eq!(ask(&mut stream, request).await, format!("200 {local}"));
        // Of two requests at once, the second is half there.
        let both = format!("{request}{request}");
        let (head, rest) = both.split_at(both.len() - 2);
        let answered = ask(&mut stream, head).await;
        assert_eq!(answered, format!("200 {local}"));
        assert_eq!(ask(&mut stream, rest).await, format!("200 {local}"));
    }
}

#[tokio::test]
async fn closing_finishes_what_is_under_way() {
    let served = Served::with(limits()).await;
    let mut idle = served.used().await;
    let mut silent = served.connect().await;
    let head =
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\n";
    let mut busy = served.sent(head).await;
    assert!(served.answers().await);
    served.close.cancel();
    closed(&mut idle).await;
    closed(&mut silent).await;
    assert_eq!(ask(&mut busy, "abcd").await, "200 abcd");
    closed(&mut busy).await;
    served_closes(&served).await;
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn requests_for_no_path_and_without_a_host_are_answered() {
    let served = Served::with(limits()).await;
    for (request, expected) in [
        ("OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n", "204"),
        (
            "GET / HTTP/1.1\r\n\r\n",
            "400 a request must name its host, once",
        ),
        (
            "GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n",
            "400 a request must name its host, once",
        ),
        (
            "GET / HTTP/1.1\r\nhost: a b\r\n\r\n",
            "400 a request must name its host, once",
        ),
        ("GET / HTTP/1.0\r\n\r\n", "200 home"),
        ("GET / HTTP/1.1\r\nhost:\r\n\r\n", "200 home"),
        ("GET / HTTP/1.1\r\nhost: [::1]:80\r\n\r\n", "200 home"),
    ] {
        let mut stream = served.connect().await;
        assert_eq!(ask(&mut stream, request).await, expected, "{request}");
    }
    let mut stream = served.connect().await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(65536));
    assert_eq!(ask(&mut stream, &long).await, "414");
    let mut stream = served.connect().await;
    let long = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "x".repeat(200_000)
    );
    let told = ask(&mut stream, &long).await;
    assert!(told == "431" || told.is_empty(), "{told}");
}

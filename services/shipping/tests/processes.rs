//! Tests of shipping and queue-master as processes: killed, restarted, terminated.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use proto::shipping::GetQueueRequest;
use proto::shipping::shipping_client::ShippingClient;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// Running process, killed when dropped.
struct Process {
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Process {
    async fn start(program: &str, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(program)
            .envs([("PORT", "0"), ("ADMIN_PORT", "0"), ("RUST_LOG", "info")])
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = any_address();
        let mut process = Self {
            child,
            log,
            address,
        };
        let serving = process.line("serving").await;
        process.address = serving["address"].as_str().unwrap().parse().unwrap();
        process
    }

    /// Waits for a log line with `message`.
    async fn line(&mut self, message: &str) -> Value {
        let found = async {
            loop {
                let line = self.log.next_line().await.unwrap().unwrap();
                let line: Value = serde_json::from_str(&line).unwrap();
                if line["message"] == message {
                    return line;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found)
            .await
            .unwrap()
    }

    async fn request(&self, request: String) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(Duration::from_secs(30), stream.read_to_string(&mut answer))
            .await
            .unwrap()
            .unwrap();
        answer
    }

    async fn get(&self, path: &str) -> String {
        self.request(format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        ))
        .await
    }

    async fn ship(&self, name: &str) {
        let body = format!(r#"{{"name":"{name}"}}"#);
        let length = body.len();
        let answer = self
            .request(format!(
                "POST /shipping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                 content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            ))
            .await;
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }

    async fn end(mut self) {
        let pid = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(sent.unwrap().success());
        self.line("ended").await;
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        assert!(ended.unwrap().unwrap().success());
    }
}

fn any_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Database that outlives the processes, removed when dropped.
struct Data(String, Option<PathBuf>);

impl Data {
    async fn new() -> Self {
        let url = chassis::testing::database_url().await;
        if url.starts_with("postgres") {
            return Self(url, None);
        }
        let folder = std::env::temp_dir().join(uuid::Uuid::new_v4().to_string());
        std::fs::create_dir(&folder).unwrap();
        let url = format!("sqlite:{}/shipping.db?mode=rwc", folder.display());
        Self(url, Some(folder))
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        if let Some(folder) = &self.1 {
            _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// Starts shipping on `port` with short leases: a shipment whose lease response was lost
/// when shipping was killed is leased again only after the expiry.
async fn shipping(data: &Data, port: u16) -> Process {
    let program = env!("CARGO_BIN_EXE_shipping");
    let port = port.to_string();
    let settings = [
        ("DATABASE_URL", data.0.as_str()),
        ("PORT", &port),
        ("SHIPPING_LEASE", "5s"),
    ];
    Process::start(program, &settings).await
}

async fn queue_master(shipping: &Process) -> Process {
    let program = env!("CARGO_BIN_EXE_queue-master");
    let url = format!("http://{}", shipping.address);
    Process::start(program, &[("SHIPPING_URL", &url)]).await
}

#[tokio::test]
async fn a_hundred_shipments_are_gone_within_ten_seconds_at_the_usual_pace() {
    let data = Data::new().await;
    let shipping = shipping(&data, 0).await;
    for number in 0..100 {
        shipping.ship(&format!("customer-{number}")).await;
    }
    let mut worker = queue_master(&shipping).await;
    let shipped = async {
        let mut names = std::collections::BTreeSet::new();
        while names.len() < 100 {
            names.insert(worker.line("shipped").await["name"].to_string());
        }
    };
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, shipped).await.unwrap();
    let url = format!("http://{}", shipping.address);
    let mut client = ShippingClient::connect(url).await.unwrap();
    let queue = client.get_queue(GetQueueRequest {}).await.unwrap();
    assert_eq!(queue.into_inner().depth, 0);

    for path in ["/prometheus", "/metrics"] {
        let text = worker.get(path).await;
        let count = r#"shipments_handled_total{outcome="shipped"} 100"#;
        assert!(
            text.starts_with("HTTP/1.1 200") && text.contains(count),
            "{text}"
        );
    }
    let text = shipping.get("/metrics").await;
    assert!(text.contains("\nshipments_shipped_total 100\n"), "{text}");
    assert!(text.contains("\nshipping_queue_depth "), "{text}");
    let posts = text.lines().find(|line| {
        line.starts_with("request_duration_seconds_count{")
            && line.contains(r#"route="/shipping""#)
            && line.contains(r#"status_code="201""#)
    });
    assert!(posts.is_some_and(|line| line.ends_with(" 100")), "{text}");
}

#[tokio::test]
async fn shipments_survive_the_death_of_shipping_and_the_worker_goes_on_by_itself() {
    let data = Data::new().await;
    let mut first = shipping(&data, 0).await;
    let mut worker = queue_master(&first).await;
    first.ship("before").await;
    assert_eq!(worker.line("shipped").await["name"], "before");
    first.ship("during").await;
    first.child.kill().await.unwrap();
    worker.line("cannot lease shipments").await;

    let second = shipping(&data, first.address.port()).await;
    assert_eq!(worker.line("shipped").await["name"], "during");
    worker.end().await;
    second.end().await;
}

//! The space a load test takes does not grow with it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use loadtest::browser::{Ask, Browser, Net};
use loadtest::engine::{self, Arrival, Users};
use loadtest::pool::VisitorPool;
use loadtest::profile::RunContext;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The most memory this process has had, in kibibytes; nothing where `/proc` is not.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

async fn visit(context: Arc<RunContext>, pool: Arc<VisitorPool<Browser>>, arrival: Arrival) {
    // Every other one is new here, with a jar of their own.
    let mut browser = pool.next(arrival.number.is_multiple_of(2), |number| {
        context.browser(number)
    });
    browser.begin(arrival.due);
    _ = browser.ask(Ask::get("home", "/")).await;
    pool.leave(browser);
}

#[tokio::test]
async fn a_long_run_takes_no_more_memory_than_a_short_one() {
    let home = || async { ([("set-cookie", "visitor=somebody")], "welcome") };
    let app = Router::new().route("/", get(home));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let net = Net::new(&[url], Duration::from_secs(30)).unwrap();
    let context = Arc::new(RunContext::new(net, 1));
    let pool = Arc::new(VisitorPool::default());
    let run = |seconds| {
        let (context, pool) = (context.clone(), pool.clone());
        let users = Users {
            count: 8,
            duration: Duration::from_secs(seconds),
            ramp: Duration::ZERO,
        };
        let visit = move |arrival| visit(context.clone(), pool.clone(), arrival);
        async move { engine::closed(users, &CancellationToken::new(), visit).await }
    };
    run(3).await;
    let (short, early) = (
        peak(),
        context.recorder.read(|figures| figures.all.requests),
    );
    run(9).await;
    let requests = context.recorder.read(|figures| figures.all.requests);
    assert!(early > 1000 && requests > 2 * early, "{early}, {requests}");
    if let (Some(short), Some(long)) = (short, peak()) {
        // Twelve slots of the chart are a few hundred of these.
        assert!(long < short + 4096, "from {short} to {long} KiB");
    }
}

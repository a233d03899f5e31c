//! The engine over real connections: visits to a server that is known to stand
//! still for a while.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use loadtest::browser::{Ask, Browser, Net};
use loadtest::engine::{self, Arrival, Users};
use loadtest::pool::VisitorPool;
use loadtest::profile::RunContext;
use loadtest::schedule::Pace;
use tokio::net::TcpListener;
use tokio::sync::RwLock;
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);

/// A server that answers at once, unless the gate is shut.
async fn server() -> (String, Arc<RwLock<()>>) {
    let gate = Arc::new(RwLock::new(()));
    let shut = gate.clone();
    let home = move || async move {
        drop(shut.read().await);
        "welcome"
    };
    let app = Router::new()
        .route("/", get(home))
        .route("/broken", get(|| async { StatusCode::BAD_GATEWAY }));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, gate)
}

fn context(urls: &[String]) -> Arc<RunContext> {
    Arc::new(RunContext::new(Net::new(urls, 30 * SECOND).unwrap(), 1))
}

/// Shuts the gate after a second, for two.
fn stall(gate: Arc<RwLock<()>>) {
    tokio::spawn(async move {
        tokio::time::sleep(SECOND).await;
        let shut = gate.write().await;
        tokio::time::sleep(2 * SECOND).await;
        drop(shut);
    });
}

async fn visit(
    context: Arc<RunContext>,
    pool: Arc<VisitorPool<Browser>>,
    arrival: Arrival,
    path: &'static str,
) {
    let mut browser = pool.next(true, |number| context.browser(number));
    browser.begin(arrival.due);
    _ = browser.ask(Ask::get("home", path)).await;
    pool.leave(browser);
}

/// The wait that `percent` did not exceed.
fn wait(context: &RunContext, percent: f64) -> Duration {
    let waits =
        |figures: &loadtest::recorder::Figures| figures.all.waits.value_at_percentile(percent);
    Duration::from_micros(context.recorder.read(waits))
}

#[tokio::test]
async fn a_stall_of_a_real_server_shows_in_an_open_loop_and_not_in_a_closed_one() {
    let (url, gate) = server().await;
    let open = context(&[url]);
    let pool = Arc::new(VisitorPool::default());
    stall(gate);
    let shared = open.clone();
    let visitor = move |arrival| visit(shared.clone(), pool.clone(), arrival, "/");
    let pace = Pace::new(100.0, 6 * SECOND, Duration::ZERO, Duration::ZERO);
    engine::open(pace.arrivals(1), 1000, &CancellationToken::new(), visitor).await;

    let (url, gate) = server().await;
    let closed = context(&[url]);
    stall(gate);
    let (shared, pool) = (closed.clone(), Arc::new(VisitorPool::default()));
    let visitor = move |arrival| visit(shared.clone(), pool.clone(), arrival, "/");
    let users = Users {
        count: 1,
        duration: 6 * SECOND,
        ramp: Duration::ZERO,
    };
    engine::closed(users, &CancellationToken::new(), visitor).await;

    // A third of the visitors came while nothing moved, evenly spread over two seconds.
    let p99 = wait(&open, 99.0);
    assert!(p99 > Duration::from_millis(1700), "open: {p99:?}");
    let (p99, longest) = (wait(&closed, 99.0), wait(&closed, 100.0));
    assert!(
        p99 < SECOND && longest > Duration::from_millis(1700),
        "closed: {p99:?}, {longest:?}"
    );
}

#[tokio::test]
async fn a_visitor_finds_the_door_that_is_open() {
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let nobody = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let (url, _gate) = server().await;
    let both = context(&[nobody.clone(), url]);
    for number in 0..4 {
        assert!(
            both.browser(number)
                .ask(Ask::get("home", "/"))
                .await
                .is_ok()
        );
    }
    let neither = context(&[nobody]);
    assert!(neither.browser(0).ask(Ask::get("home", "/")).await.is_err());
    assert_eq!(
        neither.recorder.read(|figures| figures.outcomes["refused"]),
        1
    );
}

#[tokio::test]
async fn an_answer_that_is_a_fault_of_the_shop_is_counted_as_one() {
    let (url, _gate) = server().await;
    let context = context(&[url]);
    for path in ["/", "/broken", "/missing"] {
        _ = context.browser(0).ask(Ask::get("home", path)).await;
    }
    context.recorder.read(|figures| {
        assert_eq!(
            (figures.all.requests, figures.all.failed, figures.available),
            (3, 2, 2)
        );
        assert_eq!(figures.outcomes["502"], 1);
    });
}

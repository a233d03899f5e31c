//! Where requests go, on connections that are kept.

use futures_util::future::join_all;

use crate::names::Names;
use crate::support::{Shop, client, eventually_async, text};

/// Enough for a share of 10 % to be met within 0.3 points, most of the time.
const REQUESTS: usize = 10_000;

/// Visitors who ask one thing after the other.
const VISITORS: usize = 8;

/// What counts the lists that an instance has been asked for.
const COUNTER: &str = "grpc_server_handling_seconds_count";

/// How many requests the instance called `name` has had.
async fn asked(shop: &Shop, name: &str) -> u64 {
    let url = format!("{}/metrics", shop.instance(name).admin_url());
    let metrics = client()
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with(COUNTER) && line.contains("ListProducts"));
    let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

/// Looks at the list that often; returns how many requests each of the two
/// catalogues had for that.
async fn look(shop: &Shop, times: usize) -> [u64; 2] {
    let counts = async || {
        [
            asked(shop, "catalogue-1").await,
            asked(shop, "catalogue-2").await,
        ]
    };
    let before = counts().await;
    let url = format!("{}/catalogue?size=1", shop.url);
    let visitors = (0..VISITORS).map(async |_| {
        let visitor = client();
        for _ in 0..times / VISITORS {
            let answer = visitor.get(&url).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            answer.bytes().await.unwrap();
        }
    });
    join_all(visitors).await;
    let after = counts().await;
    [after[0] - before[0], after[1] - before[1]]
}

fn policy(shop: &Shop, weights: &[&str]) {
    let output = shop.run(&[&["mesh", "policy", "catalogue"], weights].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_where_the_weights_say() {
    let versions = ["--scale", "catalogue@v1=1", "--scale", "catalogue@v2=1"];
    let shop = Shop::open_with(&versions);
    let names = Names::of(&shop);
    policy(&shop, &["v1=90", "v2=10"]);
    let weights = async |service| names.instances(service).await;
    let both = |first, second| {
        vec![
            ("catalogue-1".to_owned(), first),
            ("catalogue-2".to_owned(), second),
        ]
    };
    assert_eq!(weights("catalogue").await, both(9_000, 1_000));
    settle(&shop, |[first, second]| second > 0 && first > 4 * second).await;

    let [first, second] = look(&shop, REQUESTS).await;
    println!("90/10: {first} and {second}");
    assert_eq!(
        first + second,
        REQUESTS as u64,
        "each is one request, to one of them"
    );
    assert!((800..=1200).contains(&second), "{second} of {REQUESTS}");

    policy(&shop, &["v1=0", "v2=100"]);
    settle(&shop, |[first, _]| first == 0).await;
    let [first, second] = look(&shop, 1_000).await;
    println!("0/100: {first} and {second}");
    assert_eq!((first, second), (0, 1_000));

    policy(&shop, &["--clear"]);
    assert_eq!(weights("catalogue").await, both(5_000, 5_000));
    settle(&shop, |[first, second]| first > 0 && second > 0).await;
}

/// Waits until the front-end has noticed: names are kept for a second.
async fn settle(shop: &Shop, noticed: impl Fn([u64; 2]) -> bool) {
    eventually_async("the front-end follows", async || {
        noticed(look(shop, 80).await)
    })
    .await;
}

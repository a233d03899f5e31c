//! Rollouts on a simulated shop, in simulated time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::*;
use crate::plan::Plan;

/// Requests per second of the simulated visitors.
const RATE: u128 = 200;

/// A shop with one service, whose versions behave as their names say.
struct Shop {
    state: RefCell<State>,
}

struct State {
    versions: BTreeMap<String, Version>,
    shares: Shares,
    seen: Instant,
    dice: StdRng,
    acts: Vec<String>,
    /// So many more times it is too busy to share requests out.
    refuses: u32,
}

#[derive(Clone, Default)]
struct Version {
    ready_at: Option<Instant>,
    within: u64,
    slow: u64,
    failed: u64,
    restarts: u64,
}

impl Shop {
    fn new(seed: u64) -> Self {
        let old = Version {
            ready_at: Some(Instant::now()),
            ..Version::default()
        };
        Self {
            state: RefCell::new(State {
                versions: [("v1".to_owned(), old)].into(),
                shares: Shares::new(),
                seen: Instant::now(),
                dice: StdRng::seed_from_u64(seed),
                acts: Vec::new(),
                refuses: 0,
            }),
        }
    }

    fn versions(&self) -> Vec<String> {
        self.state.borrow().versions.keys().cloned().collect()
    }

    fn acts(&self) -> Vec<String> {
        self.state.borrow().acts.clone()
    }

    fn note(&self, act: String) {
        let mut state = self.state.borrow_mut();
        state.visit();
        state.acts.push(act);
    }
}

impl State {
    /// Lets in who came since the last look.
    fn visit(&mut self) {
        let visitors = self.seen.elapsed().as_millis() * RATE / 1000;
        self.seen = Instant::now();
        let names: Vec<String> = self.versions.keys().cloned().collect();
        for _ in 0..visitors {
            let roll = self.dice.random::<f64>() * 100.0;
            let mut left = roll;
            let chosen = names.iter().find(|name| {
                let share = if self.shares.is_empty() {
                    100.0 / f64::from(u8::try_from(names.len()).unwrap())
                } else {
                    f64::from(self.shares.get(*name).copied().unwrap_or(0))
                };
                left -= share;
                left < 0.0
            });
            let Some(chosen) = chosen else { continue };
            let unlucky =
                self.dice.random::<f64>() < if chosen == "v2-errors" { 0.2 } else { 0.001 };
            let slow = chosen == "v2-slow" || self.dice.random::<f64>() < 0.02;
            let version = self.versions.get_mut(chosen).unwrap();
            version.failed += u64::from(unlucky);
            *(if slow {
                &mut version.slow
            } else {
                &mut version.within
            }) += 1;
        }
    }
}

impl Target for Shop {
    fn name(&self) -> &'static str {
        "simulated"
    }

    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>> {
        tokio::task::yield_now().await;
        let mut state = self.state.borrow_mut();
        state.visit();
        let instances = state.versions.iter().map(|(name, version)| {
            let Version {
                within,
                slow,
                failed,
                ..
            } = *version;
            let (all, fine) = (within + slow, (within + slow).saturating_sub(failed));
            let mut text = String::new();
            let name_of = "grpc_server_handling_seconds";
            _ = writeln!(text, "{name_of}_bucket{{le=\"0.005\"}} {within}");
            _ = writeln!(text, "{name_of}_bucket{{le=\"0.1\"}} {within}");
            _ = writeln!(text, "{name_of}_bucket{{le=\"1\"}} {all}");
            _ = writeln!(text, "{name_of}_count{{grpc_code=\"0\"}} {fine}");
            _ = writeln!(text, "{name_of}_count{{grpc_code=\"14\"}} {failed}");
            Instance {
                name: format!("{service}-{name}"),
                version: name.clone(),
                ready: version.ready_at.is_some_and(|at| at <= Instant::now()),
                restarts: version.restarts,
                metrics: Some(text),
            }
        });
        Ok(instances.collect())
    }

    async fn shares(&self, _: &str) -> anyhow::Result<Shares> {
        Ok(self.state.borrow().shares.clone())
    }

    async fn start(&self, _: &str, version: &str, count: usize) -> anyhow::Result<()> {
        self.note(format!("start {version}"));
        assert_eq!(count, 1);
        let never = version == "v2-never";
        let ready_at = (!never).then(|| Instant::now() + Duration::from_secs(2));
        let new = Version {
            ready_at,
            ..Version::default()
        };
        self.state
            .borrow_mut()
            .versions
            .insert(version.to_owned(), new);
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn smoke(&self, _: &str, version: &str) -> anyhow::Result<()> {
        anyhow::ensure!(version != "v2-deaf", "no answer");
        Ok(())
    }

    async fn share(&self, _: &str, shares: &Shares) -> anyhow::Result<()> {
        let refuses = self.state.borrow().refuses;
        self.state.borrow_mut().refuses = refuses.saturating_sub(1);
        anyhow::ensure!(refuses == 0, "too busy");
        self.note(format!("share {shares:?}"));
        self.state.borrow_mut().shares.clone_from(shares);
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn stop(&self, _: &str, version: &str, _: &str) -> anyhow::Result<()> {
        let shares = self.shares("").await?;
        let share = shares.get(version).copied().unwrap_or(0);
        assert_eq!(share, 0, "{version} is stopped while it has {share} %");
        self.note(format!("stop {version}"));
        self.state.borrow_mut().versions.remove(version);
        Ok(())
    }

    async fn wrong_orders(&self, _: i64) -> anyhow::Result<Vec<String>> {
        let state = self.state.borrow();
        let wrong = state.versions.get("v2-wrong-total");
        let met = wrong.is_some_and(|version| version.within > 0);
        Ok(met
            .then(|| "items 10.00, total 99.99".to_owned())
            .into_iter()
            .collect())
    }
}

fn record(to: &str, strategy: Strategy, business: bool) -> Record {
    let mut plan = Plan::usual(strategy);
    plan.thresholds.business = business;
    Record {
        service: "catalogue".into(),
        from: "v1".into(),
        to: to.into(),
        plan,
        begun_ms: clock::now_ms(),
    }
}

fn records() -> (TempDir, RolloutStore) {
    let folder = tempfile::tempdir().unwrap();
    let records = RolloutStore::open(folder.path()).unwrap();
    (folder, records)
}

async fn roll(to: &str, strategy: Strategy, business: bool) -> (Outcome, Shop) {
    let shop = Shop::new(7);
    let (_folder, records) = records();
    let rollout = Rollout::new(&shop, &records, record(to, strategy, business));
    let outcome = rollout.run().await.unwrap();
    (outcome, shop)
}

#[tokio::test(start_paused = true)]
async fn a_good_version_takes_over_step_by_step() {
    let (outcome, shop) = roll("v2", Strategy::Canary, true).await;
    assert_eq!(outcome, Outcome::Promoted);
    assert_eq!(shop.versions(), ["v2"]);
    let acts = shop.acts();
    let seen: Vec<_> = acts.iter().filter(|act| act.contains("\"v2\"")).collect();
    assert_eq!(
        seen.len(),
        5,
        "5, 25, 50, 100 %, and that it stays: {acts:?}"
    );
    assert_eq!(acts[0], r#"share {"v1": 100}"#);
    assert_eq!(acts.last().unwrap(), "share {}");
}

#[tokio::test(start_paused = true)]
async fn a_busy_target_gets_another_chance() {
    let (shop, (_folder, records)) = (Shop::new(1), records());
    shop.state.borrow_mut().refuses = MAX_ATTEMPTS - 1;
    let record = record("v2", Strategy::Canary, true);
    let outcome = Rollout::new(&shop, &records, record).run().await;
    assert_eq!(outcome.unwrap(), Outcome::Promoted);
    assert_eq!(shop.versions(), ["v2"]);
}

#[tokio::test(start_paused = true)]
async fn a_good_version_takes_over_at_once() {
    let (outcome, shop) = roll("v2", Strategy::BlueGreen, true).await;
    assert_eq!(outcome, Outcome::Promoted);
    assert_eq!(shop.versions(), ["v2"]);
}

#[tokio::test(start_paused = true)]
async fn bad_versions_go_back_by_themselves() {
    let strategies = [Strategy::Canary, Strategy::BlueGreen];
    let bad = [
        "v2-errors",
        "v2-slow",
        "v2-wrong-total",
        "v2-never",
        "v2-deaf",
    ];
    for (strategy, to) in strategies.into_iter().flat_map(|s| bad.map(|to| (s, to))) {
        let (outcome, shop) = roll(to, strategy, true).await;
        assert!(
            matches!(outcome, Outcome::Aborted { .. }),
            "{to} {outcome:?}"
        );
        assert_eq!(shop.versions(), ["v1"], "{to}");
        assert!(shop.state.borrow().shares.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_business_check_sees_a_wrong_total() {
    let (outcome, shop) = roll("v2-wrong-total", Strategy::Canary, false).await;
    assert_eq!(outcome, Outcome::Promoted);
    assert_eq!(shop.versions(), ["v2-wrong-total"]);
}

/// Cuts the driver off after every number of its steps, ends the rollout from
/// "another terminal", and looks that exactly one version is left.
#[tokio::test(start_paused = true)]
async fn a_rollout_survives_its_driver() {
    for (cut, wish) in (0..400)
        .step_by(7)
        .flat_map(|cut| [Intervention::Abort, Intervention::Promote].map(|wish| (cut, wish)))
    {
        let shop = Shop::new(cut);
        let (_folder, records) = records();
        let rollout = Rollout::new(&shop, &records, record("v2", Strategy::Canary, true));
        let limit = Duration::from_millis(500 * cut);
        if tokio::time::timeout(limit, rollout.run()).await.is_ok() {
            continue;
        }
        let left = records.current("catalogue").unwrap();
        let wish = match shop.versions().len() {
            1 => Intervention::Abort,
            _ => wish,
        };
        let outcome = Rollout::new(&shop, &records, left)
            .finish(wish)
            .await
            .unwrap();
        let stays = match outcome {
            Outcome::Promoted => "v2",
            Outcome::Aborted { .. } => "v1",
        };
        assert_eq!(shop.versions(), [stays], "cut after {limit:?}");
        assert_eq!(records.current("catalogue"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollout_goes_on_where_its_driver_was_cut_off() {
    let shop = Shop::new(3);
    let (_folder, records) = records();
    let first = Rollout::new(&shop, &records, record("v2", Strategy::Canary, true));
    let cut = tokio::time::timeout(Duration::from_secs(50), first.run()).await;
    assert!(cut.is_err());
    assert_eq!(shop.state.borrow().shares["v2"], 25);
    let again = records.current("catalogue").unwrap();
    let outcome = Rollout::new(&shop, &records, again).run().await.unwrap();
    assert_eq!(outcome, Outcome::Promoted);
    let acts = shop.acts();
    let starts = acts.iter().filter(|act| act.starts_with("start")).count();
    let fives = acts.iter().filter(|act| act.contains("\"v2\": 5}")).count();
    assert_eq!((starts, fives), (1, 1), "{acts:?}");
}

#[tokio::test(start_paused = true)]
async fn two_versions_beside_each_other_are_no_place_to_start_from() {
    let shop = Shop::new(1);
    assert_eq!(
        Rollout::origin(&shop, "catalogue", "v2").await.unwrap(),
        "v1"
    );
    let already = Rollout::origin(&shop, "catalogue", "v1").await;
    assert_eq!(already.unwrap_err().to_string(), "catalogue is v1 already");
    shop.start("catalogue", "v2", 1).await.unwrap();
    let third = Rollout::origin(&shop, "catalogue", "v3").await;
    assert!(third.unwrap_err().to_string().contains("abort"));
}

#[tokio::test(start_paused = true)]
async fn somebody_else_may_ask_for_an_end() {
    for (wish, stays) in [(Intervention::Abort, "v1"), (Intervention::Promote, "v2")] {
        let shop = Shop::new(1);
        let (_folder, records) = records();
        let rollout = Rollout::new(&shop, &records, record("v2", Strategy::Canary, true));
        let ask = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            records.ask("catalogue", wish).unwrap();
        };
        let (outcome, ()) = tokio::join!(rollout.run(), ask);
        assert_eq!(
            outcome.unwrap() == Outcome::Promoted,
            wish == Intervention::Promote
        );
        assert_eq!(shop.versions(), [stays]);
    }
}

/// A rollout from v1 to v2 that its driver has left at 5 %.
async fn left_alone(shop: &Shop, records: &RolloutStore) -> Record {
    let rollout = Rollout::new(shop, records, record("v2", Strategy::Canary, true));
    let cut = tokio::time::timeout(Duration::from_secs(10), rollout.run()).await;
    assert!(cut.is_err());
    assert_eq!(shop.state.borrow().shares["v2"], 5);
    records.current("catalogue").unwrap()
}

fn lose(shop: &Shop, version: &str) {
    shop.state.borrow_mut().versions.remove(version);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_to_stay_is_started_again_when_it_is_gone() {
    for (lost, wish) in [("v1", Intervention::Abort), ("v2", Intervention::Promote)] {
        let (shop, (_folder, records)) = (Shop::new(2), records());
        let left = left_alone(&shop, &records).await;
        lose(&shop, lost);
        let rollout = Rollout::new(&shop, &records, left);
        rollout.finish(wish).await.unwrap();
        assert_eq!(shop.versions(), [lost]);
        assert!(shop.state.borrow().shares.is_empty());
        assert_eq!(records.current("catalogue"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn the_new_version_stays_where_the_old_one_cannot_be_had_any_more() {
    let (shop, (_folder, records)) = (Shop::new(2), records());
    let record = Record {
        from: "v2-never".into(),
        to: "v1".into(),
        ..record("v1", Strategy::Canary, true)
    };
    records.begin(&record).unwrap();
    let rollout = Rollout::new(&shop, &records, record);
    let outcome = rollout.finish(Intervention::Abort).await.unwrap();
    assert_eq!(outcome, Outcome::Promoted);
    assert_eq!(shop.versions(), ["v1"]);
    let entry = &records.history()[0];
    assert!(entry.reasons[1].contains("cannot serve"), "{entry:?}");
}

#[tokio::test(start_paused = true)]
async fn a_third_version_ends_with_the_rollout() {
    let (shop, (_folder, records)) = (Shop::new(2), records());
    let left = left_alone(&shop, &records).await;
    shop.start("catalogue", "v3", 1).await.unwrap();
    let rollout = Rollout::new(&shop, &records, left);
    rollout.finish(Intervention::Abort).await.unwrap();
    assert_eq!(shop.versions(), ["v1"]);
}

#[tokio::test(start_paused = true)]
async fn a_record_of_versions_that_are_gone_moves_no_request() {
    let (shop, (_folder, records)) = (Shop::new(2), records());
    let left = left_alone(&shop, &records).await;
    lose(&shop, "v1");
    lose(&shop, "v2");
    shop.start("catalogue", "v3", 1).await.unwrap();
    let rollout = Rollout::new(&shop, &records, left);
    let outcome = rollout.finish(Intervention::Abort).await.unwrap();
    assert!(matches!(outcome, Outcome::Aborted { .. }));
    assert_eq!(shop.versions(), ["v3"]);
    assert!(shop.state.borrow().shares.is_empty());
    assert_eq!(records.current("catalogue"), None);
}

/// A shop of which one call fails, before or after it has done its work.
struct Flaky {
    shop: Shop,
    calls: std::cell::Cell<u32>,
    fails: u32,
    works: bool,
}

impl Flaky {
    async fn call<R>(&self, call: impl Future<Output = anyhow::Result<R>>) -> anyhow::Result<R> {
        let number = self.calls.get();
        self.calls.set(number + 1);
        if number != self.fails {
            return call.await;
        }
        if self.works {
            call.await?;
        }
        bail!("call {number} fails")
    }
}

impl Target for Flaky {
    fn name(&self) -> &'static str {
        "flaky"
    }

    async fn instances(&self, service: &str) -> anyhow::Result<Vec<Instance>> {
        self.call(self.shop.instances(service)).await
    }

    async fn shares(&self, service: &str) -> anyhow::Result<Shares> {
        self.call(self.shop.shares(service)).await
    }

    async fn start(&self, service: &str, version: &str, count: usize) -> anyhow::Result<()> {
        self.call(self.shop.start(service, version, count)).await
    }

    async fn smoke(&self, service: &str, version: &str) -> anyhow::Result<()> {
        self.call(self.shop.smoke(service, version)).await
    }

    async fn share(&self, service: &str, shares: &Shares) -> anyhow::Result<()> {
        self.call(self.shop.share(service, shares)).await
    }

    async fn stop(&self, service: &str, version: &str, keep: &str) -> anyhow::Result<()> {
        self.call(self.shop.stop(service, version, keep)).await
    }

    async fn wrong_orders(&self, since_ms: i64) -> anyhow::Result<Vec<String>> {
        self.call(self.shop.wrong_orders(since_ms)).await
    }
}

/// Fails each call of a rollout once, in turn: every rollout ends, and truthfully.
#[tokio::test(start_paused = true)]
async fn one_call_that_fails_leaves_no_rollout_half_way() {
    for (fails, works) in (0..).flat_map(|fails| [(fails, false), (fails, true)]) {
        let target = Flaky {
            shop: Shop::new(5),
            calls: 0.into(),
            fails,
            works,
        };
        let (_folder, records) = records();
        let rollout = Rollout::new(&target, &records, record("v2", Strategy::BlueGreen, true));
        let outcome = rollout.run().await.unwrap();
        let stays = match outcome {
            Outcome::Promoted => "v2",
            Outcome::Aborted { .. } => "v1",
        };
        assert_eq!(target.shop.versions(), [stays], "call {fails}");
        assert!(target.shop.state.borrow().shares.is_empty());
        assert_eq!(records.current("catalogue"), None);
        if target.calls.get() < fails {
            assert!(fails > 40, "only {fails} calls were tried");
            return;
        }
    }
}

//! Session affinity scenario: a visitor stays on one front-end version; a header selects either.

use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{bail, ensure};

use super::ScenarioContext;
use super::load::Load;
use super::rollout::FIRST;
use super::traffic_split::as_planned;
use crate::wait;
use crate::wait::REQUEST_TIMEOUT;

/// The version that comes.
const NEXT: &str = "v2";

/// Who comes, and how often each looks again.
const VISITORS: usize = 30;
const LOOKS: usize = 8;

/// How many come who were never here, to see whether the halves are halves.
const NEWCOMERS: u32 = 2000;

/// A canary that stays at half for as long as we look.
const PLAN: [&str; 4] = ["--steps", "50,100", "--window", "5m"];

/// No version takes longer to get ready.
const READY: Duration = Duration::from_secs(30);

/// Beginning of the name of the cookie that the door gives.
const LOT: &str = "shop_lot";

/// At half, each visitor stays with one version; whoever asks for the other
/// gets it; and in the end everybody has the new one.
pub(super) fn run(context: &ScenarioContext<'_>) -> anyhow::Result<()> {
    let load = Load::start(context, "shoppers")?;
    let door = context.env.door();
    let canary = [&["canary", "front-end", "--to", NEXT][..], &PLAN[..]].concat();
    let mut canary = Canary(context.release(&canary).stdout(Stdio::null()).spawn()?);
    wait::until("a choice of versions at the door", READY, || {
        let mut visitor = Visitor::new(&door);
        visitor.look("/", None).ok()?;
        visitor.lot.map(drop)
    })?;
    let mut visitors: Vec<_> = (0..VISITORS).map(|_| Visitor::new(&door)).collect();
    let mut met = Vec::new();
    for visitor in &mut visitors {
        let first = visitor.look("/", None)?;
        for _ in 1..LOOKS {
            let again = visitor.look("/", None)?;
            ensure!(again == first, "a visitor of {first} was given {again}");
        }
        met.push(first);
    }
    let both: BTreeSet<_> = met.iter().map(String::as_str).collect();
    ensure!(
        both == BTreeSet::from([FIRST, NEXT]),
        "only {both:?} was met"
    );
    let mut new = 0;
    for _ in 0..NEWCOMERS {
        new += u32::from(Visitor::new(&door).look("/", None)? == NEXT);
    }
    as_planned("front-end", new.into(), NEWCOMERS.into(), 50)?;
    for wish in [FIRST, NEXT] {
        for visitor in &mut visitors {
            let once = visitor.look("/", Some(wish))?;
            ensure!(once == wish, "asked for {wish} by header, got {once}");
        }
        let mut visitor = Visitor::new(&door);
        let asked = visitor.look(&format!("/?version={wish}"), None)?;
        let kept = visitor.look("/", None)?;
        ensure!(
            asked == wish && kept == wish,
            "asked for {wish} by query, got {asked} and then {kept}"
        );
    }
    for (visitor, first) in visitors.iter_mut().zip(&met) {
        let still = visitor.look("/", None)?;
        ensure!(still == *first, "asking once changed {first} to {still}");
    }
    let said = context.roll(&["promote", "front-end"])?;
    ensure!(said.status.success(), "it cannot be promoted");
    ensure!(canary.0.wait()?.success(), "the command did not promote");
    context.only("front-end", NEXT)?;
    for visitor in &mut visitors {
        let end = visitor.look("/", None)?;
        ensure!(end == NEXT, "{end} answers after it was released away");
    }
    let new = met.iter().filter(|one| *one == NEXT).count();
    println!("{new} of {VISITORS} visitors met {NEXT} at 50 %, and each kept what they met");
    load.stop_clean(context).map(drop)
}

/// The command that drives the canary.
struct Canary(Child);

impl Drop for Canary {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            _ = self.0.kill();
            _ = self.0.wait();
        }
    }
}

/// Somebody with a browser that keeps cookies.
struct Visitor<'a> {
    door: &'a str,
    lot: Option<String>,
}

impl<'a> Visitor<'a> {
    fn new(door: &'a str) -> Self {
        Self { door, lot: None }
    }

    /// Opens the page at `path`, and returns the version that served it.
    fn look(&mut self, path: &str, wish: Option<&str>) -> anyhow::Result<String> {
        let mut ask = ureq::get(format!("{}{path}", self.door)).header("accept", "text/html");
        if let Some(lot) = &self.lot {
            ask = ask.header("cookie", lot);
        }
        if let Some(wish) = wish {
            ask = ask.header("x-shop-version", wish);
        }
        let ask = ask.config().timeout_global(Some(REQUEST_TIMEOUT)).build();
        let mut answer = ask.call()?;
        let cookies = answer.headers().get_all("set-cookie").iter();
        let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        if let Some(lot) = cookies.find(|pair| pair.starts_with(LOT)) {
            self.lot = Some(lot.to_owned());
        }
        let page = answer.body_mut().read_to_string()?;
        let release = page
            .split_once("release ")
            .and_then(|(_, rest)| rest.split_once(' '));
        let Some((version, _)) = release else {
            bail!("the page does not say which release it is of");
        };
        Ok(version.to_owned())
    }
}

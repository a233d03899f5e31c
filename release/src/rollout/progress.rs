//! What a rollout says while it goes.

use std::time::Duration;

use crate::judge::{Evidence, Verdict};
use crate::record::{Entry, Record};
use crate::sample::Sample;

fn line(word: &str, text: &str) {
    println!("{word:<8} {text}");
}

pub(super) fn plan(record: &Record) {
    let Record {
        service,
        from,
        to,
        plan,
        ..
    } = record;
    let steps: Vec<String> = plan.steps.iter().map(u8::to_string).collect();
    let steps = steps.join(", ");
    let strategy = plan.strategy.name();
    let window = plan.window.as_secs_f64();
    line(
        "plan",
        &format!("{service} from {from} to {to}: {strategy}, {steps} %, {window} s each"),
    );
}

pub(super) fn start(version: &str, count: usize) {
    let instances = if count == 1 { "instance" } else { "instances" };
    line("start", &format!("{count} {instances} of {version}"));
}

pub(super) fn ready(version: &str, took: Duration) {
    let seconds = took.as_secs_f64();
    line("ready", &format!("{version} after {seconds:.1} s"));
}

pub(super) fn smoke(version: &str) {
    line("smoke", &format!("{version} answers"));
}

pub(super) fn shift(version: &str, percent: u8) {
    line(
        "shift",
        &format!("{percent} % of the requests to {version}"),
    );
}

pub(super) fn judged(verdict: &Verdict, evidence: &Evidence) {
    let word = match verdict {
        Verdict::Good => "good",
        Verdict::Wait { .. } => "unclear",
        Verdict::Bad { .. } => "bad",
    };
    let (new, old) = (did(&evidence.new), did(&evidence.old));
    line("judge", &format!("{word}: new {new}; old {old}"));
}

fn did(sample: &Sample) -> String {
    let Sample {
        requests, errors, ..
    } = sample;
    let p95 = sample
        .quantile(0.95)
        .map_or_else(|| "-".to_owned(), |bound| format!("{} ms", bound / 1000));
    format!("{requests} requests, {errors} failed, 95 % within {p95}")
}

pub(super) fn abort(reasons: &[String]) {
    for reason in reasons {
        line("abort", reason);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of requests are exact in a float"
)]
pub(super) fn back(version: &str, met: u64, all: u64) {
    let percent = met as f64 * 100.0 / (all.max(1)) as f64;
    line(
        "back",
        &format!("to {version}; {percent:.1} % of the requests met the new version"),
    );
}

pub(super) fn end(entry: &Entry) {
    let Record {
        service, from, to, ..
    } = &entry.record;
    let stays = if entry.promoted { to } else { from };
    let took = Duration::from_millis(
        u64::try_from(entry.ended_ms - entry.record.begun_ms).unwrap_or_default(),
    );
    line(
        "done",
        &format!(
            "{service} is {stays}, {:.0} s after the start",
            took.as_secs_f64()
        ),
    );
}

//! What is on its way, and how it went.

use std::collections::BTreeMap;

use ::release::record::{Entry, RolloutStore};
use ::release::{Plan, Target};
use serde::Serialize;

use super::ShowArgs;
use crate::service::Service;
use crate::table;

/// A rollout as programs see it.
#[derive(Serialize)]
struct Row {
    service: String,
    /// What is remembered here of how it began.
    #[serde(flatten)]
    remembered: Option<Remembered>,
    /// Whether a command drives it now.
    driven: bool,
    /// Percent of the requests by version.
    shares: BTreeMap<String, u8>,
    /// Instances that are ready, by version.
    ready: BTreeMap<String, usize>,
}

/// Rollout as it is remembered on this machine.
#[derive(Serialize)]
struct Remembered {
    from: String,
    to: String,
    plan: Plan,
    begun_ms: i64,
}

/// Prints every rollout that has begun and not ended.
pub(super) async fn status(look: &ShowArgs) -> anyhow::Result<()> {
    let (target, records) = (look.place.target(false)?, look.place.records()?);
    let mut rows = Vec::new();
    for service in Service::SHOP.map(Service::name) {
        rows.extend(row(&target, &records, service).await?);
    }
    if look.json {
        return crate::print(&(serde_json::to_string_pretty(&rows)? + "\n"));
    }
    if rows.is_empty() {
        return crate::print("no release is on its way\n");
    }
    let head = ["SERVICE", "FROM", "TO", "HOW", "READY", "SHARES", "STATE"];
    let lines = rows.iter().map(Row::cells).collect();
    let mut text = table::render(&head, lines);
    for row in rows.iter().filter(|row| !row.driven) {
        text += &row.advice();
    }
    crate::print(&text)
}

/// What is on its way of `service`. Where nothing is remembered, two versions
/// beside each other tell.
async fn row(
    target: &impl Target,
    records: &RolloutStore,
    service: &str,
) -> anyhow::Result<Option<Row>> {
    let record = records.current(service);
    let mut ready = BTreeMap::new();
    for version in record.iter().flat_map(|record| [&record.from, &record.to]) {
        ready.insert(version.clone(), 0);
    }
    for one in target.instances(service).await? {
        *ready.entry(one.version).or_default() += usize::from(one.ready);
    }
    if ready.len() < 2 {
        return Ok(None);
    }
    Ok(Some(Row {
        service: service.to_owned(),
        driven: records.is_locked(service),
        shares: target.shares(service).await?,
        ready,
        remembered: record.map(|record| Remembered {
            from: record.from,
            to: record.to,
            plan: record.plan,
            begun_ms: record.begun_ms,
        }),
    }))
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let [from, to, how] = match &self.remembered {
            Some(known) => [&*known.from, &*known.to, known.plan.strategy.name()],
            None => ["?"; 3],
        };
        vec![
            self.service.clone(),
            from.to_owned(),
            to.to_owned(),
            how.to_owned(),
            listed(&self.ready, ""),
            listed(&self.shares, " %"),
            if self.driven { "driven" } else { "left alone" }.to_owned(),
        ]
    }

    /// What can be done about one that nobody drives.
    fn advice(&self) -> String {
        let service = &self.service;
        if self.remembered.is_some() {
            return format!(
                "\n{service} was left alone: `sockshop release abort {service}` or `promote \
                 {service}` ends it, the command that began it goes on with it\n"
            );
        }
        let versions: Vec<&str> = self.ready.keys().map(String::as_str).collect();
        format!(
            "\n{service} runs as {}, and nothing is known here of how that began: \
             `sockshop release abort {service} --keep VERSION` ends it\n",
            versions.join(" and ")
        )
    }
}

fn listed<T: std::fmt::Display>(numbers: &BTreeMap<String, T>, unit: &str) -> String {
    let each = numbers
        .iter()
        .map(|(version, number)| format!("{version} {number}{unit}"));
    match each.collect::<Vec<_>>().join(", ") {
        nothing if nothing.is_empty() => "-".to_owned(),
        list => list,
    }
}

/// Prints how rollouts ended, oldest first.
pub(super) fn history(look: &ShowArgs) -> anyhow::Result<()> {
    let entries = look.place.records()?.history();
    if look.json {
        return crate::print(&(serde_json::to_string_pretty(&entries)? + "\n"));
    }
    if entries.is_empty() {
        return crate::print("no release has ended yet\n");
    }
    let head = ["SERVICE", "FROM", "TO", "HOW", " SECONDS", "END"];
    crate::print(&table::render(&head, entries.iter().map(line).collect()))
}

fn line(entry: &Entry) -> Vec<String> {
    let record = &entry.record;
    let seconds = (entry.ended_ms - record.begun_ms) / 1000;
    vec![
        record.service.clone(),
        record.from.clone(),
        record.to.clone(),
        record.plan.strategy.name().to_owned(),
        seconds.to_string(),
        if entry.promoted {
            "promoted".to_owned()
        } else {
            format!("aborted: {}", entry.reasons.join("; "))
        },
    ]
}

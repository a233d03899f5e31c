//! What is on its way, and how it went.

use std::collections::BTreeMap;

use ::release::Target;
use ::release::record::{Entry, Record};
use serde::Serialize;

use super::Look;
use crate::table;

/// A rollout as programs see it.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    record: Record,
    /// Whether a command drives it now.
    driven: bool,
    /// Percent of the requests by version.
    shares: BTreeMap<String, u8>,
    /// Instances that are ready, by version.
    ready: BTreeMap<String, usize>,
}

/// Prints every rollout that has begun and not ended.
pub(super) async fn status(look: &Look) -> anyhow::Result<()> {
    let (target, records) = (look.place.target(false)?, look.place.records()?);
    let mut rows = Vec::new();
    for record in records.all()? {
        let mut ready = BTreeMap::from([(record.from.clone(), 0), (record.to.clone(), 0)]);
        for one in target.instances(&record.service).await? {
            *ready.entry(one.version).or_default() += usize::from(one.ready);
        }
        rows.push(Row {
            driven: records.is_driven(&record.service),
            shares: target.shares(&record.service).await?,
            ready,
            record,
        });
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
    let left = rows.iter().filter(|row| !row.driven);
    text.extend(left.map(|row| {
        let service = &row.record.service;
        format!(
            "\n{service} was left alone: `sockshop release abort {service}` or `promote {service}` \
             ends it, the command that began it goes on with it\n"
        )
    }));
    crate::print(&text)
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let Record {
            service,
            from,
            to,
            plan,
            ..
        } = &self.record;
        vec![
            service.clone(),
            from.clone(),
            to.clone(),
            plan.strategy.name().to_owned(),
            listed(&self.ready, ""),
            listed(&self.shares, " %"),
            if self.driven { "driven" } else { "left alone" }.to_owned(),
        ]
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
pub(super) fn history(look: &Look) -> anyhow::Result<()> {
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

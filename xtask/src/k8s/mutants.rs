//! Mistakes on purpose: each must be found.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::objects::{Objects, name};
use super::{Calls, check};
use crate::sh;

/// A line each: in which build, which object, where, and what instead.
const MUTANTS: &str = "k8s/tests/mutants.txt";

/// Where the first container is.
const CONTAINER: &str = "/spec/template/spec/containers/0";

/// Makes one mistake after the other, and fails when one goes unnoticed.
pub(super) fn are_all_found(
    builds: &BTreeMap<String, Objects>,
    calls: &Calls,
) -> anyhow::Result<()> {
    let table = std::fs::read_to_string(sh::root().join(MUTANTS))?;
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let mut count = 1;
    for line in lines {
        let mutant = mutate(builds, line).with_context(|| format!("no such mutant: {line}"))?;
        let found = check(&mutant, calls);
        ensure!(!found.is_empty(), "nobody minds: {line}");
        println!("{line}\n    {}", found[0]);
        count += 1;
    }
    let mut more = calls.clone();
    let payment = more.entry("payment".to_owned()).or_default();
    payment.push("user".to_owned());
    let standard = builds.get("standard").context("no build standard")?;
    ensure!(
        !check(standard, &more).is_empty(),
        "nobody minds a call that no policy allows"
    );
    println!("all {count} mutants found");
    Ok(())
}

fn mutate(builds: &BTreeMap<String, Objects>, line: &str) -> Option<Objects> {
    let mut words = line.splitn(5, ' ');
    let mut objects = builds.get(words.next()?)?.clone();
    let (kind, named) = (words.next()?, words.next()?);
    let place = words.next()?.replace('@', CONTAINER);
    let value: Value = serde_json::from_str(words.next()?).ok()?;
    let mut all = objects.0.iter_mut();
    let object = all.find(|one| one["kind"] == kind && name(one) == named)?;
    *object.pointer_mut(&place)? = value;
    Some(objects)
}

//! One rollout: start, ready, smoke, shift, judge, and then promote or abort,
//! and retire.

mod progress;
#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::{Context, bail};
use chassis::clock;
use tokio::time::Instant;

use crate::judge::{Evidence, Verdict, judge};
use crate::plan::Strategy;
use crate::record::{Entry, Intervention, Record, RolloutStore};
use crate::target::{Instance, Shares, Target};
use crate::watch::Window;

/// A rollout that is being driven.
pub struct Rollout<'a, T> {
    target: &'a T,
    records: &'a RolloutStore,
    record: Record,
    /// What the old version did when it last had requests.
    reference: crate::sample::Sample,
    met: Exposure,
}

/// How many requests met which version.
#[derive(Clone, Copy, Debug, Default)]
struct Exposure {
    new: u64,
    all: u64,
}

/// How a rollout ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The new version serves all, and the old one is gone.
    Promoted,
    /// The old version serves all, and the new one is gone.
    Aborted {
        /// Reasons for the abort, one per line.
        reasons: Vec<String>,
    },
}

/// How a step ended.
enum Step {
    Passed,
    Promote,
    Failed(Vec<String>),
}

/// Interval between two polls of instances that become ready.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Maximum number of attempts at a step, and the delay between two of them.
const MAX_ATTEMPTS: u32 = 5;
const RETRY_DELAY: Duration = Duration::from_secs(1);

impl<'a, T: Target> Rollout<'a, T> {
    /// A rollout as the record says, on `target`.
    pub fn new(target: &'a T, records: &'a RolloutStore, record: Record) -> Self {
        Self {
            target,
            records,
            record,
            reference: crate::sample::Sample::default(),
            met: Exposure::default(),
        }
    }

    /// Works out what runs now, and what a rollout to `to` starts from.
    pub async fn origin(target: &T, service: &str, to: &str) -> anyhow::Result<String> {
        let versions = versions(target, service).await?;
        let others: Vec<_> = versions.iter().filter(|version| *version != to).collect();
        match others[..] {
            [only] => Ok(only.clone()),
            [] if versions.is_empty() => bail!("nothing runs of {service}"),
            [] => bail!("{service} is {to} already"),
            _ => bail!(
                "{service} runs as {}: abort what was begun first",
                versions.join(", ")
            ),
        }
    }

    /// Goes through it, from wherever the target stands, to its end.
    pub async fn run(mut self) -> anyhow::Result<Outcome> {
        let record = self.record.clone();
        self.records.begin(&record)?;
        progress::plan(&record);
        let outcome = match self.drive().await {
            Ok(Step::Failed(reasons)) => self.abort(reasons).await?,
            Ok(Step::Passed | Step::Promote) => self.promote().await?,
            Err(error) => {
                let reasons = vec![format!("{error:#}")];
                self.abort(reasons).await?
            }
        };
        Ok(outcome)
    }

    async fn drive(&mut self) -> anyhow::Result<Step> {
        if let Some(wish) = self.prepare().await? {
            return Ok(match wish {
                Intervention::Promote => Step::Promote,
                Intervention::Abort => Step::Failed(asked()),
            });
        }
        let begun = self.share_of_new().await?;
        let steps = self.record.plan.steps.clone();
        for percent in steps.into_iter().filter(|percent| *percent >= begun) {
            match self.step(percent).await? {
                Step::Passed => {}
                other => return Ok(other),
            }
        }
        Ok(Step::Passed)
    }

    /// Starts the new version beside the old one, until it passes a first test.
    async fn prepare(&mut self) -> anyhow::Result<Option<Intervention>> {
        let Record {
            service,
            to,
            from,
            plan,
            ..
        } = self.record.clone();
        let instances = self.target.instances(&service).await?;
        let count = of(&instances, &from).count().max(1);
        if self.share_of_new().await? == 0 {
            self.revive(&from).await?;
            // Nothing may be said about shares yet, so say it before there is a second version.
            self.share(&only(&from)).await?;
        }
        if of(&instances, &to).count() < count {
            progress::start(&to, count);
            retry(async || self.target.start(&service, &to, count).await).await?;
        }
        let begun = Instant::now();
        loop {
            let instances = self.target.instances(&service).await?;
            let ready = of(&instances, &to).filter(|one| one.ready).count();
            if ready >= count {
                break;
            }
            if let Some(wish) = self.records.asked(&service) {
                return Ok(Some(wish));
            }
            if begun.elapsed() > plan.ready {
                bail!(
                    "{to} was not ready within {:?}: {ready} of {count}",
                    plan.ready
                );
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        progress::ready(&to, begun.elapsed());
        let smoke = self.target.smoke(&service, &to).await;
        smoke.with_context(|| format!("{to} failed its first request"))?;
        progress::smoke(&to);
        self.refer().await?;
        Ok(None)
    }

    /// Watches the old version for a moment, so that there is something to compare with.
    async fn refer(&mut self) -> anyhow::Result<()> {
        if self.record.plan.strategy == Strategy::Canary {
            return Ok(());
        }
        let Record {
            service,
            from,
            to,
            plan,
            ..
        } = self.record.clone();
        let mut window = Window::open(&self.target.instances(&service).await?);
        tokio::time::sleep(plan.window / 3).await;
        let instances = self.target.instances(&service).await?;
        self.reference = window.evidence(&instances, &from, &to).old;
        Ok(())
    }

    async fn share_of_new(&self) -> anyhow::Result<u8> {
        let shares = self.target.shares(&self.record.service).await?;
        Ok(shares.get(&self.record.to).copied().unwrap_or(0))
    }

    /// Gives the new version `percent` of the requests, and watches.
    async fn step(&mut self, percent: u8) -> anyhow::Result<Step> {
        let Record {
            service,
            from,
            to,
            plan,
            ..
        } = self.record.clone();
        let mut window = Window::open(&self.target.instances(&service).await?);
        self.share(&both(&from, &to, percent)).await?;
        progress::shift(&to, percent);
        let begun = Instant::now();
        loop {
            tokio::time::sleep(plan.look()).await;
            let instances = self.target.instances(&service).await?;
            let evidence = self.evidence(&mut window, &instances).await?;
            let verdict = judge(&evidence, &plan.thresholds);
            self.records.judged(&service, percent, &evidence, &verdict);
            if let Some(wish) = self.records.asked(&service) {
                self.count(&evidence);
                return Ok(match wish {
                    Intervention::Promote => Step::Promote,
                    Intervention::Abort => Step::Failed(asked()),
                });
            }
            let step = match &verdict {
                Verdict::Bad { reasons } => Some(Step::Failed(reasons.clone())),
                Verdict::Good if begun.elapsed() >= plan.window => Some(Step::Passed),
                Verdict::Wait { missing } if begun.elapsed() >= plan.limit => {
                    Some(Step::Failed(vec![format!(
                        "{missing} requests too few to judge it within {:?}",
                        plan.limit
                    )]))
                }
                _ => None,
            };
            if let Some(step) = step {
                progress::judged(&verdict, &evidence);
                self.count(&evidence);
                return Ok(step);
            }
        }
    }

    async fn evidence(
        &mut self,
        window: &mut Window,
        instances: &[Instance],
    ) -> anyhow::Result<Evidence> {
        let Record {
            from,
            to,
            begun_ms,
            plan,
            ..
        } = &self.record;
        let mut evidence = window.evidence(instances, from, to);
        if plan.thresholds.business {
            evidence.wrong_orders = self.target.wrong_orders(*begun_ms).await?;
        }
        // Who has no requests any more is judged by what it did with them.
        let idle = evidence.old.requests < self.reference.requests / 10;
        if idle {
            let memory = evidence.old.memory;
            evidence.old = self.reference.clone();
            evidence.old.memory = memory.max(evidence.old.memory);
        }
        Ok(evidence)
    }

    fn count(&mut self, evidence: &Evidence) {
        self.met.new += evidence.new.requests;
        self.met.all += evidence.new.requests + evidence.old.requests;
        if evidence.old.requests > self.reference.requests {
            self.reference = evidence.old.clone();
        }
    }

    /// All requests to the new version; the old one ends.
    async fn promote(self) -> anyhow::Result<Outcome> {
        let Record { from, to, .. } = self.record.clone();
        self.revive(&to).await?;
        self.share(&only(&to)).await?;
        self.retire(&from, &to).await?;
        self.close(Outcome::Promoted, Vec::new())
    }

    /// All requests to the old version; the new one ends. Where the old one cannot
    /// be had any more, the new one stays, if it serves.
    async fn abort(self, mut reasons: Vec<String>) -> anyhow::Result<Outcome> {
        let Record { from, to, .. } = self.record.clone();
        progress::abort(&reasons);
        if let Err(error) = self.revive(&from).await {
            if !self.serves(&to).await? {
                return Err(error);
            }
            let lost = format!("{to} stays, because {from} cannot serve: {error:#}");
            progress::abort(std::slice::from_ref(&lost));
            reasons.push(lost);
            self.share(&only(&to)).await?;
            self.retire(&from, &to).await?;
            return self.close(Outcome::Promoted, reasons);
        }
        self.share(&only(&from)).await?;
        progress::back(&from, self.met.new, self.met.all);
        self.retire(&to, &from).await?;
        self.close(
            Outcome::Aborted {
                reasons: reasons.clone(),
            },
            reasons,
        )
    }

    async fn instances(&self) -> anyhow::Result<Vec<Instance>> {
        let service = &self.record.service;
        retry(async || self.target.instances(service).await).await
    }

    /// Whether an instance of `version` takes requests.
    async fn serves(&self, version: &str) -> anyhow::Result<bool> {
        let instances = self.instances().await?;
        Ok(of(&instances, version).any(|one| one.ready))
    }

    /// Starts `version` again where nothing is left of it, in as many instances as
    /// there are of others, and waits until it takes requests.
    async fn revive(&self, version: &str) -> anyhow::Result<()> {
        let Record { service, plan, .. } = &self.record;
        let instances = self.instances().await?;
        if of(&instances, version).count() == 0 {
            let count = instances.len().max(1);
            progress::start(version, count);
            retry(async || self.target.start(service, version, count).await).await?;
        }
        let begun = Instant::now();
        while !self.serves(version).await? {
            if begun.elapsed() > plan.ready {
                bail!("{version} was not ready within {:?}", plan.ready);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Ends `version`, and whatever else there is besides the one to `keep`, once
    /// nobody can remember the old shares.
    async fn retire(&self, version: &str, keep: &str) -> anyhow::Result<()> {
        let Record { service, plan, .. } = &self.record;
        tokio::time::sleep(plan.settle).await;
        // Also where no instance is left of it: the target may know more of it than those.
        let mut ending = vec![version.to_owned()];
        let begun = Instant::now();
        loop {
            for version in ending {
                retry(async || self.target.stop(service, &version, keep).await).await?;
            }
            ending = of_instances(self.instances().await?);
            ending.retain(|version| version != keep);
            if ending.is_empty() {
                break;
            }
            if begun.elapsed() > plan.ready {
                bail!("{} of {service} does not end", ending.join(", "));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        self.share(&Shares::new()).await
    }

    async fn share(&self, shares: &Shares) -> anyhow::Result<()> {
        let service = &self.record.service;
        retry(async || self.target.share(service, shares).await).await
    }

    fn close(self, outcome: Outcome, reasons: Vec<String>) -> anyhow::Result<Outcome> {
        let entry = Entry {
            promoted: outcome == Outcome::Promoted,
            reasons,
            ended_ms: clock::now_ms(),
            record: self.record,
        };
        self.records.end(&entry)?;
        progress::end(&entry);
        Ok(outcome)
    }

    /// Ends a rollout whose driver is gone, as `wish` says.
    pub async fn finish(self, wish: Intervention) -> anyhow::Result<Outcome> {
        if self.is_stale().await? {
            return self.forget().await;
        }
        match wish {
            Intervention::Promote => self.promote().await,
            Intervention::Abort => self.abort(asked()).await,
        }
    }

    /// Whether other versions run, and neither of this rollout: the target has been
    /// changed by other means, and there is nothing to end.
    pub async fn is_stale(&self) -> anyhow::Result<bool> {
        let Record { from, to, .. } = &self.record;
        let versions = of_instances(self.instances().await?);
        let ours = |version: &String| version == from || version == to;
        Ok(!versions.is_empty() && !versions.iter().any(ours))
    }

    /// Ends a rollout that is stale: what runs goes on.
    pub async fn forget(self) -> anyhow::Result<Outcome> {
        self.share(&Shares::new()).await?;
        let Record { from, to, .. } = &self.record;
        let reasons = vec![format!("neither {from} nor {to} runs any more")];
        progress::abort(&reasons);
        self.close(
            Outcome::Aborted {
                reasons: reasons.clone(),
            },
            reasons,
        )
    }
}

/// Does what may be done twice: a target that is busy gets another chance,
/// since half a rollout is worse than a late one.
async fn retry<R>(act: impl AsyncFn() -> anyhow::Result<R>) -> anyhow::Result<R> {
    for _ in 1..MAX_ATTEMPTS {
        match act().await {
            Ok(done) => return Ok(done),
            Err(error) => tracing::warn!("again: {error:#}"),
        }
        tokio::time::sleep(RETRY_DELAY).await;
    }
    act().await
}

/// The versions of `service` that run, in order.
pub async fn versions(target: &impl Target, service: &str) -> anyhow::Result<Vec<String>> {
    Ok(of_instances(target.instances(service).await?))
}

/// The versions of these instances, in order.
fn of_instances(instances: Vec<Instance>) -> Vec<String> {
    let mut versions: Vec<_> = instances.into_iter().map(|one| one.version).collect();
    versions.sort();
    versions.dedup();
    versions
}

/// Goes through all that a good rollout does, on a target in a dry run: it
/// shows what a person would type.
pub async fn dry_run_of(target: &impl Target, record: &Record) -> anyhow::Result<()> {
    let Record {
        service,
        from,
        to,
        plan,
        ..
    } = record;
    let instances = target.instances(service).await?;
    let count = of(&instances, from).count().max(1);
    target.share(service, &only(from)).await?;
    target.start(service, to, count).await?;
    println!("# wait until {to} is ready, and ask it something");
    for percent in &plan.steps {
        target.share(service, &both(from, to, *percent)).await?;
        println!("# compare {to} with {from} for {:?}", plan.window);
    }
    target.share(service, &only(to)).await?;
    println!(
        "# wait {:?}, until nobody remembers the old shares",
        plan.settle
    );
    target.stop(service, from, to).await?;
    target.share(service, &Shares::new()).await
}

fn of<'a>(instances: &'a [Instance], version: &'a str) -> impl Iterator<Item = &'a Instance> {
    instances.iter().filter(move |one| one.version == version)
}

fn only(version: &str) -> Shares {
    Shares::from([(version.to_owned(), 100)])
}

fn both(old: &str, new: &str, percent: u8) -> Shares {
    Shares::from([(old.to_owned(), 100 - percent), (new.to_owned(), percent)])
}

fn asked() -> Vec<String> {
    vec!["asked for".to_owned()]
}

//! What a task printed, from the log of the shop.

use std::time::Duration;

use anyhow::ensure;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Ecs, all};

/// Interval between two polls of a log.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// What was printed is in the log a moment later.
const UNTIL_LOGGED: Duration = Duration::from_secs(30);

/// The last line of what words print: then it is all there.
pub(super) const LAST_WORD: &str = "that-is-all";

impl Ecs {
    /// All lines of the log of `task`, up to the last word.
    pub(super) async fn log(&self, service: &str, task: &str) -> anyhow::Result<Vec<String>> {
        let begun = Instant::now();
        let (mut lines, mut token) = (Vec::new(), None);
        loop {
            match self.page(service, task, token.as_deref()).await {
                Ok(page) => {
                    lines.extend(messages(&page));
                    token = page["nextForwardToken"].as_str().map(str::to_owned);
                }
                Err(error) if begun.elapsed() > UNTIL_LOGGED => return Err(error),
                Err(_) => {}
            }
            if lines.last().is_some_and(|line| line == LAST_WORD) {
                return Ok(lines);
            }
            ensure!(
                begun.elapsed() < UNTIL_LOGGED,
                "what {task} printed is not all in the log"
            );
            sleep(POLL_INTERVAL).await;
        }
    }

    async fn page(&self, service: &str, task: &str, token: Option<&str>) -> anyhow::Result<Value> {
        let group = format!("/{}", self.shop);
        let stream = format!("{service}/{service}/{}", id(task));
        let mut words = vec!["logs", "get-log-events", "--start-from-head"];
        words.extend(["--log-group-name", &group, "--log-stream-name", &stream]);
        words.extend(token.iter().flat_map(|token| ["--next-token", *token]));
        self.read(&words).await
    }

    /// What a task that failed said last.
    pub(super) async fn complaint(&self, service: &str, task: &str) -> String {
        sleep(POLL_INTERVAL).await;
        let page = self.page(service, task, None).await.unwrap_or_default();
        let last = messages(&page).last();
        last.unwrap_or_else(|| format!("see the log of {}", id(task)))
    }
}

fn messages(page: &Value) -> impl Iterator<Item = String> {
    let lines = all(&page["events"]).filter_map(|event| event["message"].as_str());
    lines.filter(|line| !line.is_empty()).map(str::to_owned)
}

/// The last part of an ARN.
fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

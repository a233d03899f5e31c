//! `/sockshop WORDS` on ECS. Nobody gets into a task of ours: its file system is
//! read-only and its role may do nothing. So words are run as a task of their own,
//! from the task definition of the service, with its settings and secrets, in its
//! subnets and its security group, and in one more, which opens the admin ports.
//! What they print is read from the log (`log.rs`).

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::log::LAST_WORD;
use super::{Ecs, all};

/// Interval between two polls of a task.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// A task has to get a place, an address and its image first.
const UNTIL_STOPPED: Duration = Duration::from_secs(180);

impl Ecs {
    /// The lines that `words` print.
    pub(super) async fn answer(
        &self,
        service: &str,
        words: &[&str],
    ) -> anyhow::Result<Vec<String>> {
        let words = [words, &["--last-word", LAST_WORD]].concat();
        let task = self.run(service, &words).await?;
        let mut lines = self.log(service, &task).await?;
        lines.pop();
        Ok(lines)
    }

    /// Runs `words`, and returns the name of the task once they have ended well.
    pub(super) async fn run(&self, service: &str, words: &[&str]) -> anyhow::Result<String> {
        let run = self.run_task(service, words).await?;
        let run: Vec<_> = run.iter().map(String::as_str).collect();
        let begun = self.read(&run).await?;
        let Some(task) = begun["tasks"][0]["taskArn"].as_str() else {
            let why = &begun["failures"][0]["reason"];
            bail!("ECS runs no task for `sockshop {}`: {why}", words.join(" "));
        };
        let stopped = self.stopped(task).await?;
        let container = &stopped["containers"][0];
        if container["exitCode"] != 0 {
            let said = match container["reason"].as_str() {
                Some(reason) => reason.to_owned(),
                None => self.complaint(service, task).await,
            };
            bail!("`sockshop {}` failed: {said}", words.join(" "));
        }
        Ok(task.to_owned())
    }

    /// Shows what a person would type to run `words`.
    pub(super) async fn dry_run_of(&self, service: &str, words: &[&str]) -> anyhow::Result<()> {
        let mut run = self.run_task(service, words).await?;
        run.extend(["--query", "tasks[0].taskArn", "--output", "text"].map(str::to_owned));
        let run: Vec<_> = run.iter().map(String::as_str).collect();
        let of = format!("--cluster {} --tasks $task", self.shop);
        println!("task=$({})", self.aws.shown(&run));
        println!("aws ecs wait tasks-stopped {of}");
        println!(
            "[ 0 = $(aws ecs describe-tasks {of} --query 'tasks[0].containers[0].exitCode' --output text) ]"
        );
        Ok(())
    }

    /// The words after `aws` that run `words`.
    async fn run_task(&self, service: &str, words: &[&str]) -> anyhow::Result<Vec<String>> {
        let network = self.network.get_or_try_init(|| self.find_network()).await?;
        Ok(run_task(&self.shop, service, network, words))
    }

    /// Where the shop's network lets words be run.
    async fn find_network(&self) -> anyhow::Result<Value> {
        let name = format!("{}-network", self.shop);
        let words = ["cloudformation", "describe-stacks", "--stack-name", &name];
        let found = self.read(&words).await?;
        let outputs = &found["Stacks"][0]["Outputs"];
        network(outputs)
            .with_context(|| format!("{name} has no AskGroup: bring it up to date with ecs/deploy"))
    }

    /// The task when its container has ended. The rest of its end is of no interest.
    async fn stopped(&self, task: &str) -> anyhow::Result<Value> {
        let words = [
            "ecs",
            "describe-tasks",
            "--cluster",
            &self.shop,
            "--tasks",
            task,
        ];
        let begun = Instant::now();
        loop {
            let found = self.read(&words).await?;
            let one = &found["tasks"][0];
            let states = [&one["lastStatus"], &one["containers"][0]["lastStatus"]];
            if states.iter().any(|state| **state == "STOPPED") {
                return Ok(one.clone());
            }
            if begun.elapsed() > UNTIL_STOPPED {
                let stop = ["ecs", "stop-task", "--cluster", &self.shop, "--task", task];
                self.read(&stop).await?;
                bail!("{task} did not end within {UNTIL_STOPPED:?}");
            }
            sleep(POLL_INTERVAL).await;
        }
    }
}

/// The network of tasks that run words, from the outputs of `network.yaml`.
fn network(outputs: &Value) -> Option<Value> {
    let output = |key: &str| {
        let found = all(outputs).find(|one| one["OutputKey"] == key);
        Some(found?["OutputValue"].clone())
    };
    Some(json!({ "awsvpcConfiguration": {
        "subnets": [output("PrivateA")?, output("PrivateB")?],
        "securityGroups": [output("ShopGroup")?, output("AskGroup")?],
        "assignPublicIp": "DISABLED",
    }}))
}

/// The words after `aws` that run `/sockshop WORDS` with all that `service` has.
fn run_task(shop: &str, service: &str, network: &Value, words: &[&str]) -> Vec<String> {
    let overrides = json!({ "containerOverrides": [{ "name": service, "command": words }] });
    let run = [
        "ecs",
        "run-task",
        "--cluster",
        shop,
        "--task-definition",
        &format!("{shop}-{service}"),
        "--launch-type",
        "FARGATE",
        "--started-by",
        "sockshop-release",
        "--network-configuration",
        &network.to_string(),
        "--overrides",
        &overrides.to_string(),
    ];
    run.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn words_are_run_where_the_service_is_and_may_ask_it() {
        let output = |key: &str| json!({ "OutputKey": key, "OutputValue": format!("{key}-1") });
        let keys = ["PrivateA", "PrivateB", "ShopGroup", "AskGroup"];
        let outputs = json!(keys.map(output));
        let words = run_task(
            "socks",
            "carts",
            &network(&outputs).unwrap(),
            &["mesh", "policy"],
        );
        assert_eq!(
            words.join(" "),
            "ecs run-task --cluster socks --task-definition socks-carts --launch-type FARGATE \
             --started-by sockshop-release --network-configuration {\"awsvpcConfiguration\":\
             {\"assignPublicIp\":\"DISABLED\",\"securityGroups\":[\"ShopGroup-1\",\"AskGroup-1\"],\
             \"subnets\":[\"PrivateA-1\",\"PrivateB-1\"]}} --overrides {\"containerOverrides\":\
             [{\"command\":[\"mesh\",\"policy\"],\"name\":\"carts\"}]}"
        );
        assert_eq!(network(&json!([output("ShopGroup")])), None);
    }

    #[test]
    fn the_words_are_words_of_ours() {
        for words in [
            &["mesh", "policy", "carts", "v1=75", "v2=25"][..],
            &["mesh", "policy", "carts", "--clear"],
            &[
                "ask",
                "/metrics",
                "--admin",
                "--each",
                "10.77.16.5,10.77.16.6",
            ],
            &["ask", "/health", "--bind", "10.77.16.5"],
            &[
                "audit",
                "--since-ms=1",
                "--orders-url=http://orders.socks.internal:8080",
            ],
        ] {
            let words = [&["sockshop"], words, &["--last-word", LAST_WORD]].concat();
            let args = crate::args::Args::try_parse_from(words).unwrap();
            assert_eq!(args.last_word.as_deref(), Some(LAST_WORD));
        }
    }
}

//! Rollouts whose command died, on a shop that changed meanwhile: each can be ended,
//! and leaves the one version that was told.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod support;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::process::{Output, Stdio};

use serde_json::Value;
use support::{Shop, eventually, sockshop, text};
use tempfile::TempDir;

/// What every shop begins with.
const FIRST: &str = "0.1.0";

/// What the command prints at the start of a phase.
const PHASES: [&str; 7] = [
    "plan",
    "start",
    "ready",
    "smoke",
    "shift",
    "judge",
    "shift    100",
];

/// What happens to the shop after the command has died.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    Nothing,
    /// It is closed and opened again.
    Reopened,
    /// The old version is taken away.
    OldScaledAway,
    /// The new one is.
    NewScaledAway,
}

use Meanwhile::{NewScaledAway, Nothing, OldScaledAway, Reopened};

/// How the rollout is ended.
#[derive(Clone, Copy, Debug)]
enum End {
    Abort,
    Promote,
    /// By the command that began it.
    Again,
}

use End::{Abort, Again, Promote};

/// A shop whose catalogue is released.
struct Released(Shop);

impl Released {
    fn begin(&self, to: &str) -> std::process::Command {
        let mut command = sockshop();
        command
            .args(["release", "canary", "catalogue", "--to", to])
            .args(["--steps", "50,100", "--window", "500ms", "--requests", "0"])
            .arg("--no-business-check")
            .arg("--data")
            .arg(self.0.data());
        command
    }

    /// Begins a rollout and kills its command when it says `phase`.
    fn die_in(&self, phase: &str, to: &str) {
        let mut release = self.begin(to).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(release.stdout.take().unwrap());
        let met = output
            .lines()
            .map_while(Result::ok)
            .any(|line| line.starts_with(phase));
        release.kill().unwrap();
        release.wait().unwrap();
        assert!(met, "never at {phase}");
    }

    /// Scales as the rollout's own command does, which others may not.
    fn scale_away(&self, version: &str) {
        let none = format!("catalogue@{version}=0");
        let refused = self.0.run(&["scale", &none]);
        assert!(!refused.status.success());
        let why = text(&refused.stderr);
        assert!(why.contains("is being released"), "{why}");
        let scaled = sockshop()
            .args(["scale", &none, "--data"])
            .arg(self.0.data())
            .env("SOCKSHOP_RELEASED", "catalogue")
            .output()
            .unwrap();
        assert!(scaled.status.success(), "{}", text(&scaled.stderr));
    }

    fn reopen(self) -> Self {
        Self(Shop::open_in(self.0.close(), &[]))
    }

    fn end(&self, end: End, to: &str) -> Output {
        match end {
            Abort => self.0.run(&["release", "abort", "catalogue"]),
            Promote => self.0.run(&["release", "promote", "catalogue"]),
            Again => self.begin(to).output().unwrap(),
        }
    }

    fn versions(&self) -> Vec<String> {
        let instances = self.0.instances().into_iter();
        let of_it = instances.filter(|one| one.service == "catalogue");
        of_it.map(|one| one.version).collect()
    }

    /// Waits until `version` alone is there, and no rollout is known of.
    fn is_whole(&self, version: &str, seen: &str) {
        eventually(&format!("{seen}: {version} alone"), || {
            self.versions() == [version]
        });
        let status = self.0.run(&["release", "status", "--json"]);
        let left: Value = serde_json::from_slice(&status.stdout).unwrap();
        assert_eq!(left, serde_json::json!([]), "{seen}");
        let policy = self.0.run(&["mesh", "policy"]);
        assert!(!text(&policy.stdout).contains("catalogue"), "{seen}");
    }
}

/// Kills the command in `phase`, lets `meanwhile` happen, and ends it.
fn left_alone(shop: Released, phase: &str, meanwhile: Meanwhile, end: End) -> Released {
    let seen = format!("killed at {phase}, {meanwhile:?}, {end:?}");
    let before = shop.versions().remove(0);
    let to = if before == "v2" { "v3" } else { "v2" };
    shop.die_in(phase, to);
    let shop = match meanwhile {
        Nothing => shop,
        Reopened => shop.reopen(),
        OldScaledAway => {
            shop.scale_away(&before);
            shop
        }
        NewScaledAway => {
            shop.scale_away(to);
            shop
        }
    };
    let ended = shop.end(end, to);
    let seen = format!("{seen}: {}{}", text(&ended.stdout), text(&ended.stderr));
    let is_already = text(&ended.stderr).contains("already");
    assert!(ended.status.success() || is_already, "{seen}");
    let stays = match end {
        Abort => &before,
        Promote | Again => to,
    };
    shop.is_whole(stays, &seen);
    shop
}

/// Every phase in a shop of its own: they wait more than they work.
#[test]
fn a_rollout_left_alone_ends_as_it_is_told_whatever_happened_meanwhile() {
    std::thread::scope(|scope| {
        for (index, phase) in PHASES.into_iter().enumerate() {
            scope.spawn(move || {
                let mut shop = Released(Shop::open());
                let mut ends = [Abort, Promote, Again].into_iter().cycle().skip(index);
                for meanwhile in [Nothing, Reopened, OldScaledAway, NewScaledAway] {
                    shop = left_alone(shop, phase, meanwhile, ends.next().unwrap());
                }
            });
        }
    });
}

/// In a folder whose name is no text.
#[test]
fn the_promoted_version_is_the_one_that_opens_next_time() {
    let mut data = tempfile::Builder::new();
    let data = data
        .prefix(OsStr::from_bytes(b"-sh\xffp"))
        .tempdir()
        .unwrap();
    let shop = Released(Shop::open_in(data, &[]));
    let done = shop.begin("v2").output().unwrap();
    assert!(done.status.success(), "{}", text(&done.stderr));
    let shop = shop.reopen();
    shop.is_whole("v2", "opened again");
    let data: TempDir = shop.0.close();
    let shop = Released(Shop::open_in(data, &["--fresh"]));
    shop.is_whole(FIRST, "opened as new");
}

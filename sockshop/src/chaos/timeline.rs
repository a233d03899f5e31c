//! What a storm did, and when.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use anyhow::Context;
use serde::Serialize;

/// Says what happens, and writes it down.
#[derive(Debug)]
pub(crate) struct Timeline {
    begun: Instant,
    file: Option<Mutex<File>>,
}

/// One line of the file.
#[derive(Serialize)]
struct Event<'a> {
    /// Milliseconds since the Unix epoch.
    at: i64,
    instance: &'a str,
    act: &'a str,
}

impl Timeline {
    /// A timeline that begins now, also in the file at `path` when there is one.
    pub(crate) fn begin(path: Option<&Path>) -> anyhow::Result<Self> {
        let file = path.map(|path| {
            let file = File::create(path);
            file.with_context(|| format!("cannot write the timeline {}", path.display()))
        });
        Ok(Self {
            begun: Instant::now(),
            file: file.transpose()?.map(Mutex::new),
        })
    }

    /// Notes that `act` was done to `instance`. That nobody reads it is no reason to end.
    pub(crate) fn note(&self, instance: &str, act: &str) {
        let seconds = self.begun.elapsed().as_secs_f64();
        _ = writeln!(std::io::stdout(), "{seconds:>8.3} s  {instance:<16}{act}");
        if let Some(file) = &self.file
            && let Ok(mut file) = file.lock()
            && let Ok(line) = serde_json::to_string(&Event {
                at: chassis::clock::now_ms(),
                instance,
                act,
            })
        {
            _ = writeln!(file, "{line}");
        }
    }
}

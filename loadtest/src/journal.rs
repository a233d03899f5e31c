//! What clients were told: every acknowledged order, on disk before it counts.
//!
//! One JSON object a line. Whoever waits at the same time shares one `fsync`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// An order that a client was told is placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Id of the acknowledged order.
    pub order_id: String,
    /// Id of the customer.
    pub customer_id: String,
    /// What it was said to cost.
    pub total_cents: i64,
    /// What the client called it; empty when it did not say.
    pub idempotency_key: String,
    /// When the client was told, in milliseconds since the Unix epoch.
    pub at: i64,
}

/// Waiting beyond this many makes others wait before they can.
const QUEUE: usize = 1024;

type Kept = oneshot::Sender<Result<(), String>>;

/// Writes a journal. Clones share it.
#[derive(Clone, Debug)]
pub struct Journal {
    queue: mpsc::Sender<(Entry, Kept)>,
}

impl Journal {
    /// Opens the journal at `path`, to add to it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let context = || format!("cannot write the journal {}", path.display());
        let mut options = File::options();
        let options = options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(path).with_context(context)?;
        cut_torn_line(&mut file).with_context(context)?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        std::thread::spawn(move || write(&mut file, waiting));
        Ok(Self { queue })
    }

    /// Returns once `entry` is on disk.
    pub async fn keep(&self, entry: Entry) -> anyhow::Result<()> {
        let (kept, answer) = oneshot::channel();
        let sent = self.queue.send((entry, kept)).await;
        sent.map_err(|_| anyhow::anyhow!("the journal is closed"))?;
        answer
            .await
            .context("the journal was closed")?
            .map_err(|error| anyhow::anyhow!("cannot write the journal: {error}"))
    }
}

/// A line that was cut off never counted.
fn cut_torn_line(file: &mut File) -> std::io::Result<()> {
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        file.seek(SeekFrom::Start(end - 1))?;
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        if byte == *b"\n" {
            break;
        }
        end -= 1;
    }
    file.set_len(end)?;
    file.seek(SeekFrom::End(0)).map(drop)
}

fn write(file: &mut File, mut waiting: mpsc::Receiver<(Entry, Kept)>) {
    while let Some(first) = waiting.blocking_recv() {
        let mut group = vec![first];
        while let Ok(next) = waiting.try_recv() {
            group.push(next);
        }
        let (entries, kept): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let outcome = append(file, &entries).map_err(|error| error.to_string());
        for kept in kept {
            _ = kept.send(outcome.clone());
        }
    }
}

fn append(file: &mut File, entries: &[Entry]) -> std::io::Result<()> {
    let mut lines = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut lines, entry)?;
        lines.push(b'\n');
    }
    file.write_all(&lines)?;
    file.sync_data()
}

/// Reads the journal at `path`, an entry at a time. A line that was cut off at
/// its end is left out; anything else that is no entry is an error.
pub fn read(path: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Entry>> + use<>> {
    let shown = path.display().to_string();
    let file = File::open(path).with_context(|| format!("cannot read the journal {shown}"))?;
    let mut lines = BufReader::new(file);
    let mut number = 0u64;
    Ok(std::iter::from_fn(move || {
        let mut line = String::new();
        number += 1;
        match lines.read_line(&mut line) {
            Err(error) => Some(Err(anyhow::Error::new(error).context(shown.clone()))),
            Ok(_) if !line.ends_with('\n') => None,
            Ok(_) => Some(parse(&line).with_context(|| format!("{shown}, line {number}"))),
        }
    }))
}

fn parse(line: &str) -> anyhow::Result<Entry> {
    let entry: Entry = serde_json::from_str(line).context("not an entry of a journal")?;
    if entry.order_id.is_empty() {
        bail!("it names no order");
    }
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> Entry {
        Entry {
            order_id: id.to_owned(),
            customer_id: "c".to_owned(),
            total_cents: 2299,
            idempotency_key: "k".to_owned(),
            at: 1,
        }
    }

    fn ids(path: &Path) -> Vec<String> {
        let entries = read(path).unwrap();
        entries.map(|entry| entry.unwrap().order_id).collect()
    }

    #[tokio::test]
    async fn what_is_kept_is_read_and_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let journal = Journal::open(&path).unwrap();
        let keep = (0..100).map(|id| journal.keep(entry(&id.to_string())));
        futures_util::future::try_join_all(keep).await.unwrap();
        assert_eq!(ids(&path).len(), 100);
        Journal::open(&path)
            .unwrap()
            .keep(entry("more"))
            .await
            .unwrap();
        assert_eq!(ids(&path).last().unwrap(), "more");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(
            r#"{"order_id":"0","customer_id":"c","total_cents":2299,"idempotency_key":"k","at":1}"#
        ));
    }

    #[tokio::test]
    async fn a_torn_line_never_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let line = serde_json::to_string(&entry("whole")).unwrap();
        std::fs::write(&path, format!("{line}\n{}", &line[..20])).unwrap();
        assert_eq!(ids(&path), ["whole"]);
        Journal::open(&path)
            .unwrap()
            .keep(entry("next"))
            .await
            .unwrap();
        assert_eq!(ids(&path), ["whole", "next"]);
    }

    #[test]
    fn a_line_that_is_no_entry_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::fs::write(&path, "{}\n").unwrap();
        let error = read(&path).unwrap().next().unwrap().unwrap_err();
        assert!(error.to_string().ends_with("line 1"), "{error}");
        assert!(read(&folder.path().join("none")).is_err());
    }
}

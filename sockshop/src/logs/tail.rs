//! The end of a log file, now and as it grows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use super::line::Line;
use crate::data_dir::DataDir;

/// Maximum number of bytes that are read from the end of an existing log.
const MAX_TAIL_BYTES: u64 = 4 * 1024 * 1024;

/// A log file and how far it has been read.
pub(crate) struct Tail {
    path: PathBuf,
    instance: String,
    offset: u64,
    /// The time of the line read last.
    at: String,
}

/// The logs in `folder` that `wanted` chooses by name and that are not among
/// the `known`.
pub(crate) fn all(folder: &DataDir, wanted: impl Fn(&str) -> bool, known: &[Tail]) -> Vec<Tail> {
    let entries = std::fs::read_dir(folder.logs())
        .into_iter()
        .flatten()
        .flatten();
    let paths = entries.map(|entry| entry.path());
    let logs = paths.filter(|path| path.extension().is_some_and(|end| end == "log"));
    logs.filter(|path| known.iter().all(|tail| tail.path != *path))
        .map(Tail::new)
        .filter(|tail| wanted(&tail.instance))
        .collect()
}

impl Tail {
    /// The log at `path`, nothing of it read yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        let name = path.file_stem().unwrap_or_default();
        Self {
            instance: name.to_string_lossy().into_owned(),
            path,
            offset: 0,
            at: String::new(),
        }
    }

    /// Its last `count` lines.
    pub(crate) fn last(&mut self, count: usize) -> Vec<Line> {
        let length = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        self.offset = length.saturating_sub(MAX_TAIL_BYTES);
        let mut lines = self.news();
        lines.split_off(lines.len().saturating_sub(count))
    }

    /// What was written since it was last asked: whole lines only.
    pub(crate) fn news(&mut self) -> Vec<Line> {
        let bytes = self.unread().unwrap_or_default();
        let whole = bytes.iter().rposition(|&byte| byte == b'\n');
        let bytes = &bytes[..whole.map_or(0, |end| end + 1)];
        self.offset += bytes.len() as u64;
        let text = String::from_utf8_lossy(bytes);
        text.lines().map(|raw| self.line(raw)).collect()
    }

    fn line(&mut self, raw: &str) -> Line {
        let line = Line::read(&self.instance, raw, &self.at);
        self.at.clone_from(&line.at);
        line
    }

    fn unread(&mut self) -> std::io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        if file.metadata()?.len() < self.offset {
            self.offset = 0; // it was emptied, and begins anew
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_log_is_followed_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("carts-1.log");
        let mut log = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .unwrap();
        let mut tail = Tail::new(path);
        let texts = |lines: Vec<Line>| lines.into_iter().map(|line| line.text).collect::<Vec<_>>();

        log.write_all(b"one\ntwo\nthree\n").unwrap();
        assert_eq!(texts(tail.last(2)), ["two", "three"]);
        log.write_all(b"fo").unwrap();
        assert!(tail.news().is_empty());
        log.write_all(b"ur\n").unwrap();
        assert_eq!(texts(tail.news()), ["four"]);

        log.set_len(0).unwrap();
        log.write_all(b"new\n").unwrap();
        assert_eq!(texts(tail.news()), ["new"]);
    }
}

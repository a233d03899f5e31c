//! The file of a report: opened before the run, complete or as it was before.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::html;
use crate::summary::Summary;

/// A file that a report will be in.
///
/// The report is written to a draft beside it, which then takes its name: a run
/// that ends early leaves an older report as it was. A path that is no regular
/// file, such as `/dev/stdout`, is written to directly.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    handle: fs::File,
    draft: Option<PathBuf>,
}

impl File {
    /// Opens the file at `path`. Fails when it cannot be written.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let context = || format!("cannot write the report {}", path.display());
        let kind = fs::metadata(path).ok().map(|file| file.file_type());
        if kind.is_some_and(|kind| kind.is_dir()) {
            bail!("{}: it is a folder", context());
        }
        let is_regular = kind.is_none_or(|kind| kind.is_file());
        let draft = is_regular.then(|| draft_of(path));
        let mut options = fs::File::options();
        let options = options.write(true).create(is_regular).truncate(is_regular);
        let file = options.open(draft.as_deref().unwrap_or(path));
        Ok(Self {
            path: path.to_owned(),
            handle: file.with_context(context)?,
            draft,
        })
    }

    /// Writes `summary` as a page with charts ([`html`]).
    pub fn write(mut self, summary: &Summary) -> anyhow::Result<()> {
        self.keep(html(summary).as_bytes())
            .with_context(|| format!("cannot write the report {}", self.path.display()))
    }

    fn keep(&mut self, page: &[u8]) -> std::io::Result<()> {
        self.handle.write_all(page)?;
        if let Some(draft) = self.draft.as_ref() {
            fs::rename(draft, &self.path)?;
            self.draft = None;
        }
        Ok(())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if let Some(draft) = &self.draft {
            _ = fs::remove_file(draft);
        }
    }
}

/// `report.html` is drafted in `report.html.part`.
fn draft_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_complete_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        fs::write(&path, "of yesterday").unwrap();
        drop(File::open(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "of yesterday");
        File::open(&path).unwrap().keep(b"of today").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "of today");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for bad in [folder.path().join("none/x.html"), folder.path().to_owned()] {
            let error = File::open(&bad).unwrap_err().to_string();
            assert!(error.starts_with("cannot write the report"), "{error}");
        }
        File::open(Path::new("/dev/null"))
            .unwrap()
            .keep(b"x")
            .unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}

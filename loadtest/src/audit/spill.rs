//! Sorting more than fits into memory: every item goes into one of a fixed
//! number of files, equal keys into the same, and one file is read at a time.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::marker::PhantomData;

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

/// Of a million orders, four thousand are in memory at once.
const FILES: u64 = 64;

/// Items of one kind, on disk until they are read or dropped.
#[derive(Debug)]
pub struct Spill<T> {
    folder: TempDir,
    files: Vec<BufWriter<File>>,
    items: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> Spill<T> {
    /// An empty one, in the system's folder for temporary files.
    pub fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("there is no room for temporary files")?;
        let files = (0..FILES).map(|number| {
            let file = File::create(folder.path().join(number.to_string()))?;
            anyhow::Ok(BufWriter::new(file))
        });
        Ok(Self {
            files: files.collect::<anyhow::Result<_>>()?,
            folder,
            items: PhantomData,
        })
    }

    /// Adds `item` to those with the same `key`.
    pub fn put(&mut self, key: &impl Hash, item: &T) -> anyhow::Result<()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % FILES)?;
        let file = &mut self.files[index];
        serde_json::to_writer(&mut *file, item)?;
        Ok(file.write_all(b"\n")?)
    }

    /// Calls `take` with what each file holds.
    pub fn drain(
        mut self,
        mut take: impl FnMut(Vec<T>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        for file in &mut self.files {
            file.flush().context("temporary files cannot be written")?;
        }
        self.files.clear();
        for number in 0..FILES {
            let path = self.folder.path().join(number.to_string());
            let lines = BufReader::new(File::open(&path)?).lines();
            let items = lines.map(|line| Ok(serde_json::from_str(&line?)?));
            take(items.collect::<anyhow::Result<_>>()?)?;
            std::fs::remove_file(path)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn equal_keys_come_back_together_and_a_small_share_at_a_time() {
        let mut spill = Spill::new().unwrap();
        for item in 0..64_000u32 {
            spill.put(&(item % 6400), &item).unwrap();
        }
        let (mut files, mut most, mut seen) = (0, 0, HashMap::<u32, usize>::new());
        let take = |items: Vec<u32>| {
            files += 1;
            most = most.max(items.len());
            for key in items.iter().map(|item| item % 6400) {
                assert_eq!(*seen.entry(key).or_insert(files), files);
            }
            Ok(())
        };
        spill.drain(take).unwrap();
        assert_eq!((seen.len(), files), (6400, 64));
        assert!(most < 2000, "{most} of 64000 at once");
    }
}

//! `sockshop logs`: what every process said, in the order they said it.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;

use crate::folder::{Folder, Which};

mod line;
mod tail;

use line::Line;
use tail::Tail;

/// Whose words, and how many.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A service or an instance; all of them by default.
    service: Option<String>,

    /// The shop to listen to.
    #[command(flatten)]
    which: Which,

    /// Go on until interrupted.
    #[arg(long, short)]
    follow: bool,

    /// How many of the last lines of each process to begin with.
    #[arg(long, short = 'n', default_value_t = 100)]
    lines: usize,
}

/// How often followed logs are looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints logs, and follows them when asked to.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = Folder::new(&options.which)?;
    let wanted = |name: &str| is_meant(name, options.service.as_deref());
    let mut tails = tail::all(&folder, wanted, &[]);
    if tails.is_empty() && !options.follow {
        match &options.service {
            Some(name) => bail!("{name} has no log in {}", folder.logs().display()),
            None => bail!("there are no logs in {}", folder.logs().display()),
        }
    }
    let lines = tails.iter_mut().flat_map(|tail| tail.last(options.lines));
    show(lines.collect())?;
    if !options.follow {
        return Ok(());
    }
    loop {
        std::thread::sleep(PAUSE);
        let born_since = tail::all(&folder, wanted, &tails);
        tails.extend(born_since);
        show(tails.iter_mut().flat_map(Tail::news).collect())?;
    }
}

/// What the log at `path` says last.
pub(crate) fn last_words(path: &Path) -> String {
    let line = Tail::new(path.to_owned()).last(1).pop();
    line.map_or_else(|| "it said nothing".to_owned(), |line| line.text)
}

/// `carts` means all its instances, `carts-1` one of them.
fn is_meant(instance: &str, wanted: Option<&str>) -> bool {
    let kind = instance.rsplit_once('-').map(|(kind, _)| kind);
    let Some(wanted) = wanted else { return true };
    let wanted = if wanted == "cart" { "carts" } else { wanted };
    instance == wanted || kind == Some(wanted)
}

/// Lines of different processes are put in order; those of one keep theirs.
fn show(mut lines: Vec<Line>) -> anyhow::Result<()> {
    lines.sort_by(|a, b| a.at.cmp(&b.at));
    let text: String = lines.iter().map(ToString::to_string).collect();
    crate::print(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_means_all_its_instances() {
        for wanted in [None, Some("queue-master"), Some("queue-master-2")] {
            assert!(is_meant("queue-master-2", wanted));
        }
        assert!(is_meant("carts-1", Some("cart")));
        assert!(!is_meant("queue-master-2", Some("queue")));
        assert!(!is_meant("orders-1", Some("orders-2")));
    }
}

//! `sockshop logs`: what every process said, in the order they said it.

use std::path::Path;
use std::time::Duration;

use anyhow::bail;

use crate::data_dir::{DataDir, DataDirArg};

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
    which: DataDirArg,

    /// Go on until interrupted.
    #[arg(long, short)]
    follow: bool,

    /// How many of the last lines of each process to begin with.
    #[arg(long, short = 'n', default_value_t = 100)]
    lines: usize,
}

/// Interval between two polls of followed logs.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Prints logs, and follows them when asked to.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let folder = DataDir::new(&options.which)?;
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
        std::thread::sleep(POLL_INTERVAL);
        let born_since = tail::all(&folder, wanted, &tails);
        tails.extend(born_since);
        show(tails.iter_mut().flat_map(Tail::news).collect())?;
    }
}

/// Lines in which a process that could not start says why are among its last
/// ones, at most so many.
const LINES_OF_A_FAILURE: usize = 20;

/// Why the process whose log is at `path` did not start, in its own words: the
/// last line that names an error, or the last line.
///
/// clap ends its errors with a hint, and a panic with another one, so the last
/// line is seldom the cause.
pub(crate) fn cause(path: &Path) -> String {
    let lines = Tail::new(path.to_owned()).last(LINES_OF_A_FAILURE);
    let lines: Vec<&str> = lines.iter().map(|line| line.text.trim()).collect();
    let at = lines.iter().rposition(|line| names_an_error(line));
    let Some(at) = at else {
        let last = lines.iter().rfind(|line| !line.is_empty());
        return last.copied().unwrap_or("it said nothing").to_owned();
    };
    match lines.get(at + 1) {
        Some(more) if lines[at].ends_with(':') => format!("{} {more}", lines[at]),
        _ => lines[at].to_owned(),
    }
}

/// Whether a line is what clap, our `main`, the log or a panic say of an error.
fn names_an_error(line: &str) -> bool {
    let is_panic = line.starts_with("thread '") && line.contains(" panicked at ");
    is_panic
        || ["error: ", "sockshop: ", "ERROR "]
            .iter()
            .any(|start| line.starts_with(start))
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

    fn cause_in(log: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("orders-1.log");
        std::fs::write(&path, log).unwrap();
        cause(&path)
    }

    #[test]
    fn the_cause_of_a_failure_is_the_line_that_names_it() {
        let usage = "\n\nUsage: sockshop serve\n\nFor more information, try '--help'.\n";
        let of_clap = "error: invalid value 'x' for '--port <PORT>': no number";
        assert_eq!(cause_in(&format!("{of_clap}{usage}")), of_clap);
        let missing = "error: these arguments were not provided:\n  --key <KEY>";
        assert_eq!(
            cause_in(&format!("{missing}{usage}")),
            "error: these arguments were not provided: --key <KEY>"
        );
        let ours = "sockshop: cannot use the database";
        assert_eq!(
            cause_in(&format!("{ours} a\nhello\n{ours} b\n")),
            format!("{ours} b")
        );
        let panic = "thread 'main' (7) panicked at src/main.rs:1:1:\nno luck\n            note: run with `RUST_BACKTRACE=1`\n";
        assert!(cause_in(panic).ends_with("src/main.rs:1:1: no luck"));
        assert_eq!(cause_in("hello\n\n"), "hello");
        assert_eq!(cause_in(""), "it said nothing");
    }

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

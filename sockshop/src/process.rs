//! Processes of this machine, as other processes see them.
//!
//! What `/proc` does not tell (outside Linux) is simply not known: `None`.

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// One process, told apart from a later one that was given the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Process identifier of the operating system.
    pub(crate) pid: u32,
    /// When it began, in clock ticks since the machine did.
    pub(crate) born: Option<u64>,
}

/// What a process costs, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident memory, shared pages counted in full.
    pub(crate) rss: Option<u64>,
    /// Resident memory, shared pages divided among those who share them.
    pub(crate) pss: Option<u64>,
}

impl Process {
    /// The process that has number `pid` now.
    pub(crate) fn number(pid: u32) -> Self {
        let born = stat(pid).and_then(|stat| stat.born);
        Self { pid, born }
    }

    /// The process that calls this function.
    pub(crate) fn this() -> Self {
        Self::number(std::process::id())
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(self) -> bool {
        let Some(pid) = self.raw() else { return false };
        match stat(self.pid) {
            Some(stat) => stat.born == self.born && !matches!(stat.mode, 'Z' | 'X'),
            None => self.born.is_none() && rustix::process::test_kill_process(pid).is_ok(),
        }
    }

    /// Whether it is stopped and waits to be resumed.
    pub(crate) fn is_paused(self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.born == self.born && stat.mode == 'T')
    }

    /// Sends it `signal`; false when it is gone.
    pub(crate) fn send(self, signal: Signal) -> bool {
        let pid = self.raw().filter(|_| self.is_alive());
        pid.is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    /// Memory use of the process.
    pub(crate) fn memory(self) -> Memory {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid));
        text.map(|text| Memory::read(&text)).unwrap_or_default()
    }

    fn raw(self) -> Option<Pid> {
        i32::try_from(self.pid).ok().and_then(Pid::from_raw)
    }
}

impl Memory {
    /// Parses the contents of `/proc/PID/smaps_rollup`.
    fn read(text: &str) -> Self {
        let bytes = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key))?;
            let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            Some(kib * 1024)
        };
        Self {
            rss: bytes("Rss:"),
            pss: bytes("Pss:"),
        }
    }
}

struct Stat {
    mode: char,
    born: Option<u64>,
}

fn stat(pid: u32) -> Option<Stat> {
    read_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads `/proc/PID/stat`: see `proc_pid_stat(5)`, fields 3 and 22. The name
/// before them may hold anything, brackets and blanks included.
fn read_stat(text: &str) -> Option<Stat> {
    let (_, after_name) = text.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace();
    let mode = fields.next()?.chars().next()?;
    let born = fields.nth(18).and_then(|ticks| ticks.parse().ok());
    Some(Stat { mode, born })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_an_odd_name_is_read() {
        let text = "7 (a) b) T 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1";
        let stat = read_stat(text).unwrap();
        assert_eq!((stat.mode, stat.born), ('T', Some(4242)));
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let text = "55d0-7ffe ---p 00000000 00:00 0 [rollup]\nRss:  2048 kB\nPss:  10 kB\nPss_Anon: 3 kB\n";
        let memory = Memory::read(text);
        assert_eq!((memory.rss, memory.pss), (Some(2_097_152), Some(10_240)));
    }

    #[test]
    fn a_number_given_to_another_process_is_not_the_old_one() {
        let this = Process::this();
        assert!(this.is_alive() && !this.is_paused());
        if let Some(born) = this.born {
            let earlier = Process {
                born: Some(born - 1),
                ..this
            };
            assert!(!earlier.is_alive() && !earlier.send(Signal::CONT));
        }
    }
}

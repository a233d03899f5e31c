//! What hashing takes, it gives back. Alone in its process, because it reads
//! how much memory that has.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use user::password;

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

#[test]
fn the_memory_of_a_hash_goes_back_to_the_system() {
    let before = resident();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..3).for_each(|_| drop(password::hash("secret").unwrap())));
        }
    });
    let after = resident();
    assert!(after < before + 8 * 1024, "{before} KiB became {after} KiB");
}

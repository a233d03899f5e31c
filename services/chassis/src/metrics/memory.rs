//! How much memory this process takes.

/// Resident memory in bytes, as the kernel counts it; `None` where there is no `/proc`.
pub(super) fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn a_process_takes_some_memory() {
        let bytes = super::resident().unwrap();
        assert!((1e6..1e12).contains(&bytes), "{bytes}");
    }
}

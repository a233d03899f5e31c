//! Memory use of containers.

use anyhow::Context;

use super::project::Project;
use crate::docker::docker;
use crate::sh;

/// Prints what each container takes, as `docker stats` counts it, and returns
/// the sum in bytes.
pub(super) fn measure(shop: &Project<'_>) -> anyhow::Result<u64> {
    let mut stats = docker(&[
        "stats",
        "--no-stream",
        "--format",
        "{{.MemUsage}} {{.Name}}",
    ]);
    let said = sh::read(stats.args(shop.running()?))?;
    let mut sum = 0;
    for line in said.lines() {
        println!("{line}");
        let taken = line.split_whitespace().next().unwrap_or_default();
        sum += bytes(taken).with_context(|| format!("docker stats says {line}"))?;
    }
    println!("{} MiB in all", sum >> 20);
    Ok(sum)
}

/// Reads such as `3.863MiB`.
fn bytes(text: &str) -> Option<u64> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];
    let (number, shift) = units
        .iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, shift)))?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let thousandths: u64 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    Some((whole.parse::<u64>().ok()? << shift) + (thousandths << shift) / 1000)
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn memory_is_read_as_docker_writes_it() {
        assert_eq!(bytes("1.5MiB"), Some(3 << 19));
        assert_eq!(bytes("512KiB"), Some(1 << 19));
        assert_eq!(bytes("0B"), Some(0));
        assert_eq!(bytes("much"), None);
    }
}

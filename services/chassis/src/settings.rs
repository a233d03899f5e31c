//! Settings shared by every process.

use std::net::IpAddr;
use std::time::Duration;

use crate::{announce, discovery};

/// Flags and environment variables every process understands.
///
/// Flatten it into a service's own `clap` parser; `--help` is the manual.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Address to listen on; images set 0.0.0.0.
    #[arg(long, env = "BIND_ADDRESS", default_value = "127.0.0.1")]
    pub bind: IpAddr,

    /// Port for REST and gRPC.
    #[arg(long, env, default_value_t = 8080)]
    pub port: u16,

    /// Private port for liveness, readiness, metrics and faults.
    #[arg(long, env, default_value_t = 9090)]
    pub admin_port: u16,

    /// Release this process belongs to.
    #[arg(long = "release", id = "release", env = "VERSION", default_value = env!("CARGO_PKG_VERSION"))]
    pub version: String,

    /// Name of this process; host name and process id when not given.
    #[arg(long, env)]
    pub instance: Option<String>,

    /// How long to keep serving after SIGTERM, so that others stop calling first.
    #[arg(long, env, default_value = "2s", value_parser = duration)]
    pub drain_window: Duration,

    /// End when standard input closes: set by `sockshop up`, so that no service outlives it.
    #[arg(long, env, hide = true, default_value = "", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = boolean)]
    pub end_with_stdin: bool,

    /// OTLP collector (gRPC) to send traces to, e.g. `http://otel:4317`. Without one, traces stay local.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,

    /// How to find the other services.
    #[command(flatten)]
    pub discovery: discovery::Lookup,

    /// How to be found by them.
    #[command(flatten)]
    pub announcing: announce::Announcing,
}

impl Settings {
    /// The name of this process among its kind.
    #[must_use]
    pub fn instance(&self) -> String {
        self.instance.clone().unwrap_or_else(|| {
            let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
            format!("{}-{}", host.trim(), std::process::id())
        })
    }
}

/// Reads a truth value as people write it in an environment: `1` and `0`, `true`
/// and `false`, `yes` and `no`, `on` and `off`, in any case. Empty is false.
pub fn boolean(text: &str) -> Result<bool, String> {
    Ok(optional_boolean(text)?.unwrap_or_default())
}

/// As [`boolean`], where empty means that nothing was said.
pub fn optional_boolean(text: &str) -> Result<Option<bool>, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "1" | "true" | "t" | "yes" | "y" | "on" => Ok(Some(true)),
        "0" | "false" | "f" | "no" | "n" | "off" => Ok(Some(false)),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

/// Reads a duration as people write it: `2s`, `250ms`, `1m`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text
        .parse()
        .map_err(|_| format!("`{text}` is not a duration such as 2s, 250ms or 1m"))?;
    Duration::try_from(span).map_err(|_| format!("`{text}` is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans_are_read_as_people_write_them() {
        for yes in ["1", "true", "TRUE", "Yes", "on", " y "] {
            assert_eq!(boolean(yes), Ok(true), "{yes}");
        }
        for no in ["0", "false", "No", "OFF", "f", "", " "] {
            assert_eq!(boolean(no), Ok(false), "{no}");
        }
        assert_eq!(optional_boolean(""), Ok(None));
        assert!(boolean("maybe").is_err() && boolean("2").is_err());
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert!(duration("soon").is_err() && duration("-2s").is_err());
    }
}

//! What the instances of one version did, read from their metrics.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Sub};

use serde::Serialize;

/// Histograms of requests: what the original's REST clients ask, and gRPC.
/// (`request_duration_seconds` counts the same REST requests once more.)
const HISTOGRAMS: [&str; 2] = [
    "http_request_duration_seconds",
    "grpc_server_handling_seconds",
];

/// What a queue-master handled, by outcome.
const WORKED: &str = "shipments_handled_total";

/// Codes of gRPC for which the server is to blame: unknown, deadline exceeded,
/// resource exhausted, internal, unavailable, data loss.
const BLAME: [&str; 6] = ["2", "4", "8", "13", "14", "15"];

/// Requests of one version since its instances started, or in a window when
/// an earlier sample is subtracted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Number of requests that were answered.
    pub requests: u64,
    /// Those of them that failed by the server's fault.
    pub errors: u64,
    /// How many were answered within so many microseconds; cumulative.
    pub within: BTreeMap<u64, u64>,
    /// Resident memory of the largest instance, in bytes; 0 when it is not known.
    pub memory: u64,
}

impl Sample {
    /// Reads one instance's metrics, Prometheus text as our processes write it.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut sample = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some((series, value)) = line.rsplit_once(' ') {
                sample.note(series, value);
            }
        }
        sample
    }

    fn note(&mut self, series: &str, value: &str) {
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        match name {
            "process_resident_memory_bytes" => self.memory = value.parse().unwrap_or_default(),
            WORKED => self.worked(labels, value.parse().unwrap_or_default()),
            _ => {}
        }
        let Some((_, part)) = HISTOGRAMS
            .iter()
            .find_map(|histogram| name.strip_prefix(histogram).map(|part| (histogram, part)))
        else {
            return;
        };
        let count: u64 = value.parse().unwrap_or_default();
        match part {
            "_count" => {
                self.requests += count;
                self.errors += if is_error(labels) { count } else { 0 };
            }
            "_bucket" => {
                if let Some(bound) = label(labels, "le").and_then(|bound| bound.parse::<f64>().ok())
                    && bound.is_finite()
                {
                    *self.within.entry(micros(bound)).or_default() += count;
                }
            }
            _ => {}
        }
    }

    /// A worker answers nobody: what it handled counts as its requests.
    fn worked(&mut self, labels: &str, count: u64) {
        self.requests += count;
        self.errors += if label(labels, "outcome") == Some("lost") {
            count
        } else {
            0
        };
    }

    /// How many took longer than `bound` microseconds, one of the histogram's bounds.
    #[must_use]
    pub fn slower_than(&self, bound: u64) -> u64 {
        let within = self.within.get(&bound).copied().unwrap_or(self.requests);
        self.requests.saturating_sub(within)
    }

    /// The smallest bound of the histogram that is not below `least` microseconds.
    #[must_use]
    pub fn bound(&self, least: u64) -> Option<u64> {
        self.within.range(least..).next().map(|(bound, _)| *bound)
    }

    /// The smallest bound that `share` of the requests (0 to 1) kept, in microseconds.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of requests fit")]
        let enough = |count: u64| count as f64 >= share * self.requests as f64;
        if self.requests == 0 {
            return None;
        }
        let kept = self.within.iter().find(|(_, count)| enough(**count));
        kept.map(|(bound, _)| *bound)
    }
}

/// Instances of one version add up.
impl AddAssign for Sample {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.errors += other.errors;
        for (bound, count) in other.within {
            *self.within.entry(bound).or_default() += count;
        }
        self.memory = self.memory.max(other.memory);
    }
}

/// What happened since `earlier`. An instance that began anew counts from nothing.
impl Sub<&Sample> for Sample {
    type Output = Self;

    fn sub(mut self, earlier: &Self) -> Self {
        if earlier.requests > self.requests {
            return self;
        }
        self.requests -= earlier.requests;
        self.errors = self.errors.saturating_sub(earlier.errors);
        for (bound, count) in &mut self.within {
            let before = earlier.within.get(bound).copied().unwrap_or_default();
            *count = count.saturating_sub(before);
        }
        self
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounds are a few positive seconds"
)]
fn micros(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}

fn is_error(labels: &str) -> bool {
    label(labels, "status_code").is_some_and(|code| code.starts_with('5'))
        || label(labels, "grpc_code").is_some_and(|code| BLAME.contains(&code))
}

/// The value of a label. Ours never hold a quote or a comma.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    labels.trim_end_matches('}').split(',').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| value.trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{service="catalogue",method="GET",status_code="200",path="catalogue",le="0.005"} 90
http_request_duration_seconds_bucket{service="catalogue",method="GET",status_code="200",path="catalogue",le="0.01"} 95
http_request_duration_seconds_bucket{service="catalogue",method="GET",status_code="200",path="catalogue",le="+Inf"} 100
http_request_duration_seconds_count{service="catalogue",method="GET",status_code="200",path="catalogue"} 100
request_duration_seconds_count{service="catalogue",method="GET",status_code="200",route="catalogue"} 100
http_request_duration_seconds_count{service="catalogue",method="GET",status_code="503",path="catalogue"} 3
http_request_duration_seconds_count{service="catalogue",method="GET",status_code="404",path="catalogue"} 4
grpc_server_handling_seconds_bucket{service="catalogue",grpc_code="0",le="0.005"} 10
grpc_server_handling_seconds_count{service="catalogue",grpc_code="0"} 10
grpc_server_handling_seconds_count{service="catalogue",grpc_code="14"} 2
grpc_server_handling_seconds_count{service="catalogue",grpc_code="5"} 1
process_resident_memory_bytes 7340032
"#;

    #[test]
    fn both_faces_are_counted_once_and_only_the_servers_faults_are_errors() {
        let sample = Sample::read(TEXT);
        assert_eq!((sample.requests, sample.errors), (120, 5));
        assert_eq!(sample.within[&5_000], 100);
        assert_eq!(sample.slower_than(10_000), 25);
        assert_eq!(sample.memory, 7 << 20);
    }

    #[test]
    fn a_window_is_what_came_since_and_a_restart_counts_from_nothing() {
        let (earlier, mut later) = (Sample::read(TEXT), Sample::read(TEXT));
        later += Sample::read("grpc_server_handling_seconds_count{grpc_code=\"0\"} 7\n");
        let window = later.clone() - &earlier;
        assert_eq!((window.requests, window.errors), (7, 0));
        assert_eq!((earlier.clone() - &later).requests, earlier.requests);
    }

    #[test]
    fn a_workers_shipments_are_its_requests() {
        let text = "shipments_handled_total{outcome=\"shipped\"} 9\n\
                    shipments_handled_total{outcome=\"lost\"} 2\n";
        let sample = Sample::read(text);
        assert_eq!((sample.requests, sample.errors), (11, 2));
    }

    #[test]
    fn quantiles_are_bounds_of_the_histogram() {
        let sample = Sample {
            requests: 100,
            within: BTreeMap::from([(5_000, 90), (10_000, 99)]),
            ..Sample::default()
        };
        assert_eq!(sample.quantile(0.5), Some(5_000));
        assert_eq!(sample.quantile(0.95), Some(10_000));
        assert_eq!(sample.quantile(1.0), None);
        assert_eq!(Sample::default().quantile(0.5), None);
    }
}

//! The report: one HTML file that needs no other.

use std::fmt::Write;

use crate::summary::{Moment, Summary};

pub mod chart;
mod file;

use chart::{Chart, Line};
pub use file::File;

const STYLE: &str = include_str!("../templates/report.css");

/// Writes `summary` as a page with charts.
#[must_use]
pub fn html(summary: &Summary) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Load test, profile {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>Load test</h1>\n",
        summary.profile
    );
    page.push_str(&facts(summary));
    for chart in charts(&summary.series) {
        page.push_str(&chart.svg());
    }
    page.push_str(&table(summary));
    page.push_str("</body>\n</html>\n");
    page
}

fn charts(series: &[Moment]) -> [Chart; 3] {
    let line = |name, value: fn(&Moment) -> f64| Line {
        name,
        points: series
            .iter()
            .map(|moment| (moment.at, value(moment)))
            .collect(),
    };
    [
        Chart {
            title: "Latency",
            unit: "ms",
            lines: vec![
                line("p50", |moment| moment.latency.p50),
                line("p90", |moment| moment.latency.p90),
                line("p99", |moment| moment.latency.p99),
            ],
        },
        Chart {
            title: "Rate",
            unit: "a second",
            lines: vec![
                line("requests", |moment| moment.rate),
                line("orders", |moment| moment.orders),
            ],
        },
        Chart {
            title: "Failures",
            unit: "a second",
            lines: vec![line("failed requests", |moment| moment.failed)],
        },
    ]
}

fn facts(summary: &Summary) -> String {
    let facts = [
        (
            "Profile",
            format!("{}, seed {}", summary.profile, summary.seed),
        ),
        ("Visitors", summary.visitors.to_string()),
        (
            "Requests",
            format!(
                "{} in {:.1} s, {:.1} a second",
                summary.requests, summary.seconds, summary.requests_per_second
            ),
        ),
        (
            "Failed",
            format!("{} ({:.3} %)", summary.failed, summary.error_rate * 100.0),
        ),
        (
            "Availability",
            format!("{:.3} %", summary.availability * 100.0),
        ),
        (
            "Orders",
            format!(
                "{} acknowledged, {} refused, {} without an answer",
                summary.orders.acknowledged, summary.orders.refused, summary.orders.unknown
            ),
        ),
    ];
    let mut list = String::from("<dl>\n");
    for (name, value) in facts {
        _ = writeln!(list, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    list + "</dl>\n"
}

fn table(summary: &Summary) -> String {
    let mut table = String::from(
        "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Request</th>\
         <th scope=\"col\">Count</th><th scope=\"col\">Failed</th><th scope=\"col\">p50 ms</th>\
         <th scope=\"col\">p90 ms</th><th scope=\"col\">p99 ms</th><th scope=\"col\">p99.9 ms</th>\
         <th scope=\"col\">Max ms</th></tr></thead>\n<tbody>\n",
    );
    let all = ("all", summary.requests, summary.failed, summary.latency);
    let steps = summary.steps.iter();
    let steps = steps.map(|step| (step.name, step.requests, step.failed, step.latency));
    for (name, requests, failed, took) in steps.chain([all]) {
        _ = write!(
            table,
            "<tr><th scope=\"row\">{name}</th><td>{requests}</td><td>{failed}</td>"
        );
        for value in [took.p50, took.p90, took.p99, took.p999, took.max] {
            _ = write!(table, "<td>{value:.1}</td>");
        }
        table.push_str("</tr>\n");
    }
    table + "</tbody>\n</table></div>\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::Latency;

    #[test]
    fn a_report_is_one_file_with_three_charts() {
        let moment = |at| Moment {
            at,
            rate: 10.0,
            failed: 0.0,
            orders: 1.0,
            latency: Latency::default(),
        };
        let summary = Summary {
            profile: "shopper",
            series: vec![moment(0.0), moment(1.0)],
            ..Summary::default()
        };
        let page = html(&summary);
        assert_eq!(page.matches("<svg").count(), 3);
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("src="));
        assert_eq!(page.matches('<').count(), page.matches('>').count());
    }

    #[test]
    fn a_run_of_nothing_has_a_report_too() {
        let page = html(&Summary::default());
        assert!(page.contains("nothing to show") && !page.contains("NaN"));
    }
}

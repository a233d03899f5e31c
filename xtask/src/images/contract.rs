//! Contract of every image: settings that hold for whoever runs it.

use anyhow::ensure;

use super::{ALL, VERSION, inspect, tag};

const LABELS: &str = "org.opencontainers.image.";

/// Looks at every image.
pub(super) fn check() -> anyhow::Result<()> {
    for name in ALL {
        let tag = tag(name);
        let health = r#"["CMD","/sockshop","health"]"#;
        for (format, expected) in [
            ("{{.Config.User}}".to_owned(), "10001:10001"),
            ("{{.Config.StopSignal}}".to_owned(), "SIGTERM"),
            ("{{json .Config.Healthcheck.Test}}".to_owned(), health),
            (label("title"), name),
            (label("version"), VERSION),
            (label("licenses"), "Apache-2.0"),
        ] {
            let found = inspect(&tag, &format)?;
            ensure!(
                found == expected,
                "{tag}: {format} is {found}, not {expected}"
            );
        }
        for said in ["description", "source", "revision"] {
            let found = inspect(&tag, &label(said))?;
            ensure!(!found.is_empty(), "{tag} has no label {LABELS}{said}");
        }
    }
    println!(
        "all run as 10001:10001, end on SIGTERM, say what they are and ask themselves how they are"
    );
    Ok(())
}

fn label(name: &str) -> String {
    format!("{{{{index .Config.Labels \"{LABELS}{name}\"}}}}")
}

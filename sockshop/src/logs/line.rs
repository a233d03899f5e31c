//! One line of a log, made readable.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value};

/// A line somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Instance that wrote the line.
    pub(crate) instance: String,
    /// When, as it says itself (RFC 3339); that of the line before if it does not.
    pub(crate) at: String,
    /// Text of the line, with its fields.
    pub(crate) text: String,
}

/// Fields that are shown elsewhere, or that only programs want.
const HIDDEN: [&str; 6] = ["timestamp", "level", "message", "target", "span", "spans"];

impl Line {
    /// Reads what `instance` wrote. Services write JSON; whatever is not is
    /// taken as it is, as of the time `before`.
    pub(crate) fn read(instance: &str, raw: &str, before: &str) -> Self {
        let fields: Option<Map<String, Value>> = serde_json::from_str(raw).ok();
        let (at, text) = match fields {
            Some(fields) => (plain(fields.get("timestamp")), words(&fields)),
            None => (before.to_owned(), raw.trim_end().to_owned()),
        };
        Self {
            instance: instance.to_owned(),
            at,
            text,
        }
    }

    fn clock(&self) -> &str {
        self.at.get(11..23).unwrap_or_default()
    }
}

impl fmt::Display for Line {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{:<12}  {:<16}{}",
            self.clock(),
            self.instance,
            self.text
        )
    }
}

/// Formats level, message and fields: `INFO  serving port=8080`.
fn words(fields: &Map<String, Value>) -> String {
    let mut text = format!(
        "{:<5} {}",
        plain(fields.get("level")),
        plain(fields.get("message"))
    );
    for (name, value) in fields {
        if !HIDDEN.contains(&name.as_str()) {
            _ = write!(text, " {name}={}", plain(Some(value)));
        }
    }
    text
}

fn plain(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_made_readable() {
        let raw = r#"{"timestamp":"2026-05-06T07:08:09.123456Z","level":"INFO","message":"serving","port":8080,"target":"chassis::serve"}"#;
        let line = Line::read("carts-1", raw, "");
        assert_eq!(
            line.to_string(),
            "07:08:09.123  carts-1         INFO  serving port=8080\n"
        );
    }

    #[test]
    fn what_is_not_json_is_shown_as_it_is() {
        let line = Line::read("carts-1", "thread panicked\n", "2026-05-06T07:08:09.123Z");
        assert_eq!(
            line.to_string(),
            "07:08:09.123  carts-1         thread panicked\n"
        );
    }
}

//! What the mesh knows of: owners, instances and policies.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use chassis::announce::canonical;

/// One run of a mesh node: what it vouches for dies with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// Name of the mesh node.
    pub node: String,
    /// Tells its runs apart; later ones are greater.
    pub run: u64,
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.node)
    }
}

/// How far an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It runs, and should not be called yet.
    Starting,
    /// It should be called.
    Serving,
    /// It finishes what it has, and should not be called any more.
    Draining,
}

/// What an instance says of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Instance {
    /// Grows with every announcement, also across mesh nodes.
    pub epoch: u64,
    /// The release it belongs to.
    pub version: String,
    /// The address others reach it at.
    pub address: IpAddr,
    /// Port on which the instance serves.
    pub port: u16,
    /// How far it is.
    pub phase: Phase,
    /// The number that tells this process from any other of the same name; 0 where
    /// nobody but the mesh node itself speaks for it. Not shown to callers.
    #[serde(default)]
    pub incarnation: u64,
}

impl Instance {
    /// Whether both are announced by processes, and not by the same one.
    #[must_use]
    pub fn rivals(&self, other: &Self) -> bool {
        self.incarnation != 0 && other.incarnation != 0 && self.incarnation != other.incarnation
    }

    /// What decides which of two rivals stays: the lower one, which was first.
    #[must_use]
    pub fn seniority(&self) -> (u64, u64) {
        (self.epoch, self.incarnation)
    }
}

/// The share of the requests each version of a service gets. Never all zero;
/// empty where a policy was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Policy(pub BTreeMap<String, u32>);

/// The longest label DNS allows.
const LABEL: usize = 63;

/// Whether `text` can be a label of a DNS name: letters, digits and inner hyphens.
#[must_use]
pub fn is_label(text: &str) -> bool {
    (1..=LABEL).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// An instance's name as a label of a DNS name: host names may have dots.
#[must_use]
pub fn label(name: &str) -> String {
    let fit = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let text: String = name.chars().map(fit).collect();
    let text = text.trim_matches('-');
    // The end tells instances apart: a process id, a random suffix.
    let text = text[text.len().saturating_sub(LABEL)..].trim_matches('-');
    if text.is_empty() {
        "instance".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_instance_name_becomes_a_label() {
        let names = ["cat-1", "Host.example.org-17", "été", "", &"x".repeat(99)];
        for label in names.map(label) {
            assert!(is_label(&label), "{label}");
        }
        assert_eq!(label("Host.example.org-17"), "host-example-org-17");
    }
}

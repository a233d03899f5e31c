//! Validation of what shoppers type: cards, names and quantities, each rule
//! once, for the pages and for the services behind them.
//!
//! A rule takes what was typed and returns it in the form that is stored, or
//! [`Invalid`]. The services apply it to every request and have the last word;
//! the pages apply the same function first, to show the message beside the
//! field. The rules are pure: the time is an argument.

pub mod card;
pub mod quantity;
pub mod text;

use std::fmt;

/// The message about an input that a rule refuses: what follows the name of
/// the field, such as `needs 12 to 19 digits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(String);

impl Invalid {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

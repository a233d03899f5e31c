//! Customers, and what it takes to become one.

use chassis::{Error, Result};

use crate::text;

/// Somebody with an account.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Customer {
    /// Names the customer in URLs and orders.
    pub id: String,
    /// Names the customer at sign-in; exact, letter case included.
    pub username: String,
    /// Where to write to, or empty. REST never shows it.
    pub email: String,
    /// Given name, or empty.
    pub first_name: String,
    /// Family name, or empty.
    pub last_name: String,
}

/// A wish for an account. It holds a password and is therefore not `Debug`.
#[derive(Clone)]
pub struct NewCustomer {
    /// The name to sign in with.
    pub username: String,
    /// The password, as typed.
    pub password: String,
    /// What else is known.
    pub profile: Profile,
}

/// What customers may change about themselves.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Where to write to, or empty.
    pub email: String,
    /// Given name, or empty.
    pub first_name: String,
    /// Family name, or empty.
    pub last_name: String,
}

/// An account as it is stored: a customer and the password's hash. It is not
/// `Debug` either.
#[derive(Clone, sqlx::FromRow)]
pub struct Account {
    /// Who it belongs to.
    #[sqlx(flatten)]
    pub customer: Customer,
    /// The hash of the password, see [`password`](crate::password).
    pub password: String,
}

impl NewCustomer {
    /// Checks everything that can be checked without asking the store.
    pub fn check(&self) -> Result<()> {
        text::require("username", &self.username)?;
        text::require("password", &self.password)?;
        self.profile.check()
    }
}

impl Profile {
    /// Checks lengths, and that the e-mail address looks like one.
    pub fn check(&self) -> Result<()> {
        text::check("first name", &self.first_name)?;
        text::check("last name", &self.last_name)?;
        text::check("email", &self.email)?;
        if self.email.is_empty() || looks_like_email(&self.email) {
            return Ok(());
        }
        Err(Error::invalid("email must look like name@example.org"))
    }
}

/// Only a letter sent there could prove more.
fn looks_like_email(text: &str) -> bool {
    let halves = text.split_once('@');
    halves.is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !text.contains(' ')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_needs_two_halves() {
        let check = |email: &str| {
            let profile = Profile {
                email: email.into(),
                first_name: String::new(),
                last_name: String::new(),
            };
            profile.check().is_ok()
        };
        assert!(["", "ada@example.org", "a+b@[::1]"].into_iter().all(check));
        assert!(
            !["ada", "@x", "ada@", "a@b@c", "a b@c"]
                .into_iter()
                .any(check)
        );
    }
}

//! Customers, and what it takes to become one.

use chassis::{Error, Result};
use validation::text::{check_password, email, normalized};

use crate::validate;

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
    /// The wish in the form in which it is stored, checked as far as that goes
    /// without asking the store.
    pub fn checked(self) -> Result<Self> {
        let username = validate::required("username", &self.username)?;
        if self.password.is_empty() {
            return Err(Error::invalid("password must not be empty"));
        }
        validate::named("password", check_password(&self.password))?;
        Ok(Self {
            username,
            password: normalized(&self.password),
            profile: self.profile.checked()?,
        })
    }
}

impl Profile {
    /// The profile in the form in which it is stored.
    pub fn checked(self) -> Result<Self> {
        Ok(Self {
            email: validate::named("email", email(&self.email))?,
            first_name: validate::line("first name", &self.first_name)?,
            last_name: validate::line("last name", &self.last_name)?,
        })
    }
}

//! The fields that forms of the shop are made of.

use validation::text;

use super::field::Field;
use super::validate::Rule;

/// Length of the longest username of an account from before usernames were as
/// short as other texts, in characters.
const OLD_USERNAME_LENGTH: usize = 200;

/// Where a parcel goes.
pub(super) fn address() -> Vec<Field> {
    let field = |name, label, autocomplete, width| Field {
        group: "address",
        autocomplete,
        width,
        ..Field::new(name, label, Rule::Required)
    };
    vec![
        field("number", "House number or name", "off", "half"),
        field("street", "Street", "address-line1", "half"),
        field("city", "Town or city", "address-level2", "half"),
        field("postcode", "Postcode", "postal-code", "half"),
        field("country", "Country", "country-name", ""),
    ]
}

/// What it is paid with.
pub(super) fn card() -> Vec<Field> {
    let field = |name, label, rule| Field {
        group: "card",
        longest: 30,
        numeric: true,
        ..Field::new(name, label, rule)
    };
    vec![
        Field {
            autocomplete: "cc-number",
            ..field("card_number", "Card number", Rule::CardNumber)
        },
        Field {
            autocomplete: "cc-exp",
            hint: "Month and year, such as 04/29",
            width: "half",
            numeric: false,
            ..field("expires", "Expiry date", Rule::Expires)
        },
        Field {
            autocomplete: "cc-csc",
            hint: "The digits on the back",
            width: "half",
            ..field("security_code", "Security code", Rule::SecurityCode)
        },
    ]
}

/// Who a customer is.
pub(super) fn profile() -> Vec<Field> {
    let field = |name, label, autocomplete, rule| Field {
        group: "profile",
        autocomplete,
        ..Field::new(name, label, rule)
    };
    vec![
        Field {
            width: "half",
            ..field("first_name", "First name", "given-name", Rule::Optional)
        },
        Field {
            width: "half",
            ..field("last_name", "Last name", "family-name", Rule::Optional)
        },
        Field {
            kind: "email",
            ..field("email", "E-mail", "email", Rule::Email)
        },
    ]
}

/// How a customer shows who they are.
pub(super) fn sign_in() -> Vec<Field> {
    vec![
        Field {
            group: "sign-in",
            longest: OLD_USERNAME_LENGTH,
            ..Field::new("username", "Username", Rule::Known)
        },
        Field {
            group: "sign-in",
            kind: "password",
            autocomplete: "current-password",
            longest: text::MAX_PASSWORD_LENGTH,
            ..Field::new("password", "Password", Rule::Known)
        },
    ]
}

/// What a new customer chooses.
pub(super) fn register() -> Vec<Field> {
    let choice = [
        Field {
            group: "profile",
            ..Field::new("username", "Username", Rule::Required)
        },
        Field {
            group: "profile",
            kind: "password",
            autocomplete: "new-password",
            hint: "Eight characters or more. A sentence will do nicely.",
            longest: text::MAX_PASSWORD_LENGTH,
            ..Field::new("password", "Password", Rule::NewPassword)
        },
    ];
    choice.into_iter().chain(profile()).collect()
}

//! What the shop must not let anybody do, tried from outside.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod forms;
mod inside;
mod pages;
mod property;
mod sessions;
#[path = "../support/mod.rs"]
mod support;

/// Every kind of page.
pub(crate) const PAGES: [&str; 12] = [
    "/",
    "/socks",
    "/socks?tags=blue&search=%3Cb%3E",
    "/detail.html?id=none",
    "/basket",
    "/checkout",
    "/sign-in",
    "/register",
    "/account",
    "/account/orders",
    "/about",
    "/no/such/page",
];

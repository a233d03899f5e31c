//! A message for the next page, carried by a signed cookie.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tower_cookies::Cookie;
use tower_cookies::cookie::SameSite;
use tower_cookies::cookie::time::Duration;

use super::Visitor;
use crate::{AppState, Key};

/// Name of the cookie, which each shop of a host has for itself.
pub(crate) fn name(key: &Key) -> String {
    format!("flash.{}", key.shop_id())
}

/// What to tell the visitor on the next page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Flash {
    /// How it is meant.
    pub kind: Kind,
    /// Text of the message.
    pub text: String,
}

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Kind {
    /// Success of what the visitor asked for.
    Done,
    /// Failure of what the visitor asked for.
    Problem,
}

impl Visitor {
    /// Tells the visitor `text` on the next page.
    pub fn flash(&self, shop: &AppState, kind: Kind, text: impl Into<String>) {
        let flash = Flash {
            kind,
            text: text.into(),
        };
        let json = serde_json::to_vec(&flash).unwrap_or_default();
        let cookie = Cookie::build((name(&shop.key), URL_SAFE_NO_PAD.encode(json)))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .max_age(Duration::minutes(5));
        let signed = self.cookies.signed(shop.key.cookies());
        signed.add(cookie.build());
    }

    /// What the page before wanted to tell, once.
    #[must_use]
    pub fn take_flash(&self, shop: &AppState) -> Option<Flash> {
        let signed = self.cookies.signed(shop.key.cookies());
        let cookie = signed.get(&name(&shop.key))?;
        let flash = URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
        let cookie = Cookie::build(name(&shop.key)).path("/");
        self.cookies.remove(cookie.build());
        serde_json::from_slice(&flash).ok()
    }
}

//! Recognising a visitor by the cookies of a request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chassis::forwarded::ClientInfo;
use chassis::{Error, Result, clock};
use tower_cookies::Cookies;
use tower_sessions::{Expiry, Session};

use super::{CUSTOMER, Customer, LOGGED_IN, Visitor, unavailable};
use crate::AppState;

/// A sign-in is prolonged when this much of its life is over.
const PROLONG_AFTER_MS: i64 = 5 * 60 * 1000;

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, shop: &AppState) -> Result<Self> {
        if let Some(visitor) = parts.extensions.get::<Self>() {
            return Ok(visitor.clone());
        }
        let visitor = Self::recognise(parts, shop).await?;
        parts.extensions.insert(visitor.clone());
        Ok(visitor)
    }
}

impl Visitor {
    async fn recognise(parts: &Parts, shop: &AppState) -> Result<Self> {
        let (Some(session), Some(cookies)) = (
            parts.extensions.get::<Session>().cloned(),
            parts.extensions.get::<Cookies>().cloned(),
        ) else {
            return Err(Error::internal("the session layer is missing"));
        };
        let (session_id, is_new) = name(&session).await?;
        let client = parts.extensions.get::<ClientInfo>();
        let mut visitor = Self {
            address: client.and_then(|client| client.address),
            csrf: shop.key.sign(&session_id),
            session_id,
            customer: None,
            session,
            cookies,
            is_new,
        };
        // Without this cookie the original took everybody for a guest.
        if !is_new && visitor.cookies.get(LOGGED_IN).is_some() {
            visitor.customer = match visitor.remember(shop).await {
                // Whoever only looks around needs no name.
                Err(Error::Unavailable(_)) if is_browsing(parts) => None,
                customer => customer?,
            };
        }
        Ok(visitor)
    }

    /// The customer of this session, whose sign-in now lasts longer.
    async fn remember(&self, shop: &AppState) -> Result<Option<Customer>> {
        let customer: Option<Customer> = self.session.get(CUSTOMER).await.map_err(unavailable)?;
        let Some(mut customer) = customer else {
            return Ok(None);
        };
        let now = clock::now_ms();
        if now - customer.seen_at_ms > PROLONG_AFTER_MS {
            customer.seen_at_ms = now;
            self.keep(shop, &customer).await?;
        }
        Ok(Some(customer))
    }
}

/// Whether a request only looks at what the shop sells, which is the same for
/// everybody.
fn is_browsing(parts: &Parts) -> bool {
    let path = parts.uri.path();
    let shelves = ["/socks", "/catalogue", "/tags"];
    parts.method.is_safe() && (path == "/" || shelves.iter().any(|shelf| path.starts_with(shelf)))
}

/// The id of `session`, made now for a new visitor.
async fn name(session: &Session) -> Result<(String, bool)> {
    if let Some(id) = session.id() {
        return Ok((id.to_string(), false));
    }
    // Saving assigns an id; a change of expiry makes the layer send the cookie.
    session.set_expiry(Some(Expiry::OnSessionEnd));
    session.save().await.map_err(unavailable)?;
    let id = session
        .id()
        .ok_or_else(|| Error::internal("a session without an id"))?;
    Ok((id.to_string(), true))
}

//! Who is asking: a guest, or a customer who has signed in.

mod extract;
mod flash;
mod marker;

use std::net::IpAddr;

use chassis::forwarded::CLIENT_ADDRESS;
use chassis::{Error, Result, clock};
use proto::cart::MergeCartsRequest;
use proto::user as pb;
use serde::{Deserialize, Serialize};
use tower_cookies::cookie::SameSite;
use tower_cookies::cookie::time::Duration;
use tower_cookies::{Cookie, Cookies};
use tower_sessions::Session;

use crate::AppState;
use crate::session::LIFETIME;

pub(crate) use flash::name as flash_cookie;
pub use flash::{Flash, Kind};

/// Name of the cookie that is present while somebody is signed in. Scripts of the
/// original read it, and sign out by deleting it; [`marker`] says what it holds.
pub(crate) const LOGGED_IN: &str = "logged_in";

/// Where the session keeps its customer.
const CUSTOMER: &str = "customer";

/// Whoever sent the request. Extracting one gives a new visitor the session
/// cookie; a guest's session is not stored anywhere.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Names the session, and the cart of a guest.
    pub session_id: String,
    /// The customer, when one has signed in.
    pub customer: Option<Customer>,
    /// The token that every form of this visitor must bring back.
    pub csrf: String,
    /// IP address of the visitor's browser, as far as it is known.
    pub address: Option<IpAddr>,
    session: Session,
    cookies: Cookies,
    is_new: bool,
}

/// A customer who has signed in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Customer {
    /// Identifier of the customer: 24 hex digits.
    pub id: String,
    /// What they sign in with.
    pub username: String,
    /// Name of the customer, which may be empty.
    pub first_name: String,
    /// Name of the customer, which may be empty.
    pub last_name: String,
    seen_at_ms: i64,
}

impl Visitor {
    /// Whose cart it is: the customer's, or the guest's own.
    #[must_use]
    pub fn owner(&self) -> &str {
        match &self.customer {
            Some(customer) => &customer.id,
            None => &self.session_id,
        }
    }

    /// The customer, or [`Error::Unauthorized`] for a guest.
    pub fn signed_in(&self) -> Result<&Customer> {
        self.customer.as_ref().ok_or(Error::Unauthorized)
    }

    /// Fails with [`Error::Invalid`] unless a form of this visitor brought
    /// `token`.
    pub fn verify(&self, shop: &AppState, token: &str) -> Result<()> {
        if shop.key.signed(&self.session_id, token) {
            return Ok(());
        }
        Err(Error::invalid(
            "the form has expired: go back, reload the page and try again",
        ))
    }

    /// A gRPC request made for this visitor: services with limits per source
    /// learn the browser's address.
    pub(crate) fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let address = self
            .address
            .and_then(|address| address.to_string().parse().ok());
        if let Some(address) = address {
            request.metadata_mut().insert(CLIENT_ADDRESS, address);
        }
        request
    }

    /// Signs `customer` in under a new session id, so that an id somebody else
    /// knows is worth nothing, and moves the guest's cart into the customer's.
    ///
    /// A cart that cannot be moved now does not keep anybody out.
    pub async fn sign_in(&self, shop: &AppState, customer: &pb::Customer) -> Result<()> {
        if !self.is_new && self.customer.is_none() {
            let merge = MergeCartsRequest {
                from_customer_id: self.session_id.clone(),
                into_customer_id: customer.id.clone(),
            };
            if let Err(error) = shop.carts.clone().merge_carts(merge).await {
                tracing::warn!(%error, "a guest's cart was not merged");
            }
        }
        self.session.cycle_id().await.map_err(unavailable)?;
        self.keep(shop, &Customer::now(customer)).await
    }

    /// Remembers the customer's new name.
    pub async fn rename(&self, shop: &AppState, customer: &pb::Customer) -> Result<()> {
        self.keep(shop, &Customer::now(customer)).await
    }

    /// Deletes the session and its cookies.
    pub async fn sign_out(&self, shop: &AppState) -> Result<()> {
        self.session.flush().await.map_err(unavailable)?;
        match marker::without(&self.marker(), shop.key.shop_id()) {
            Some(others) => self.mark(others),
            None => self
                .cookies
                .remove(Cookie::build(LOGGED_IN).path("/").build()),
        }
        Ok(())
    }

    async fn keep(&self, shop: &AppState, customer: &Customer) -> Result<()> {
        let kept = self.session.insert(CUSTOMER, customer).await;
        kept.map_err(unavailable)?;
        // The session layer saves after the handler, and answers a bare 500 when it cannot.
        self.session.save().await.map_err(unavailable)?;
        self.mark(marker::with(&self.marker(), shop.key.shop_id()));
        Ok(())
    }

    /// What the browser's marker holds now.
    fn marker(&self) -> String {
        let cookie = self.cookies.get(LOGGED_IN);
        cookie
            .map(|cookie| cookie.value().to_owned())
            .unwrap_or_default()
    }

    fn mark(&self, shops: String) {
        let age = i64::try_from(LIFETIME.as_secs()).unwrap_or(i64::MAX);
        let cookie = Cookie::build((LOGGED_IN, shops))
            .path("/")
            .same_site(SameSite::Lax)
            .max_age(Duration::seconds(age));
        self.cookies.add(cookie.build());
    }
}

impl Customer {
    fn now(customer: &pb::Customer) -> Self {
        Self {
            id: customer.id.clone(),
            username: customer.username.clone(),
            first_name: customer.first_name.clone(),
            last_name: customer.last_name.clone(),
            seen_at_ms: clock::now_ms(),
        }
    }
}

fn unavailable(error: tower_sessions::session::Error) -> Error {
    Error::unavailable(error)
}

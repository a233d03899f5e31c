//! The pages for people.

use axum::Router;

use crate::Shop;

/// The routes of all pages. `POST /register` is the JSON face's own.
pub fn routes() -> Router<Shop> {
    Router::new()
}

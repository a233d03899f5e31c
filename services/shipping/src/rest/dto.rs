//! Request and response DTO of the original REST API.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Shipment in requests and responses. A missing field gets a default, a null stays null.
#[derive(Deserialize, Serialize, ToSchema)]
pub(super) struct Shipment {
    #[serde(default = "new_id")]
    pub(super) id: Option<String>,
    #[serde(default = "empty_name")]
    pub(super) name: Option<String>,
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn new_id() -> Option<String> {
    Some(Uuid::new_v4().to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn empty_name() -> Option<String> {
    Some(String::new())
}

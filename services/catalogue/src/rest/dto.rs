//! Response DTOs of the original REST API.

use chassis::money::Price;
use serde::Serialize;
use utoipa::ToSchema;

use crate::product::{Filter, Product};

/// Product in the JSON of the original: the price is a float, `tag` is a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sock {
    id: String,
    name: String,
    description: String,
    image_url: Vec<String>,
    price: Price,
    count: i64,
    tag: Vec<String>,
}

/// Response of `GET /catalogue/size`.
#[derive(Serialize, ToSchema)]
pub(super) struct Size {
    pub(super) size: usize,
    /// Error of the original; always null here.
    pub(super) err: Option<String>,
}

/// Response of `GET /tags`.
#[derive(Serialize, ToSchema)]
pub(super) struct Tags {
    pub(super) tags: Vec<String>,
    /// Error of the original; always null here.
    pub(super) err: Option<String>,
}

impl Sock {
    /// Converts a product of a filtered list, keeping only the requested tags (QUIRK).
    pub(super) fn with_matching_tags(mut product: Product, filter: &Filter) -> Self {
        if !filter.tags.is_empty() {
            let is_requested =
                |own: &String| filter.tags.iter().any(|tag| tag.eq_ignore_ascii_case(own));
            product.tags.retain(is_requested);
        }
        product.into()
    }
}

impl From<Product> for Sock {
    fn from(product: Product) -> Self {
        Self {
            id: product.id,
            name: product.name,
            description: product.description,
            image_url: product.image_urls,
            price: product.price_cents.into(),
            count: product.stock,
            tag: product.tags,
        }
    }
}

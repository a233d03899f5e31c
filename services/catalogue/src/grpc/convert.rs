//! Conversions between products and their protobuf messages.

use proto::catalogue as pb;
use validation::text::normalized;

use crate::product::{Filter, Order, Product, Tag};

impl From<pb::ListProductsRequest> for Filter {
    fn from(request: pb::ListProductsRequest) -> Self {
        Self {
            order: match request.order() {
                pb::Order::Unspecified => Order::Id,
                pb::Order::Name => Order::Name,
                pb::Order::Price => Order::Price,
                pb::Order::PriceDescending => Order::PriceDescending,
                pb::Order::Stock => Order::Stock,
            },
            tags: request.tags.iter().map(|tag| normalized(tag)).collect(),
            search: normalized(&request.search),
        }
    }
}

impl From<Product> for pb::Product {
    fn from(product: Product) -> Self {
        Self {
            id: product.id,
            name: product.name,
            description: product.description,
            image_urls: product.image_urls,
            price_cents: product.price_cents,
            stock: product.stock,
            tags: product.tags,
        }
    }
}

impl From<Tag> for pb::Tag {
    fn from(tag: Tag) -> Self {
        Self {
            name: tag.name,
            products: u32::try_from(tag.products).unwrap_or(u32::MAX),
        }
    }
}

//! The catalogue over gRPC.

use axum::Router;
use chassis::Error;
use proto::catalogue as pb;
use proto::catalogue::catalogue_server::{Catalogue, CatalogueServer};
use tonic::{Request, Response, Status};
use validation::text::normalized;

use crate::product::{Filter, Order, Product, Tag};
use crate::shelf::Shelf;

/// Maximum number of products per page, and of ids per call.
const MAX_PAGE_AND_IDS: (u32, usize) = (100, 200);

/// The gRPC routes.
pub fn routes(shelf: Shelf) -> Router {
    chassis::grpc::mount(CatalogueServer::new(Service { shelf }))
}

struct Service {
    shelf: Shelf,
}

#[tonic::async_trait]
impl Catalogue for Service {
    async fn get_product(
        &self,
        request: Request<pb::GetProductRequest>,
    ) -> Result<Response<pb::Product>, Status> {
        let product = self.shelf.get(&request.get_ref().id).await?;
        Ok(Response::new(product.into()))
    }

    async fn get_products(
        &self,
        request: Request<pb::GetProductsRequest>,
    ) -> Result<Response<pb::GetProductsResponse>, Status> {
        let ids = request.into_inner().ids;
        if ids.len() > MAX_PAGE_AND_IDS.1 {
            return Err(
                Error::invalid(format!("ids: at most {} at once", MAX_PAGE_AND_IDS.1)).into(),
            );
        }
        let mut products = Vec::with_capacity(ids.len());
        for id in &ids {
            match self.shelf.get(id).await {
                Ok(product) => products.push(product.into()),
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Response::new(pb::GetProductsResponse { products }))
    }

    async fn list_products(
        &self,
        request: Request<pb::ListProductsRequest>,
    ) -> Result<Response<pb::ListProductsResponse>, Status> {
        let request = request.into_inner();
        let (skip, most) = page(&request)?;
        let (products, total) = self.shelf.list(&request.into(), skip, most).await?;
        Ok(Response::new(pb::ListProductsResponse {
            products: products.into_iter().map(pb::Product::from).collect(),
            total: u32::try_from(total).unwrap_or(u32::MAX),
        }))
    }

    async fn list_tags(
        &self,
        _: Request<pb::ListTagsRequest>,
    ) -> Result<Response<pb::ListTagsResponse>, Status> {
        let tags = self.shelf.tags().await?;
        Ok(Response::new(pb::ListTagsResponse {
            tags: tags.into_iter().map(pb::Tag::from).collect(),
        }))
    }
}

/// How many products to skip, and how many to take.
fn page(request: &pb::ListProductsRequest) -> Result<(usize, usize), Error> {
    if request.size > MAX_PAGE_AND_IDS.0 {
        return Err(Error::invalid(format!(
            "size: at most {}",
            MAX_PAGE_AND_IDS.0
        )));
    }
    let size = if request.size == 0 {
        10
    } else {
        request.size as usize
    };
    let before = request.page.saturating_sub(1) as usize;
    Ok((before.saturating_mul(size), size))
}

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

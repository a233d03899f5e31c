//! gRPC server of the `Catalogue` service.

use axum::Router;
use chassis::Error;
use proto::catalogue as pb;
use proto::catalogue::catalogue_server::{Catalogue, CatalogueServer};
use tonic::{Request, Response, Status};

use crate::cache::ProductCache;

mod convert;

/// Maximum products per page of `ListProducts`.
const MAX_PAGE_SIZE: u32 = 100;

/// Maximum ids per `GetProducts` call.
const MAX_IDS: usize = 200;

/// Builds the routes of the gRPC server.
pub fn routes(cache: ProductCache) -> Router {
    chassis::grpc::mount(CatalogueServer::new(Service { cache }))
}

/// Implementation of the generated `Catalogue` trait over the product cache.
struct Service {
    cache: ProductCache,
}

#[tonic::async_trait]
impl Catalogue for Service {
    async fn get_product(
        &self,
        request: Request<pb::GetProductRequest>,
    ) -> Result<Response<pb::Product>, Status> {
        let product = self.cache.get(&request.get_ref().id).await?;
        Ok(Response::new(product.into()))
    }

    async fn get_products(
        &self,
        request: Request<pb::GetProductsRequest>,
    ) -> Result<Response<pb::GetProductsResponse>, Status> {
        let ids = request.into_inner().ids;
        if ids.len() > MAX_IDS {
            return Err(Error::invalid(format!("ids: at most {MAX_IDS} at once")).into());
        }
        let mut products = Vec::with_capacity(ids.len());
        for id in &ids {
            match self.cache.get(id).await {
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
        let (offset, limit) = page(&request)?;
        let (products, total) = self.cache.list(&request.into(), offset, limit).await?;
        Ok(Response::new(pb::ListProductsResponse {
            products: products.into_iter().map(pb::Product::from).collect(),
            total: u32::try_from(total).unwrap_or(u32::MAX),
        }))
    }

    async fn list_tags(
        &self,
        _: Request<pb::ListTagsRequest>,
    ) -> Result<Response<pb::ListTagsResponse>, Status> {
        let tags = self.cache.tags().await?;
        Ok(Response::new(pb::ListTagsResponse {
            tags: tags.into_iter().map(pb::Tag::from).collect(),
        }))
    }
}

/// Offset and limit of the requested page; 10 products per page by default.
fn page(request: &pb::ListProductsRequest) -> Result<(usize, usize), Error> {
    if request.size > MAX_PAGE_SIZE {
        return Err(Error::invalid(format!("size: at most {MAX_PAGE_SIZE}")));
    }
    let size = if request.size == 0 {
        10
    } else {
        request.size as usize
    };
    let before = request.page.saturating_sub(1) as usize;
    Ok((before.saturating_mul(size), size))
}

//! The shop window: what the catalogue said last, for when it says nothing,
//! or not soon enough.

use chassis::{Client, Error, Result};
use moka::sync::Cache;
use prost::Message;
use proto::catalogue as pb;
use proto::catalogue::catalogue_client::CatalogueClient;

use crate::timeout::call;

/// Something the catalogue said, now or earlier.
#[derive(Clone, Debug, PartialEq)]
pub struct MaybeStale<T> {
    /// Last good response of the catalogue.
    pub value: T,
    /// Whether that was earlier, because now it does not answer.
    pub stale: bool,
}

impl<T> MaybeStale<T> {
    fn now(value: T) -> Self {
        Self {
            value,
            stale: false,
        }
    }

    fn earlier(value: T) -> Self {
        Self { value, stale: true }
    }
}

/// The last good answers, as many as fit. Clones share them.
#[derive(Clone)]
pub(crate) struct CatalogueCache {
    /// By the encoded question.
    lists: Cache<Vec<u8>, pb::ListProductsResponse>,
    products: Cache<String, pb::Product>,
    tags: Cache<(), Vec<pb::Tag>>,
}

impl Default for CatalogueCache {
    fn default() -> Self {
        Self {
            lists: Cache::new(64),
            products: Cache::new(1000),
            tags: Cache::new(1),
        }
    }
}

type Catalogue = CatalogueClient<Client>;

impl CatalogueCache {
    pub(crate) async fn list(
        &self,
        mut catalogue: Catalogue,
        request: pb::ListProductsRequest,
    ) -> Result<MaybeStale<pb::ListProductsResponse>> {
        let question = request.encode_to_vec();
        match call(catalogue.list_products(request)).await {
            Ok(list) => {
                self.lists.insert(question, list.clone());
                self.remember(&list.products);
                Ok(MaybeStale::now(list))
            }
            Err(error) => earlier(error, || self.lists.get(&question)),
        }
    }

    pub(crate) async fn product(
        &self,
        mut catalogue: Catalogue,
        id: &str,
    ) -> Result<MaybeStale<pb::Product>> {
        let request = pb::GetProductRequest { id: id.to_owned() };
        match call(catalogue.get_product(request)).await {
            Ok(product) => {
                self.remember(std::slice::from_ref(&product));
                Ok(MaybeStale::now(product))
            }
            Err(error) => earlier(error, || self.products.get(id)),
        }
        .map_err(|error| match error {
            Error::NotFound(_) => Error::NotFound("product"),
            error => error,
        })
    }

    pub(crate) async fn products(
        &self,
        mut catalogue: Catalogue,
        ids: Vec<String>,
    ) -> Result<MaybeStale<Vec<pb::Product>>> {
        let request = pb::GetProductsRequest { ids: ids.clone() };
        match call(catalogue.get_products(request)).await {
            Ok(answer) => {
                let products = answer.products;
                self.remember(&products);
                Ok(MaybeStale::now(products))
            }
            Err(error) => earlier(error, || {
                Some(ids.iter().filter_map(|id| self.products.get(id)).collect())
            }),
        }
    }

    pub(crate) async fn tags(&self, mut catalogue: Catalogue) -> Result<MaybeStale<Vec<pb::Tag>>> {
        match call(catalogue.list_tags(pb::ListTagsRequest {})).await {
            Ok(answer) => {
                let tags = answer.tags;
                self.tags.insert((), tags.clone());
                Ok(MaybeStale::now(tags))
            }
            Err(error) => earlier(error, || self.tags.get(&())),
        }
    }

    fn remember(&self, products: &[pb::Product]) {
        for product in products {
            self.products.insert(product.id.clone(), product.clone());
        }
    }
}

/// What was seen earlier, when the catalogue is merely away.
fn earlier<T>(error: Error, seen: impl FnOnce() -> Option<T>) -> Result<MaybeStale<T>> {
    match error {
        Error::Unavailable(_) | Error::Timeout => seen().map(MaybeStale::earlier).ok_or(error),
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Catalogue {
        // Nobody listens on port 1.
        CatalogueClient::new(Client::at("catalogue", "http://127.0.0.1:1").unwrap())
    }

    fn holy() -> pb::Product {
        pb::Product {
            id: "holy".into(),
            ..Default::default()
        }
    }

    #[tokio::test]
    async fn products_seen_before_are_shown_while_the_catalogue_is_away() {
        let window = CatalogueCache::default();
        window.remember(&[holy()]);
        let one = window.product(away(), "holy").await.unwrap();
        assert_eq!(one, MaybeStale::earlier(holy()));
        let ids = vec!["unseen".into(), "holy".into()];
        let several = window.products(away(), ids).await.unwrap();
        assert_eq!(several, MaybeStale::earlier(vec![holy()]));
    }

    #[tokio::test]
    async fn what_was_never_seen_is_unavailable() {
        let window = CatalogueCache::default();
        let one = window.product(away(), "holy").await;
        assert!(matches!(one, Err(Error::Unavailable(_))));
        let list = window
            .list(away(), pb::ListProductsRequest::default())
            .await;
        assert!(matches!(list, Err(Error::Unavailable(_))));
        assert!(window.tags(away()).await.is_err());
    }

    #[test]
    fn only_a_catalogue_that_is_away_is_replaced_by_memory() {
        let seen = || Some(1);
        assert!(earlier(Error::Timeout, seen).unwrap().stale);
        assert!(earlier(Error::NotFound("product"), seen).is_err());
    }
}

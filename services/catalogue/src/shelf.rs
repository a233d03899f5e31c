//! Products at hand: a copy in memory of what the store holds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use chassis::{Error, Result};
use tokio::sync::Mutex;

use crate::product::{Filter, Product, Tag};
use crate::store::Store;

/// How old the copy may get.
const MOST: Duration = Duration::from_secs(1);

/// Finds products. Clones share one copy.
#[derive(Clone)]
pub struct Shelf(Arc<Inner>);

struct Inner {
    store: Store,
    copy: ArcSwapOption<Copy>,
    refreshing: Mutex<()>,
}

/// All products by id and all tags in the shop's order, as of one moment.
pub(crate) struct Copy {
    products: Vec<Product>,
    tags: Vec<Tag>,
    taken: Instant,
}

impl Shelf {
    /// An empty shelf, filled from `store` on first use.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Inner {
            store,
            copy: ArcSwapOption::empty(),
            refreshing: Mutex::default(),
        }))
    }

    /// Returns the product called `id`, in any letter case.
    pub async fn get(&self, id: &str) -> Result<Product> {
        let copy = self.copy().await?;
        let found = copy
            .products
            .iter()
            .find(|product| product.id.eq_ignore_ascii_case(id));
        found.cloned().ok_or(Error::NotFound("product"))
    }

    /// Returns the products that match `filter` from number `skip` on, at most
    /// `most`, and how many match in all.
    pub async fn list(
        &self,
        filter: &Filter,
        skip: usize,
        most: usize,
    ) -> Result<(Vec<Product>, usize)> {
        let copy = self.copy().await?;
        let mut found: Vec<_> = copy
            .products
            .iter()
            .filter(|product| filter.matches(product))
            .collect();
        filter.order.sort(&mut found);
        let total = found.len();
        Ok((
            found.into_iter().skip(skip).take(most).cloned().collect(),
            total,
        ))
    }

    /// Returns every tag in the shop's order.
    pub async fn tags(&self) -> Result<Vec<Tag>> {
        Ok(self.copy().await?.tags.clone())
    }

    /// The copy, taken anew when it is too old. When the database does not
    /// answer an old one is better than none.
    async fn copy(&self) -> Result<Arc<Copy>> {
        if let Some(copy) = self.fresh() {
            return Ok(copy);
        }
        let _one_at_a_time = self.0.refreshing.lock().await;
        if let Some(copy) = self.fresh() {
            return Ok(copy);
        }
        match self.0.store.all().await {
            Ok((products, tags)) => {
                let copy = Arc::new(Copy {
                    products,
                    tags,
                    taken: Instant::now(),
                });
                self.0.copy.store(Some(copy.clone()));
                Ok(copy)
            }
            Err(error) => {
                let old = self.0.copy.load_full().ok_or(error)?;
                tracing::warn!("serving old products: the database does not answer");
                Ok(old)
            }
        }
    }

    fn fresh(&self) -> Option<Arc<Copy>> {
        self.0
            .copy
            .load_full()
            .filter(|copy| copy.taken.elapsed() < MOST)
    }
}

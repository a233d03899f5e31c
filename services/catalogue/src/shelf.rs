//! Products at hand: a copy in memory of what the store holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use chassis::rest::Written;
use chassis::{Error, Result};
use tokio::sync::Mutex as Turn;

use crate::product::{Filter, Product, Tag};
use crate::store::Store;

/// Maximum age of the snapshot.
const MAX_AGE: Duration = Duration::from_secs(1);

/// Finds products. Clones share one copy.
#[derive(Clone)]
pub struct Shelf(Arc<Inner>);

struct Inner {
    store: Store,
    copy: ArcSwapOption<Copy>,
    refreshing: Turn<()>,
}

/// All products by id and all tags in the shop's order, as of one moment.
pub(crate) struct Copy {
    products: Vec<Product>,
    tags: Vec<Tag>,
    taken: Instant,
    pages: Mutex<HashMap<String, Written>>,
}

/// How many pages are kept with a copy, and how long their names may be: who
/// asks for ever other ones gets them, too, but they are not kept.
const PAGES: usize = 64;
const LONGEST_NAME: usize = 128;

impl Shelf {
    /// An empty shelf, filled from `store` on first use.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Inner {
            store,
            copy: ArcSwapOption::empty(),
            refreshing: Turn::default(),
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
        Ok(self.copy().await?.list(filter, skip, most))
    }

    /// What `write` makes of the products, kept under `name` for as long as the
    /// copy is.
    pub(crate) async fn page(
        &self,
        name: &str,
        write: impl FnOnce(&Copy) -> Result<Written>,
    ) -> Result<Written> {
        self.copy().await?.page(name, write)
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
                    pages: Mutex::default(),
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
            .filter(|copy| copy.taken.elapsed() < MAX_AGE)
    }
}

impl Copy {
    /// As [`Shelf::list`].
    pub(crate) fn list(&self, filter: &Filter, skip: usize, most: usize) -> (Vec<Product>, usize) {
        let fits = |product: &&Product| filter.matches(product);
        let mut found: Vec<_> = self.products.iter().filter(fits).collect();
        filter.order.sort(&mut found);
        let total = found.len();
        let page = found.into_iter().skip(skip).take(most);
        (page.cloned().collect(), total)
    }

    fn page(&self, name: &str, write: impl FnOnce(&Self) -> Result<Written>) -> Result<Written> {
        if let Some(page) = self.pages().get(name) {
            return Ok(page.clone());
        }
        let page = write(self)?;
        let mut pages = self.pages();
        if pages.len() < PAGES && name.len() <= LONGEST_NAME {
            pages.insert(name.to_owned(), page.clone());
        }
        Ok(page)
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, HashMap<String, Written>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_written_once_and_not_every_page_is_kept() {
        let copy = Copy {
            products: Vec::new(),
            tags: Vec::new(),
            taken: Instant::now(),
            pages: Mutex::default(),
        };
        let mut written = 0;
        let mut ask = |name: &str| {
            let page = copy.page(name, |_| {
                written += 1;
                Written::json(&name)
            });
            drop(page.unwrap());
            written
        };
        assert_eq!((ask("size=3"), ask("size=3"), ask("size=4")), (1, 1, 2));
        let endless = "x".repeat(LONGEST_NAME + 1);
        assert_eq!((ask(&endless), ask(&endless)), (3, 4));
        for size in 0..2 * PAGES {
            ask(&size.to_string());
        }
        assert_eq!(copy.pages().len(), PAGES);
    }
}

//! In-memory snapshot cache of the products in the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use chassis::rest::JsonBytes;
use chassis::{Error, Result};
use tokio::sync::Mutex as AsyncMutex;

use crate::product::{Filter, Product, Tag};
use crate::store::Store;

/// Maximum age of the snapshot before it is refreshed.
const MAX_AGE: Duration = Duration::from_secs(1);

/// Cache of all products and tags. Clones share one snapshot.
#[derive(Clone)]
pub struct ProductCache(Arc<Inner>);

struct Inner {
    store: Store,
    snapshot: ArcSwapOption<Snapshot>,
    refreshing: AsyncMutex<()>,
}

/// Consistent snapshot of all products, by id, and all tags, in display order.
pub(crate) struct Snapshot {
    products: Vec<Product>,
    tags: Vec<Tag>,
    taken_at: Instant,
    pages: Mutex<HashMap<String, JsonBytes>>,
}

/// Maximum number of rendered pages per snapshot; further pages are rendered for
/// each request.
const MAX_CACHED_PAGES: usize = 64;

/// Maximum length of a page's cache key in bytes; pages with longer keys are not
/// cached.
const MAX_KEY_BYTES: usize = 128;

impl ProductCache {
    /// Creates an empty cache, filled from `store` on first use.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Inner {
            store,
            snapshot: ArcSwapOption::empty(),
            refreshing: AsyncMutex::default(),
        }))
    }

    /// Returns the product with `id`, ignoring ASCII case.
    pub async fn get(&self, id: &str) -> Result<Product> {
        let snapshot = self.snapshot().await?;
        let found = snapshot
            .products
            .iter()
            .find(|product| product.id.eq_ignore_ascii_case(id));
        found.cloned().ok_or(Error::NotFound("product"))
    }

    /// Returns up to `limit` products that match `filter`, starting at `offset`, and
    /// the total number of matches.
    pub async fn list(
        &self,
        filter: &Filter,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Product>, usize)> {
        Ok(self.snapshot().await?.list(filter, offset, limit))
    }

    /// Returns the page cached under `key`, rendering it when absent. Pages are
    /// dropped with their snapshot.
    pub(crate) async fn page(
        &self,
        key: &str,
        render: impl FnOnce(&Snapshot) -> Result<JsonBytes>,
    ) -> Result<JsonBytes> {
        self.snapshot().await?.page(key, render)
    }

    /// Returns all tags in display order.
    pub async fn tags(&self) -> Result<Vec<Tag>> {
        Ok(self.snapshot().await?.tags.clone())
    }

    /// Returns the snapshot, refreshed when it is too old. While the database is
    /// unavailable the stale snapshot is served.
    async fn snapshot(&self) -> Result<Arc<Snapshot>> {
        if let Some(snapshot) = self.fresh() {
            return Ok(snapshot);
        }
        let _guard = self.0.refreshing.lock().await;
        if let Some(snapshot) = self.fresh() {
            return Ok(snapshot);
        }
        match self.0.store.all().await {
            Ok((products, tags)) => {
                let snapshot = Arc::new(Snapshot {
                    products,
                    tags,
                    taken_at: Instant::now(),
                    pages: Mutex::default(),
                });
                self.0.snapshot.store(Some(snapshot.clone()));
                Ok(snapshot)
            }
            Err(error) => {
                let stale = self.0.snapshot.load_full().ok_or(error)?;
                tracing::warn!("serving stale products: the database is unavailable");
                Ok(stale)
            }
        }
    }

    fn fresh(&self) -> Option<Arc<Snapshot>> {
        self.0
            .snapshot
            .load_full()
            .filter(|snapshot| snapshot.taken_at.elapsed() < MAX_AGE)
    }
}

impl Snapshot {
    /// Implementation of [`ProductCache::list`] on this snapshot.
    pub(crate) fn list(
        &self,
        filter: &Filter,
        offset: usize,
        limit: usize,
    ) -> (Vec<Product>, usize) {
        let matches = |product: &&Product| filter.matches(product);
        let mut found: Vec<_> = self.products.iter().filter(matches).collect();
        filter.order.sort(&mut found);
        let total = found.len();
        let page = found.into_iter().skip(offset).take(limit);
        (page.cloned().collect(), total)
    }

    fn page(
        &self,
        key: &str,
        render: impl FnOnce(&Self) -> Result<JsonBytes>,
    ) -> Result<JsonBytes> {
        if let Some(page) = self.pages().get(key) {
            return Ok(page.clone());
        }
        let page = render(self)?;
        let mut pages = self.pages();
        if pages.len() < MAX_CACHED_PAGES && key.len() <= MAX_KEY_BYTES {
            pages.insert(key.to_owned(), page.clone());
        }
        Ok(page)
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, HashMap<String, JsonBytes>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_written_once_and_not_every_page_is_kept() {
        let snapshot = Snapshot {
            products: Vec::new(),
            tags: Vec::new(),
            taken_at: Instant::now(),
            pages: Mutex::default(),
        };
        let mut written = 0;
        let mut render = |name: &str| {
            let page = snapshot.page(name, |_| {
                written += 1;
                JsonBytes::json(&name)
            });
            drop(page.unwrap());
            written
        };
        assert_eq!(
            (render("size=3"), render("size=3"), render("size=4")),
            (1, 1, 2)
        );
        let too_long = "x".repeat(MAX_KEY_BYTES + 1);
        assert_eq!((render(&too_long), render(&too_long)), (3, 4));
        for size in 0..2 * MAX_CACHED_PAGES {
            render(&size.to_string());
        }
        assert_eq!(snapshot.pages().len(), MAX_CACHED_PAGES);
    }
}

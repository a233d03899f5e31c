//! SQL store of products and tags.

use chassis::{Database, Result};

use crate::product::{Product, Tag};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// Read access to the products in the database. Clones share one connection pool.
#[derive(Clone)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens the database at `url` and runs pending migrations.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let database = Database::open(url, &MIGRATIONS).await?;
        Ok(Self { database })
    }

    /// Checks that the database is reachable.
    pub async fn ping(&self) -> Result<()> {
        self.database.ping().await
    }

    /// Closes the database ([`Database::close`]).
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Returns all products, sorted by id, and all tags in display order.
    pub async fn all(&self) -> Result<(Vec<Product>, Vec<Tag>)> {
        self.database.ping().await?;
        let products: Vec<Row> = sqlx::query_as(
            "SELECT product.*, (
                 SELECT string_agg(tag, ',' ORDER BY position)
                 FROM product_tag JOIN tag ON tag.name = product_tag.tag
                 WHERE product_id = id
             ) AS tags
             FROM product ORDER BY id",
        )
        .fetch_all(self.database.reads())
        .await?;
        let products: Vec<Product> = products.into_iter().map(Product::from).collect();
        let names: Vec<(String,)> = sqlx::query_as("SELECT name FROM tag ORDER BY position")
            .fetch_all(self.database.reads())
            .await?;
        let tags = names.into_iter().map(|(name,)| Tag {
            products: products
                .iter()
                .filter(|product| product.has_tag(&name))
                .count(),
            name,
        });
        Ok((products.clone(), tags.collect()))
    }
}

/// Database row of a product; its tags are joined by commas.
#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    name: String,
    description: String,
    image_url_1: String,
    image_url_2: String,
    price_cents: i64,
    stock: i64,
    tags: Option<String>,
}

impl From<Row> for Product {
    fn from(row: Row) -> Self {
        let tags = row.tags.unwrap_or_default();
        Self {
            id: row.id,
            name: row.name,
            description: row.description,
            image_urls: vec![row.image_url_1, row.image_url_2],
            price_cents: row.price_cents,
            stock: row.stock,
            tags: tags
                .split(',')
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }
}

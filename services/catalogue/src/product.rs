//! Products, tags and the filters of product lists.

/// Product of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Identifier in URLs and orders.
    pub id: String,
    /// Display name; at most 20 characters.
    pub name: String,
    /// Description; at most 200 characters.
    pub description: String,
    /// Site-relative paths of the two images, primary image first.
    pub image_urls: Vec<String>,
    /// Unit price in cents.
    pub price_cents: i64,
    /// Number of pairs in stock.
    pub stock: i64,
    /// Names of its tags.
    pub tags: Vec<String>,
}

/// Tag that groups products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Name of the tag.
    pub name: String,
    /// Number of products with this tag.
    pub products: usize,
}

/// Filter and sort order of a product list. Texts are in Unicode Normalization
/// Form C, like those of products.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Tags of which a product has at least one; no restriction when empty.
    pub tags: Vec<String>,
    /// Search words, each of which occurs in name, description or tags.
    pub search: String,
    /// Sort order of the list.
    pub order: Order,
}

/// Sort order of products; ties are sorted by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Sorted by product id.
    #[default]
    Id,
    /// Sorted by name, ignoring case.
    Name,
    /// Sorted by ascending price.
    Price,
    /// Sorted by descending price.
    PriceDescending,
    /// Sorted by ascending stock.
    Stock,
}

impl Product {
    /// Whether the product has `tag`, ignoring case.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags
            .iter()
            .any(|own| own.to_lowercase() == tag.to_lowercase())
    }

    fn mentions(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        self.name.to_lowercase().contains(&word)
            || self.description.to_lowercase().contains(&word)
            || self
                .tags
                .iter()
                .any(|tag| tag.to_lowercase().contains(&word))
    }
}

impl Filter {
    /// Whether `product` passes the filter. A product without tags never does (QUIRK).
    #[must_use]
    pub fn matches(&self, product: &Product) -> bool {
        !product.tags.is_empty()
            && (self.tags.is_empty() || self.tags.iter().any(|tag| product.has_tag(tag)))
            && self
                .search
                .split_whitespace()
                .all(|word| product.mentions(word))
    }
}

impl Order {
    /// Sorts `products`, which are already sorted by id.
    pub fn sort(self, products: &mut [&Product]) {
        match self {
            Self::Id => {}
            Self::Name => products.sort_by_key(|product| product.name.to_lowercase()),
            Self::Price => products.sort_by_key(|product| product.price_cents),
            Self::PriceDescending => products.sort_by_key(|product| -product.price_cents),
            Self::Stock => products.sort_by_key(|product| product.stock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(name: &str, price_cents: i64, tags: &[&str]) -> Product {
        Product {
            id: name.to_lowercase(),
            name: name.into(),
            description: "Warm and plain".into(),
            image_urls: vec![],
            price_cents,
            stock: 1,
            tags: tags.iter().map(|&tag| tag.into()).collect(),
        }
    }

    #[test]
    fn any_tag_will_do_in_any_letter_case() {
        let holy = product("Holy", 9999, &["magic", "action"]);
        let with = |tags: &[&str]| Filter {
            tags: tags.iter().map(|&tag| tag.into()).collect(),
            ..Filter::default()
        };
        assert!(with(&[]).matches(&holy) && with(&["sport", "MAGIC"]).matches(&holy));
        assert!(!with(&["sport"]).matches(&holy) && !with(&["mag"]).matches(&holy));
        assert!(!with(&[]).matches(&product("Bare", 1, &[])));
    }

    #[test]
    fn every_word_of_a_search_must_occur() {
        let cat = product("Cat socks", 1500, &["green"]);
        let search = |text: &str| Filter {
            search: text.into(),
            ..Filter::default()
        };
        assert!(search("CAT green").matches(&cat) && search(" plain ").matches(&cat));
        assert!(!search("cat blue").matches(&cat));
    }

    #[test]
    fn products_that_tie_stay_in_order_of_id() {
        let (a, b, c) = (
            product("a", 2, &[]),
            product("b", 1, &[]),
            product("c", 1, &[]),
        );
        let mut list = [&a, &b, &c];
        Order::Price.sort(&mut list);
        assert_eq!(list.map(|product| &*product.id), ["b", "c", "a"]);
    }
}

//! Products, and how to ask for them.

/// Something the shop sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Names the product in URLs and orders.
    pub id: String,
    /// What customers call it; at most 20 characters.
    pub name: String,
    /// A sentence or two; at most 200 characters.
    pub description: String,
    /// Site-relative paths of its pictures, best first; always two.
    pub image_urls: Vec<String>,
    /// The price in cents, so that adding prices never rounds.
    pub price_cents: i64,
    /// How many can still be sold.
    pub stock: i64,
    /// Words to find it by.
    pub tags: Vec<String>,
}

/// A word to find products by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The word.
    pub name: String,
    /// How many products carry it.
    pub products: usize,
}

/// Which products to list, in what order. Texts are in Unicode's Normalization
/// Form C, as those of products are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Products carrying any of these tags; all products when empty.
    pub tags: Vec<String>,
    /// Words that must all occur in name, description or tags.
    pub search: String,
    /// What to sort by.
    pub order: Order,
}

/// What a list of products is sorted by; products that tie go by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By id, which is stable.
    #[default]
    Id,
    /// Alphabetically.
    Name,
    /// Cheapest first.
    Price,
    /// Dearest first.
    PriceDescending,
    /// Fewest left first.
    Stock,
}

impl Product {
    /// Whether it carries `tag`, in any letter case.
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
    /// Whether `product` is to be listed. One without any tag never is (QUIRK).
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
    /// Sorts `products`, which come by id.
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

//! What a list of socks is narrowed to, sorted by and turned to: all of it in
//! its URL.

use proto::catalogue::{ListProductsRequest, Order};
use url::form_urlencoded;
use validation::text;

use super::format;

/// Number of products per page when the request names none.
const DEFAULT_PAGE_SIZE: u32 = 8;

/// Values of `sort`, what they are called, and what they do.
const SORTS: [(&str, &str, Order); 5] = [
    ("", "As they come", Order::Unspecified),
    ("name", "Name", Order::Name),
    ("price", "Price, lowest first", Order::Price),
    ("dearest", "Price, highest first", Order::PriceDescending),
    ("stock", "Fewest left", Order::Stock),
];

/// A view of the list of socks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// Socks with any of these tags; all when empty.
    pub tags: Vec<String>,
    /// Words to look for.
    pub search: String,
    /// Number of the page, from 1.
    pub page: u32,
    sort: &'static str,
    size: u32,
}

impl View {
    /// Reads the view from the query of a URL. What makes no sense is left out.
    pub(super) fn read(query: &str) -> Self {
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name: &str| {
            let pair = pairs.iter().find(|(key, _)| key == name);
            pair.map_or("", |(_, value)| value.trim())
        };
        let sort = SORTS.iter().find(|(sort, ..)| *sort == value("sort"));
        let number = |name| value(name).parse().ok().filter(|&number: &u32| number > 0);
        Self {
            tags: tags(value("tags")),
            search: text::normalized(value("q")).chars().take(100).collect(),
            page: number("page").unwrap_or(1),
            sort: sort.map_or("", |(sort, ..)| sort),
            size: number("size").map_or(DEFAULT_PAGE_SIZE, |size| size.min(100)),
        }
    }

    /// What to ask the catalogue for.
    pub(super) fn request(&self) -> ListProductsRequest {
        let sort = SORTS.iter().find(|(sort, ..)| *sort == self.sort);
        ListProductsRequest {
            tags: self.tags.clone(),
            order: sort.map_or(Order::Unspecified, |&(.., order)| order).into(),
            page: self.page,
            size: self.size,
            search: self.search.clone(),
        }
    }

    /// Where this view is.
    pub(super) fn href(&self) -> String {
        let mut query = Vec::new();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                query.push(format!("{name}={}", format::encoded(value)));
            }
        };
        add("q", &self.search);
        let tags: Vec<_> = self.tags.iter().map(|tag| format::encoded(tag)).collect();
        if !tags.is_empty() {
            query.push(format!("tags={}", tags.join(",")));
        }
        let mut add = |name: &str, value: String, usual: &str| {
            if value != usual {
                query.push(format!("{name}={value}"));
            }
        };
        add("sort", self.sort.to_owned(), "");
        add(
            "size",
            self.size.to_string(),
            &DEFAULT_PAGE_SIZE.to_string(),
        );
        add("page", self.page.to_string(), "1");
        match query.join("&") {
            query if query.is_empty() => "/socks".to_owned(),
            query => format!("/socks?{query}"),
        }
    }

    /// The same view, turned to another page.
    pub(super) fn at(&self, page: u32) -> Self {
        Self {
            page,
            ..self.clone()
        }
    }

    /// The same view with `tag` chosen, or no longer chosen.
    pub(super) fn toggled(&self, tag: &str) -> Self {
        let mut view = self.at(1);
        if self.has(tag) {
            view.tags.retain(|chosen| !chosen.eq_ignore_ascii_case(tag));
        } else {
            view.tags.push(tag.to_owned());
        }
        view
    }

    /// Whether `tag` is chosen.
    pub(super) fn has(&self, tag: &str) -> bool {
        self.tags
            .iter()
            .any(|chosen| chosen.eq_ignore_ascii_case(tag))
    }

    /// How many pages `total` socks fill.
    pub(super) fn pages(&self, total: u32) -> u32 {
        total.div_ceil(self.size)
    }

    /// The chosen tags as a form sends them.
    pub(super) fn tag_list(&self) -> String {
        self.tags.join(",")
    }

    /// Whether some socks may be left out.
    pub(super) fn is_narrowed(&self) -> bool {
        !self.tags.is_empty() || !self.search.is_empty()
    }

    /// Values and labels of all ways to sort.
    #[expect(clippy::unused_self, reason = "templates reach it through a view")]
    pub(super) fn sorts(&self) -> [(&'static str, &'static str); 5] {
        SORTS.map(|(sort, label, _)| (sort, label))
    }

    /// Whether it is sorted that way.
    pub(super) fn is_sorted_by(&self, sort: &str) -> bool {
        self.sort == sort
    }

    /// Says what is in view, e.g. `2 socks, blue or red, matching “argyle”`.
    pub(super) fn headline(&self, total: u32) -> String {
        let mut parts = vec![format!("{total} {}", format::socks_word(total))];
        if !self.tags.is_empty() {
            parts.push(self.tags.join(" or "));
        }
        if !self.search.is_empty() {
            parts.push(format!("matching “{}”", self.search));
        }
        parts.join(", ")
    }
}

/// Reads tags as a form or an old link sends them.
fn tags(list: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in list.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        if tags.len() < 20 && !tags.iter().any(|known| known.eq_ignore_ascii_case(tag)) {
            tags.push(tag.chars().take(40).collect());
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_all_in_its_url() {
        for href in [
            "/socks",
            "/socks?q=two%20words&tags=blue,red&sort=dearest&size=3&page=2",
        ] {
            let query = href.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(View::read(query).href(), href);
        }
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let view = View::read("page=0&size=x&sort=colour&tags=,%20blue%20,,Blue&other=1");
        assert_eq!(view.href(), "/socks?tags=blue");
        assert_eq!(View::read("size=9999").request().size, 100);
    }

    #[test]
    fn choosing_a_tag_twice_gives_it_up_and_begins_at_the_first_page() {
        let view = View::read("tags=blue&page=2");
        assert_eq!(view.toggled("red").href(), "/socks?tags=blue,red");
        assert_eq!(view.toggled("Blue").href(), "/socks");
    }

    #[test]
    fn the_headline_says_what_is_in_view() {
        assert_eq!(View::read("").headline(10), "10 socks");
        let view = View::read("tags=blue,red&q=argyle");
        assert_eq!(view.headline(1), "1 sock, blue or red, matching “argyle”");
        assert_eq!((view.pages(0), view.pages(8), view.pages(9)), (0, 1, 2));
    }
}

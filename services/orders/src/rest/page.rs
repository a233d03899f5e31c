//! Pages of all orders: `page`, `size` and `sort`, where nonsense means the
//! default.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::{Field, Sort};

/// Which page is asked for.
#[derive(Debug, PartialEq)]
pub(super) struct Page {
    /// Number of the page, from 0.
    pub(super) number: i64,
    /// Maximum number of orders per page.
    pub(super) size: i64,
    /// Sort order of the orders.
    pub(super) sort: Sort,
    /// As it was asked for.
    words: Option<String>,
}

/// Where a page stands among the others.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Numbers {
    size: i64,
    total_elements: i64,
    total_pages: i64,
    number: i64,
}

impl Page {
    pub(super) fn read(query: &HashMap<String, String>) -> Self {
        let number = |name| query.get(name).and_then(|text| text.parse::<i64>().ok());
        let (words, sort) = query
            .get("sort")
            .and_then(|text| Some((Some(text.clone()), sort(text)?)))
            .unwrap_or_default();
        Self {
            number: number("page").filter(|page| *page >= 0).unwrap_or(0),
            size: number("size")
                .filter(|size| *size > 0)
                .map_or(20, |size| size.min(1000)),
            sort,
            words,
        }
    }

    pub(super) fn skip(&self) -> i64 {
        self.number.saturating_mul(self.size)
    }

    pub(super) fn numbers(&self, total: i64) -> Numbers {
        Numbers {
            size: self.size,
            total_elements: total,
            total_pages: self.pages(total),
            number: self.number,
        }
    }

    /// The queries of other pages, when there is more than one.
    pub(super) fn neighbours(&self, total: i64) -> Vec<(&'static str, String)> {
        let last = self.pages(total) - 1;
        if last < 1 {
            return Vec::new();
        }
        let sort = self.words.as_ref().map(|words| format!("&sort={words}"));
        let sort = sort.unwrap_or_default();
        let query = |number| format!("page={number}&size={}{sort}", self.size);
        let mut links = vec![("first", query(0)), ("last", query(last))];
        if self.number > 0 {
            links.push(("prev", query((self.number - 1).min(last))));
        }
        if self.number < last {
            links.push(("next", query(self.number + 1)));
        }
        links
    }

    fn pages(&self, total: i64) -> i64 {
        (total + self.size - 1) / self.size
    }
}

/// Parses a sort parameter, `field[,asc|desc]`.
fn sort(text: &str) -> Option<Sort> {
    let (field, direction) = text.split_once(',').unwrap_or((text, "asc"));
    let by = match field {
        "date" => Field::Date,
        "total" => Field::Total,
        "customerId" => Field::Customer,
        _ => return None,
    };
    let descending = match direction {
        "asc" => false,
        "desc" => true,
        _ => return None,
    };
    Some(Sort { by, descending })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(pairs: &[(&str, &str)]) -> Page {
        let pairs = pairs.iter();
        Page::read(&pairs.map(|&(k, v)| (k.to_owned(), v.to_owned())).collect())
    }

    #[test]
    fn nonsense_means_the_default() {
        let default = page(&[]);
        assert_eq!((default.number, default.size), (0, 20));
        assert_eq!(
            page(&[("page", "-1"), ("size", "0"), ("sort", "x&y,up")]),
            default
        );
        assert_eq!(page(&[("size", "5000")]).size, 1000);
        assert_eq!(page(&[("page", "9223372036854775807")]).skip(), i64::MAX);
    }

    #[test]
    fn pages_know_their_neighbours() {
        let names = |page: &Page, total| {
            let links = page.neighbours(total).into_iter();
            links
                .map(|(name, query)| format!("{name} {query}"))
                .collect::<Vec<_>>()
        };
        let middle = page(&[("page", "1"), ("size", "2"), ("sort", "total,desc")]);
        assert_eq!(
            names(&middle, 5),
            [
                "first page=0&size=2&sort=total,desc",
                "last page=2&size=2&sort=total,desc",
                "prev page=0&size=2&sort=total,desc",
                "next page=2&size=2&sort=total,desc"
            ]
        );
        assert!(names(&page(&[]), 20).is_empty());
        assert_eq!(names(&page(&[("page", "1")]), 21).len(), 3);
    }
}

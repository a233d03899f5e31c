//! How the shop says things: money, stock, times and links.

use chassis::money::decimal;
use jiff::Timestamp;
use jiff::fmt::strtime;
use url::form_urlencoded::byte_serialize;

/// What the shop asks for shipping an order, in cents.
pub(super) const SHIPPING_CENTS: i64 = 499;

/// Writes cents as a price: the one place that knows the currency.
pub(super) fn money(cents: i64) -> String {
    match decimal(cents).strip_prefix('-') {
        Some(owed) => format!("−£{owed}"),
        None => format!("£{}", decimal(cents)),
    }
}

/// The price of shipping an order.
pub(super) fn shipping() -> String {
    money(SHIPPING_CENTS)
}

/// Says how many are left.
pub(super) fn stock(count: i64) -> String {
    match count {
        ..=0 => "sold out".to_owned(),
        1 => "last pair".to_owned(),
        2..100 => format!("{count} left"),
        _ => "plenty".to_owned(),
    }
}

/// Singular or plural: `sock` or `socks`.
pub(super) fn socks_word(count: u32) -> &'static str {
    if count == 1 { "sock" } else { "socks" }
}

/// Singular or plural: `item` or `items`.
pub(super) fn items_word(count: u32) -> &'static str {
    if count == 1 { "item" } else { "items" }
}

/// Singular or plural: `pair` or `pairs`.
pub(super) fn pairs_word(count: u32) -> &'static str {
    if count == 1 { "pair" } else { "pairs" }
}

/// A time for people, e.g. `22 November 2026, 09:30 UTC`.
pub(super) fn time(at_ms: i64) -> String {
    formatted(at_ms, "%-d %B %Y, %H:%M UTC")
}

/// A time for machines.
pub(super) fn iso(at_ms: i64) -> String {
    formatted(at_ms, "%Y-%m-%dT%H:%M:%SZ")
}

/// A time of day to the second, e.g. `09:30:12 UTC`.
pub(super) fn clock(at_ms: i64) -> String {
    formatted(at_ms, "%-d %b, %H:%M:%S UTC")
}

fn formatted(at_ms: i64, format: &str) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    strtime::format(format, at).unwrap_or_default()
}

/// Makes `text` fit for a path segment or a query.
pub(super) fn encoded(text: &str) -> String {
    // `+` is a space in queries only; `%20` is one everywhere.
    byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

/// Where a sock's page is.
pub(super) fn sock_href(id: &str) -> String {
    format!("/socks/{}", encoded(id))
}

/// Where the socks with a tag are.
pub(super) fn tag_href(tag: &str) -> String {
    format!("/socks?tags={}", encoded(tag))
}

/// The page to go to next, as long as it is one of ours.
pub(super) fn safe_next(next: &str) -> &str {
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(|character: char| character == '\\' || character.is_control());
    if is_ours { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_in_pounds() {
        assert_eq!(
            [money(9999), money(0), money(-499)],
            ["£99.99", "£0.00", "−£4.99"]
        );
    }

    #[test]
    fn stock_is_said_in_words() {
        let words = [0, 1, 2, 99, 100].map(stock);
        assert_eq!(
            words,
            ["sold out", "last pair", "2 left", "99 left", "plenty"]
        );
    }

    #[test]
    fn times_are_written_for_people_and_for_machines() {
        let at = 1_795_339_812_345;
        assert_eq!(time(at), "22 November 2026, 09:30 UTC");
        assert_eq!(clock(at), "22 Nov, 09:30:12 UTC");
        assert_eq!(iso(at), "2026-11-22T09:30:12Z");
    }

    #[test]
    fn the_next_page_is_always_ours() {
        for ours in ["/", "/checkout", "/socks?tags=blue&page=2"] {
            assert_eq!(safe_next(ours), ours);
        }
        for theirs in [
            "",
            "https://example.org",
            "//example.org",
            "/\\example.org",
            "/a\r\nb",
        ] {
            assert_eq!(safe_next(theirs), "/");
        }
    }

    #[test]
    fn links_survive_odd_ids_and_tags() {
        assert_eq!(sock_href("a/b c"), "/socks/a%2Fb%20c");
        assert_eq!(tag_href("r&d"), "/socks?tags=r%26d");
    }
}

//! Reading pages: just enough to find what a visitor would click on.

/// Everything of the shop's own that a browser fetches to show `page`.
pub fn parts(page: &str) -> impl Iterator<Item = &str> {
    let tags = ["<link rel=\"stylesheet\"", "<script", "<img"];
    let found = tags.into_iter().flat_map(|tag| elements(page, tag));
    let mut parts: Vec<_> = found
        .filter(|element| !element.contains(" loading=\"lazy\""))
        .filter_map(|element| attribute(element, "src").or_else(|| attribute(element, "href")))
        .filter(|path| is_path(path))
        .collect();
    parts.sort_unstable();
    parts.dedup();
    parts.into_iter()
}

/// The paths that `page` links to and that begin with `prefix` and go on.
#[must_use]
pub fn links<'a>(page: &'a str, prefix: &str) -> Vec<&'a str> {
    let links = elements(page, "<a ").filter_map(|element| attribute(element, "href"));
    let mut links: Vec<_> = links
        .filter(|path| {
            path.strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty())
        })
        .filter(|path| is_path(path))
        .collect();
    links.sort_unstable();
    links.dedup();
    links
}

/// What the first field called `name` holds: of several to choose from, the one
/// that is chosen.
#[must_use]
pub fn field<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let mut fields =
        elements(page, "<input").filter(|input| attribute(input, "name") == Some(name));
    let first = fields.next()?;
    let chosen = std::iter::once(first)
        .chain(fields)
        .find(|input| input.contains(" checked"));
    attribute(chosen.unwrap_or(first), "value")
}

/// All elements that begin like `start`, up to the end of their tags.
fn elements<'a>(page: &'a str, start: &'static str) -> impl Iterator<Item = &'a str> {
    page.match_indices(start).filter_map(|(at, _)| {
        let element = &page[at..];
        element.find('>').map(|end| &element[..end])
    })
}

/// What an attribute holds. The shop's own pages always quote, and need no
/// escapes in what is read here.
fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let start = element.find(&format!(" {name}=\""))? + name.len() + 3;
    let rest = &element[start..];
    rest.find('"').map(|end| &rest[..end])
}

fn is_path(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<link rel="icon" href="/icon.svg">
        <link rel="stylesheet" href="/assets/shop.1.css"><script src="/assets/shop.js" defer></script>
        <img src="/a.jpeg" alt="" width="1"><img alt="" src="/a.jpeg"><img src="https://elsewhere/b.jpeg">
        <img src="/far-below.jpeg" alt="" loading="lazy"><img src="data:image/png;base64,x">
        <a href="/socks">All</a> <a class="chip" href="/socks?tags=red">Red</a>
        <a href="/socks/2">Two</a><a href="/socks/1">One</a><a href="/socks/1">One again</a>
        <input type="hidden" name="csrf" value="abc"><input type="radio" name="card" value="1">
        <input type="radio" name="card" value="2" checked><input name="empty"><input name="torn" value=""#;

    #[test]
    fn the_parts_of_a_page_are_what_is_shown_at_once_and_ours() {
        let parts: Vec<_> = parts(PAGE).collect();
        assert_eq!(parts, ["/a.jpeg", "/assets/shop.1.css", "/assets/shop.js"]);
    }

    #[test]
    fn links_are_found_once_each() {
        assert_eq!(links(PAGE, "/socks/"), ["/socks/1", "/socks/2"]);
        assert!(links(PAGE, "/account").is_empty());
    }

    #[test]
    fn fields_hold_what_is_chosen() {
        assert_eq!(field(PAGE, "csrf"), Some("abc"));
        assert_eq!(field(PAGE, "card"), Some("2"));
        assert_eq!(field(PAGE, "empty"), None);
        assert_eq!(field(PAGE, "torn"), None);
        assert_eq!(field(PAGE, "missing"), None);
    }
}

//! Value of the cookie `logged_in`: the identifiers of the shops of this host in
//! which the browser is signed in, joined by dots.
//!
//! Cookies ignore ports, and the original fixed this one's name; so two shops on
//! one host share it, and neither may take it away from the other.

/// Shops of one host that are remembered.
const MAX_SHOPS: usize = 8;

/// The value once the browser is signed in to `shop`, too.
pub(super) fn with(value: &str, shop: &str) -> String {
    let others = others(value, shop).take(MAX_SHOPS - 1);
    others.chain([shop]).collect::<Vec<_>>().join(".")
}

/// The value once the browser is signed out of `shop`; nothing when it is signed
/// in nowhere else.
pub(super) fn without(value: &str, shop: &str) -> Option<String> {
    let others: Vec<_> = others(value, shop).take(MAX_SHOPS).collect();
    (!others.is_empty()).then(|| others.join("."))
}

fn others<'a>(value: &'a str, shop: &'a str) -> impl Iterator<Item = &'a str> {
    let is_id = |id: &&str| id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    value.split('.').filter(is_id).filter(move |id| *id != shop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_out_of_one_shop_leaves_the_other() {
        let (one, two) = ("00000001", "00000002");
        let both = with(&with("yes", one), two);
        assert_eq!(both, "00000001.00000002");
        assert_eq!(with(&both, one), "00000002.00000001");
        assert_eq!(without(&both, two).as_deref(), Some(one));
        assert_eq!(without(one, one), None);
        assert_eq!(without("yes", one), None);
    }

    #[test]
    fn the_value_is_bounded_whatever_a_browser_sends() {
        let many: Vec<_> = (0..100).map(|number| format!("{number:08x}")).collect();
        let value = with(&many.join("."), "ffffffff");
        assert_eq!(value.split('.').count(), MAX_SHOPS);
        assert!(value.ends_with(".ffffffff"));
    }
}

//! Cookies of this shop among all those that a browser sends.
//!
//! Browsers do not keep cookies of two ports of one host apart, and send what
//! other programs set there as well. So of a request only the shop's own cookies
//! are read; a pair that is none, or whose bytes are no text, is skipped alone.
//! The session cookie is set twice: under the name that the original gave it,
//! which another shop of the same host overwrites, and under one with the shop's
//! identifier, which none does. Of several, the first that we signed counts.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use tower_cookies::cookie::{Cookie, CookieJar};

use crate::Key;
use crate::pages::THEME_COOKIE;
use crate::session::COOKIE as SESSION;
use crate::visitor::{LOGGED_IN, flash_cookie};

/// Longest value of a session cookie that is looked at, in bytes: a signature and
/// an id take fewer.
const MAX_SESSION_BYTES: usize = 256;

/// Session cookies of one request whose signatures are checked.
const MAX_SESSIONS: usize = 8;

/// The cookies of one shop.
#[derive(Clone)]
pub struct OwnCookies {
    key: tower_cookies::Key,
    /// Name of the session cookie that no other shop has.
    session: String,
    others: [String; 3],
}

impl OwnCookies {
    /// The cookies of the shop with this key.
    #[must_use]
    pub fn of(key: &Key) -> Self {
        Self {
            key: key.cookies().clone(),
            session: format!("{SESSION}.{}", key.shop_id()),
            others: [
                LOGGED_IN.to_owned(),
                THEME_COOKIE.to_owned(),
                flash_cookie(key),
            ],
        }
    }

    /// Leaves one `Cookie` header in a request: with the session cookie that
    /// counts, under the original's name, and the others of this shop.
    pub fn keep_own(&self, headers: &mut HeaderMap) {
        if !headers.contains_key(COOKIE) {
            return;
        }
        let pairs: Vec<_> = pairs(headers).collect();
        let session = self.session(&pairs).map(|value| (SESSION, value));
        let first = |name: &String| pairs.iter().find(|(known, _)| known == name).copied();
        let own = session
            .into_iter()
            .chain(self.others.iter().filter_map(first));
        let own: Vec<_> = own.map(|(name, value)| format!("{name}={value}")).collect();
        let own = HeaderValue::try_from(own.join("; "));
        headers.remove(COOKIE);
        if let Some(own) = own.ok().filter(|own| !own.is_empty()) {
            headers.insert(COOKIE, own);
        }
    }

    /// The session cookie that counts. What bears the original's name and our
    /// signature is never older than the other.
    fn session<'a>(&self, pairs: &[(&'a str, &'a str)]) -> Option<&'a str> {
        let of = |name: &str| {
            let found = pairs.iter().filter(move |(known, _)| *known == name);
            let found: Vec<_> = found.map(|(_, value)| *value).collect();
            found
        };
        let mut found = [of(SESSION), of(&self.session)].concat();
        found.retain(|value| value.len() <= MAX_SESSION_BYTES);
        found.dedup();
        match found[..] {
            [] => None,
            [only] => Some(only), // whoever reads it checks it
            _ => found
                .into_iter()
                .take(MAX_SESSIONS)
                .find(|value| self.is_ours(value)),
        }
    }

    fn is_ours(&self, value: &str) -> bool {
        let cookie = Cookie::parse_encoded(format!("{SESSION}={value}"));
        let verified = |cookie| CookieJar::new().signed(&self.key).verify(cookie);
        cookie.ok().and_then(verified).is_some()
    }

    /// Sets the session cookie under both names, and all cookies for https only
    /// when the browser came that way.
    pub fn finish(&self, headers: &mut HeaderMap, secure: bool) {
        let lines: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        headers.remove(SET_COOKIE);
        for line in &lines {
            let Ok(text) = line.to_str() else { continue };
            let suffix = if secure { "; Secure" } else { "" };
            let own = text
                .strip_prefix(SESSION)
                .filter(|rest| rest.starts_with('='));
            let own = own.map(|rest| format!("{}{rest}{suffix}", self.session));
            let both = [Some(format!("{text}{suffix}")), own];
            for line in both.into_iter().flatten() {
                if let Ok(line) = HeaderValue::try_from(line) {
                    headers.append(SET_COOKIE, line);
                }
            }
        }
    }
}

impl std::fmt::Debug for OwnCookies {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("OwnCookies")
            .field(&self.session)
            .finish()
    }
}

/// The pairs of all `Cookie` headers that are text. HTTP/2 may send a header per
/// pair (RFC 9113, 8.2.3).
pub fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).into_iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let texts = pairs.filter_map(|pair| std::str::from_utf8(pair).ok());
    let texts = texts.filter(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    let pairs = texts.filter_map(|text| text.split_once('='));
    pairs.map(|(name, value)| (name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(key: &Key, lines: &[&[u8]]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        OwnCookies::of(key).keep_own(&mut headers);
        let line = headers.get(COOKIE).map(|line| line.to_str().unwrap());
        line.unwrap_or_default().to_owned()
    }

    /// A session cookie's value as the shop with `key` signs it.
    fn signed(key: &Key, id: &str) -> String {
        let mut jar = CookieJar::new();
        jar.signed_mut(key.cookies())
            .add(Cookie::new(SESSION, id.to_owned()));
        let cookie = jar.get(SESSION).unwrap().encoded().to_string();
        cookie.split_once('=').unwrap().1.to_owned()
    }

    #[test]
    fn of_foreign_cookies_only_those_are_ignored() {
        let key = Key::random();
        for foreign in [
            "x=caf\u{e9}".as_bytes(),
            b"x=caf\xe9",
            b"x",
            b"=",
            b"x=\"a b\"",
            b"md.sid.00000000=a",
            &b"x".repeat(60_000),
        ] {
            let line = [foreign, b"; md.sid=a;theme=dark"].concat();
            assert_eq!(own(&key, &[&line]), "md.sid=a; theme=dark");
            assert_eq!(
                own(&key, &[b"md.sid=a; theme=dark", foreign]),
                "md.sid=a; theme=dark"
            );
            assert_eq!(
                own(&key, &[b"theme=dark", foreign, b"md.sid=a"]),
                "md.sid=a; theme=dark"
            );
            assert_eq!(own(&key, &[foreign]), "");
        }
    }

    #[test]
    fn of_several_session_cookies_the_one_we_signed_counts() {
        let (key, other) = (Key::random(), Key::random());
        let (ours, theirs) = (signed(&key, "one"), signed(&other, "two"));
        let expected = format!("md.sid={ours}");
        let own_name = format!("md.sid.{}", key.shop_id());
        for line in [
            format!("md.sid={theirs}; md.sid={ours}"),
            format!("md.sid={ours}; md.sid={theirs}"),
            format!("md.sid={theirs}; {own_name}={ours}"),
            format!("{own_name}={ours}; md.sid=tampered{ours}"),
            format!("{own_name}={theirs}; md.sid={ours}"),
        ] {
            assert_eq!(own(&key, &[line.as_bytes()]), expected, "{line}");
        }
        let none = format!("md.sid={theirs}; {own_name}=x");
        assert_eq!(own(&key, &[none.as_bytes()]), "");
    }

    #[test]
    fn a_session_is_named_twice_and_for_https_only_when_it_is_due() {
        let key = Key::random();
        for (secure, suffix) in [(false, ""), (true, "; Secure")] {
            let mut headers = HeaderMap::new();
            for line in ["md.sid=a; Path=/", "md.sidx=b"] {
                headers.append(SET_COOKIE, HeaderValue::from_static(line));
            }
            OwnCookies::of(&key).finish(&mut headers, secure);
            let lines: Vec<_> = headers
                .get_all(SET_COOKIE)
                .into_iter()
                .map(|line| line.to_str().unwrap())
                .collect();
            let second = format!("md.sid.{}=a; Path=/{suffix}", key.shop_id());
            let expected = [
                format!("md.sid=a; Path=/{suffix}"),
                second,
                format!("md.sidx=b{suffix}"),
            ];
            assert_eq!(lines, expected);
        }
    }
}

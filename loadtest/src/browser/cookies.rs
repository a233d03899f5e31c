//! A visitor's cookies. There is one shop, however many doors it has, so that
//! all cookies go everywhere.

use std::collections::BTreeMap;

use cookie::Cookie;
use hyper::HeaderMap;
use hyper::header::{HeaderValue, SET_COOKIE};

/// Cookie jar of one browser.
#[derive(Clone, Debug, Default)]
pub struct Cookies(BTreeMap<String, String>);

impl Cookies {
    /// Takes the cookies of an answer in, and those it ends out.
    pub fn take(&mut self, headers: &HeaderMap) {
        let texts = headers.get_all(SET_COOKIE).into_iter();
        let texts = texts.filter_map(|value| value.to_str().ok());
        for cookie in texts.filter_map(|text| Cookie::parse(text).ok()) {
            let over = cookie.max_age().is_some_and(|age| !age.is_positive());
            if over {
                self.0.remove(cookie.name());
            } else {
                let (name, value) = cookie.name_value();
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// What to send along; nothing when the jar is empty.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        let pairs: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let header = HeaderValue::try_from(pairs.join("; ")).ok();
        header.filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cookies: &[&str]) -> HeaderMap {
        let values = cookies.iter().map(|text| text.parse().unwrap());
        values.map(|value| (SET_COOKIE, value)).collect()
    }

    #[test]
    fn cookies_are_kept_changed_and_ended() {
        let mut cookies = Cookies::default();
        assert_eq!(cookies.header(), None);
        cookies.take(&answer(&[
            "md.sid=s%3Aa; Path=/; HttpOnly",
            "logged_in=x; Max-Age=3600",
        ]));
        assert_eq!(cookies.header().unwrap(), "logged_in=x; md.sid=s%3Aa");
        cookies.take(&answer(&["md.sid=b", "logged_in=; Max-Age=0"]));
        assert_eq!(cookies.header().unwrap(), "md.sid=b");
    }
}

//! Who answers a request: by weight, as the policy shares requests out.
//!
//! A visitor draws a lot and keeps it in a cookie; every version answers as many
//! lots as its share. So who got the new version keeps it while its share grows,
//! and goes back with everybody when it has none; and no cookie names a version
//! that may be gone. `x-shop-version: v2` asks one version past all weights;
//! `?version=v2` does, too, and keeps it where it has a share.

use std::collections::BTreeMap;
use std::ops::Range;

use axum::http::{HeaderMap, HeaderValue, Uri};
use frontend::cookies;

/// A front-end that could answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Where it is, such as `http://127.77.8.1:8080`.
    pub(super) url: String,
    /// Its version; empty when nothing is known of it.
    pub(super) version: String,
    /// Its share among all.
    pub(super) weight: u16,
}

/// What of a request may decide who answers it: its headers, its URI, and the
/// name of the cookie that holds the visitor's lot.
type Asked<'a> = (&'a HeaderMap, &'a Uri, &'a str);

/// Names the version that is to answer one request.
const HEADER: &str = "x-shop-version";

/// Names the version that is to answer from now on.
const QUERY: &str = "version";

/// Beginning of the name of the cookie that holds a visitor's lot, for an hour.
/// Cookies ignore ports: the shop's identifier follows, so that two shops on one
/// host do not share it.
const LOT: &str = "shop_lot";

/// Name of the cookie that holds a visitor's lot in the shop called `shop_id`.
pub(super) fn cookie_name(shop_id: &str) -> String {
    format!("{LOT}.{shop_id}")
}

/// How many lots there are: a hundredth of a percent each.
const LOTS: f64 = 10_000.0;

/// Chooses who answers. Those `tried` in vain come again only when nobody else
/// is left. `roll` is uniform in 0..1.
pub(super) fn choose<'a>(
    asked: Asked<'_>,
    candidates: &'a [Candidate],
    tried: &[String],
    roll: f64,
) -> Option<&'a Candidate> {
    let fresh = |one: &&Candidate| !tried.contains(&one.url);
    let mut all: Vec<_> = candidates.iter().filter(fresh).collect();
    if all.is_empty() {
        all = candidates.iter().collect();
    }
    let lot = lot(asked).unwrap_or(roll * LOTS);
    let drawn = || {
        let mut ranges = ranges(candidates).into_iter();
        ranges
            .find(|(_, range)| range.contains(&lot))
            .map(|(version, _)| version)
    };
    let wished = wished(asked).filter(|wish| all.iter().any(|one| one.version == *wish));
    let version = wished.or_else(drawn);
    let of_it = all.iter().filter(|one| Some(&*one.version) == version);
    let of_it: Vec<_> = of_it.copied().collect();
    let roll = (roll * LOTS).fract();
    by_weight(&of_it, roll).or_else(|| by_weight(&all, roll))
}

/// What the visitor is told to keep, so that the choice sticks: nothing when
/// there is no choice.
pub(super) fn keep(
    asked: Asked<'_>,
    chosen: &Candidate,
    candidates: &[Candidate],
    roll: f64,
) -> Option<HeaderValue> {
    let ranges = ranges(candidates);
    let shared = ranges.values().filter(|range| !range.is_empty()).count();
    if shared < 2 || asked.0.contains_key(HEADER) {
        return None;
    }
    let lot = match wished(asked) {
        Some(wish) if wish == chosen.version => edge(ranges.get(wish)?)?,
        _ if lot(asked).is_some() => return None,
        _ => roll * LOTS,
    };
    let cookie = format!(
        "{}={:.0}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax",
        asked.2,
        lot.floor()
    );
    HeaderValue::try_from(cookie).ok()
}

/// The version that the request wants in so many words.
fn wished((headers, uri, _): Asked<'_>) -> Option<&str> {
    let header = headers.get(HEADER).and_then(|value| value.to_str().ok());
    let pairs = uri.query().unwrap_or_default().split('&');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    let query = || {
        pairs
            .find(|(name, _)| *name == QUERY)
            .map(|(_, value)| value)
    };
    header.or_else(query)
}

/// The lot in the visitor's cookie: the first that is one, because other programs
/// on this host may set what they like.
fn lot((headers, _, cookie): Asked<'_>) -> Option<f64> {
    let mut lots = cookies::pairs(headers).filter(|(name, _)| *name == cookie);
    lots.find_map(|(_, lot)| {
        let lot = f64::from(lot.parse::<u16>().ok()?);
        (lot < LOTS).then_some(lot)
    })
}

/// The lots that each version answers, in the order of their names: of two, one
/// grows from its end without moving anybody else.
fn ranges(candidates: &[Candidate]) -> BTreeMap<&str, Range<f64>> {
    let total: f64 = candidates.iter().map(|one| f64::from(one.weight)).sum();
    let mut shares: BTreeMap<&str, f64> = BTreeMap::new();
    for one in candidates {
        let share = if total > 0.0 {
            f64::from(one.weight) / total
        } else {
            0.0
        };
        *shares.entry(&one.version).or_default() += share;
    }
    let mut end = 0.0;
    let mut next = |share: f64| {
        let begin = end;
        end += share * LOTS;
        begin..end
    };
    shares
        .into_iter()
        .map(|(version, share)| (version, next(share)))
        .collect()
}

/// The lot of a version that is the last to leave it.
fn edge(range: &Range<f64>) -> Option<f64> {
    let is_last = range.end > LOTS - 0.5;
    let edge = if is_last {
        LOTS - 1.0
    } else {
        range.start.ceil()
    };
    (!range.is_empty()).then_some(edge)
}

/// In proportion to weight; all alike when nobody has any.
fn by_weight<'a>(candidates: &[&'a Candidate], roll: f64) -> Option<&'a Candidate> {
    let total: f64 = candidates.iter().map(|one| f64::from(one.weight)).sum();
    let weight = |one: &Candidate| {
        if total > 0.0 {
            f64::from(one.weight)
        } else {
            1.0
        }
    };
    let mut left = roll * candidates.iter().map(|one| weight(one)).sum::<f64>();
    let chosen = candidates.iter().find(|one| {
        left -= weight(one);
        left < 0.0
    });
    chosen.or(candidates.last()).copied()
}

#[cfg(test)]
mod tests;

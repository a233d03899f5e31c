//! Who answers a request: by weight, as the policy shares requests out.

use axum::http::{HeaderMap, HeaderValue, Uri};

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

/// What of a request may decide who answers it.
type Asked<'a> = (&'a HeaderMap, &'a Uri);

/// Chooses who answers. Those `tried` in vain come again only when nobody else
/// is left. `roll` is uniform in 0..1.
pub(super) fn choose<'a>(
    _asked: Asked<'_>,
    candidates: &'a [Candidate],
    tried: &[String],
    roll: f64,
) -> Option<&'a Candidate> {
    let fresh = |one: &&Candidate| !tried.contains(&one.url);
    let untried: Vec<_> = candidates.iter().filter(fresh).collect();
    by_weight(&untried, roll).or_else(|| by_weight(&candidates.iter().collect::<Vec<_>>(), roll))
}

/// What the visitor is told to keep, so that the choice sticks.
pub(super) fn keep(
    _asked: Asked<'_>,
    _chosen: &Candidate,
    _candidates: &[Candidate],
) -> Option<HeaderValue> {
    None
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
mod tests {
    use super::*;

    fn candidate(version: &str, weight: u16) -> Candidate {
        Candidate {
            url: format!("http://{version}"),
            version: version.to_owned(),
            weight,
        }
    }

    /// How often each version answers 100 evenly spread requests.
    fn shares(candidates: &[Candidate], tried: &[String]) -> Vec<usize> {
        let (headers, uri) = (HeaderMap::new(), Uri::from_static("/"));
        let chosen = |step| choose((&headers, &uri), candidates, tried, f64::from(step) / 100.0);
        let all: Vec<_> = (0..100).filter_map(chosen).collect();
        let count = |one| all.iter().filter(|chosen| **chosen == one).count();
        candidates.iter().map(count).collect()
    }

    #[test]
    fn requests_are_shared_by_weight_and_who_failed_comes_last() {
        let both = [candidate("v1", 95), candidate("v2", 5)];
        assert_eq!(shares(&both, &[]), [95, 5]);
        assert_eq!(shares(&both, &["http://v1".into()]), [0, 100]);
        let all = ["http://v1".into(), "http://v2".into()];
        assert_eq!(shares(&both, &all), [95, 5]);
        assert_eq!(shares(&[], &[]), [0; 0]);
    }
}

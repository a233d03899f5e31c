//! A hybrid logical clock: stamps close to the time of day that never run
//! backwards, however wrong a node's clock is.

use serde::{Deserialize, Serialize};

/// How far the clocks of two hosts may be apart, in milliseconds. Stamps that are
/// further ahead are refused: they would outlast everything set after them.
pub const MAX_CLOCK_SKEW_MS: u64 = 30_000;

/// When something was set, and by whom. Later ones are greater; no two are equal
/// unless a node makes both from the same knowledge in the same instant.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Tells stamps of one millisecond apart.
    pub count: u32,
    /// The node that made it.
    pub node: String,
}

impl Stamp {
    /// Whether this is too far ahead of `now_ms` to be believed.
    #[must_use]
    pub fn is_far_ahead(&self, now_ms: u64) -> bool {
        self.at_ms > now_ms.saturating_add(MAX_CLOCK_SKEW_MS)
    }

    /// How far this is ahead of `now_ms`, in milliseconds; negative: behind.
    #[must_use]
    pub fn ahead_of(&self, now_ms: u64) -> i64 {
        apart(self.at_ms, now_ms)
    }

    /// A stamp later than `latest`, the latest one its maker knows, and not
    /// before `now_ms`.
    #[must_use]
    pub fn after(latest: Option<&Self>, now_ms: u64, node: &str) -> Self {
        let (at_ms, count) = match latest {
            Some(latest) if latest.at_ms >= now_ms => match latest.count.checked_add(1) {
                Some(count) => (latest.at_ms, count),
                None => (latest.at_ms.saturating_add(1), 0),
            },
            _ => (now_ms, 0),
        };
        Self {
            at_ms,
            count,
            node: node.to_owned(),
        }
    }
}

/// `at_ms` less `now_ms`, as far as that fits.
#[must_use]
pub fn apart(at_ms: u64, now_ms: u64) -> i64 {
    let apart = i64::try_from(at_ms.abs_diff(now_ms)).unwrap_or(i64::MAX);
    if at_ms < now_ms { -apart } else { apart }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_stamp_is_later_than_all_its_maker_knows(
            (at_ms, count, now_ms) in (any::<u64>(), any::<u32>(), any::<u64>())
        ) {
            prop_assume!(at_ms < u64::MAX);
            let latest = Stamp { at_ms, count, node: "z".into() };
            prop_assert!(Stamp::after(Some(&latest), now_ms, "a") > latest);
        }
    }

    #[test]
    fn a_stamp_is_believed_as_far_as_clocks_may_be_apart() {
        let at = |at_ms| Stamp {
            at_ms,
            ..Stamp::default()
        };
        assert!(!at(5 + MAX_CLOCK_SKEW_MS).is_far_ahead(5));
        assert!(at(6 + MAX_CLOCK_SKEW_MS).is_far_ahead(5));
        assert!(!at(u64::MAX).is_far_ahead(u64::MAX));
        assert_eq!((at(7).ahead_of(5), at(5).ahead_of(7)), (2, -2));
        assert_eq!(at(u64::MAX).ahead_of(0), i64::MAX);
    }

    #[test]
    fn a_stamp_follows_the_clock_when_that_is_ahead() {
        let stamp = Stamp::after(None, 7, "a");
        assert_eq!((stamp.at_ms, stamp.count), (7, 0));
        let next = Stamp::after(Some(&stamp), 9, "a");
        assert_eq!((next.at_ms, next.count), (9, 0));
    }
}

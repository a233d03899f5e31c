//! A hybrid logical clock: stamps close to the time of day that never run
//! backwards, however wrong a node's clock is.

use serde::{Deserialize, Serialize};

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
    fn a_stamp_follows_the_clock_when_that_is_ahead() {
        let stamp = Stamp::after(None, 7, "a");
        assert_eq!((stamp.at_ms, stamp.count), (7, 0));
        let next = Stamp::after(Some(&stamp), 9, "a");
        assert_eq!((next.at_ms, next.count), (9, 0));
    }
}

//! Quantities: how many pairs of one sock a basket may hold.

use crate::Invalid;

/// Maximum of a basket line, in pairs, however it came about.
pub const MAX: u32 = 99;

/// Reads a quantity from `least` to [`MAX`].
pub fn check(quantity: i64, least: u32) -> Result<u32, Invalid> {
    u32::try_from(quantity)
        .ok()
        .filter(|quantity| (least..=MAX).contains(quantity))
        .ok_or_else(|| Invalid::new(format!("must be {least} to {MAX}")))
}

/// The sum of two quantities, [`MAX`] at most: what a line holds after
/// something was added to it, or after two baskets were merged.
#[must_use]
pub fn sum(held: u32, more: u32) -> u32 {
    held.saturating_add(more).min(MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_bounded_at_both_ends() {
        assert_eq!(check(99, 1), Ok(99));
        assert_eq!(check(0, 0), Ok(0));
        for bad in [-1, 0, 100, i64::MAX, i64::MIN] {
            let refused = check(bad, 1).unwrap_err();
            assert_eq!(refused.to_string(), "must be 1 to 99");
        }
    }

    #[test]
    fn a_sum_stops_at_the_limit_and_never_overflows() {
        assert_eq!((sum(1, 2), sum(98, 5)), (3, 99));
        assert_eq!(sum(u32::MAX, u32::MAX), 99);
    }
}

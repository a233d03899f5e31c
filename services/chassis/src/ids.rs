//! Names for things: 24 hex digits, as the original's databases gave.

use crate::clock;

/// Returns a new id of 24 hex digits: seconds first, so that ids grow with
/// time, then 64 random bits.
#[must_use]
pub fn new_id() -> String {
    let seconds = u32::try_from(clock::now_ms() / 1000).unwrap_or(u32::MAX);
    format!("{seconds:08x}{:016x}", rand::random::<u64>())
}

/// Whether `id` has the form of an id: 24 hex digits.
#[must_use]
pub fn is_id(id: &str) -> bool {
    id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_ids_are_well_formed_and_differ() {
        let (one, two) = (new_id(), new_id());
        assert!(is_id(&one) && is_id(&two));
        assert_ne!(one, two);
        assert!(!is_id("xyz") && !is_id("57a98d98e4b00679b4a830bg"));
    }
}

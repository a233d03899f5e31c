//! Sign-ins that were verified a moment ago.
//!
//! A password hash is slow on purpose; one customer who comes back again and
//! again within a minute need not pay for it each time. Kept is a keyed hash
//! of the password *and* of the stored hash it was checked against, under a
//! key that only this process knows: a changed password is therefore forgotten
//! by itself, in every instance, and a removed account is never looked up.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How long a sign-in is remembered.
pub const TTL: Duration = Duration::from_secs(60);

/// Maximum number of verified sign-ins in the cache; others are verified again.
const CAPACITY: usize = 10_000;

/// The verified sign-ins of the last minute, by customer id.
pub struct VerifiedCache {
    proofs: HashMap<String, Proof>,
    keyed: Hmac<Sha256>,
}

struct Proof {
    tag: [u8; 32],
    until: Instant,
}

impl Default for VerifiedCache {
    fn default() -> Self {
        Self {
            proofs: HashMap::new(),
            keyed: Hmac::new(&rand::random::<[u8; 64]>().into()),
        }
    }
}

impl VerifiedCache {
    /// Whether `password` was verified against `stored` a moment ago. Compares
    /// in constant time.
    #[must_use]
    pub fn knows(&self, id: &str, stored: &str, password: &str, now: Instant) -> bool {
        let proof = self.proofs.get(id).filter(|proof| now < proof.until);
        proof.is_some_and(|proof| self.mac(stored, password).verify_slice(&proof.tag).is_ok())
    }

    /// Remembers that `password` was verified against `stored` at `now`.
    pub fn remember(&mut self, id: &str, stored: &str, password: &str, now: Instant) {
        if self.proofs.len() >= CAPACITY && !self.proofs.contains_key(id) {
            self.proofs.retain(|_, proof| now < proof.until);
            if self.proofs.len() >= CAPACITY {
                return;
            }
        }
        let proof = Proof {
            tag: self.mac(stored, password).finalize().into_bytes().into(),
            until: now + TTL,
        };
        self.proofs.insert(id.to_owned(), proof);
    }

    /// No stored hash holds a zero byte, so the two cannot run together.
    fn mac(&self, stored: &str, password: &str) -> Hmac<Sha256> {
        let mac = self.keyed.clone().chain_update(stored);
        mac.chain_update([0]).chain_update(password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_remembered_for_a_minute_and_no_longer() {
        let (mut remembered, now) = (VerifiedCache::default(), Instant::now());
        remembered.remember("7", "hash", "secret", now);
        assert!(remembered.knows("7", "hash", "secret", now));
        assert!(!remembered.knows("7", "hash", "secret", now + TTL));
    }

    #[test]
    fn another_password_hash_or_customer_is_not_known() {
        let (mut remembered, now) = (VerifiedCache::default(), Instant::now());
        remembered.remember("7", "hash", "secret", now);
        assert!(!remembered.knows("7", "hash", "Secret", now));
        assert!(!remembered.knows("7", "changed", "secret", now));
        assert!(!remembered.knows("8", "hash", "secret", now));
    }

    #[test]
    fn memory_is_bounded_and_made_free_by_time() {
        let (mut remembered, now) = (VerifiedCache::default(), Instant::now());
        for number in 0..=CAPACITY {
            remembered.remember(&number.to_string(), "hash", "secret", now);
        }
        assert_eq!(remembered.proofs.len(), CAPACITY);
        remembered.remember("late", "hash", "secret", now + TTL);
        assert!(remembered.knows("late", "hash", "secret", now + TTL));
        assert_eq!(remembered.proofs.len(), 1);
    }

    #[test]
    fn every_process_has_a_key_of_its_own() {
        let [one, two] = [VerifiedCache::default(), VerifiedCache::default()];
        let tag = |of: &VerifiedCache| of.mac("hash", "secret").finalize().into_bytes();
        assert_ne!(tag(&one), tag(&two));
    }
}

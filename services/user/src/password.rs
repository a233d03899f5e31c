//! How passwords are kept: as Argon2id in the PHC string format.
//!
//! Pure and slow on purpose: [`Accounts`](crate::Accounts) decides on which
//! threads, and how many at once.

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, PasswordHash, Version};
use chassis::{Error, Result};
use hmac::digest::Digest;
use sha1::Sha1;

/// 19 MiB, two passes, one lane: what OWASP recommends at the least.
const PARAMS: Params = Params::DEFAULT;

/// Blocks of 1 KiB that are reserved beyond what is used: none is touched, but
/// an allocation of more than 32 MiB is one that glibc always returns to the
/// system instead of keeping it for the thread's next.
const RESERVED: usize = 33 * 1024;

/// A password nobody has, to spend time on when there is no such user.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$y0wLKk8Gm0jMg+Prnpd88w$OGJyMRyKMPhy7ipDDJgNAKUpj5VISgUnPvl9U2xe3UU";

/// How the original kept passwords, after an import: `legacy-sha1$salt$hex`.
const LEGACY: &str = "legacy-sha1$";

/// What a check found.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// Another password, or no such user.
    Wrong,
    /// The password matches the hash.
    Right,
    /// The right password, to be stored as this hash from now on.
    Outdated(String),
}

/// Returns the form in which `password` is to be stored.
pub fn hash(password: &str) -> Result<String> {
    let salt = Salt::generate();
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(PARAMS).map_err(Error::internal)?,
        hash: Some(argon2id(password, &salt, PARAMS)?),
        salt: Some(salt),
    };
    Ok(hash.to_string())
}

/// Checks `password` against what is `stored`, which is nothing for an unknown
/// user: that takes as long as a wrong password.
pub fn check(stored: Option<&str>, password: &str) -> Result<Verdict> {
    let stored = stored.unwrap_or(DECOY);
    if let Some(legacy) = stored.strip_prefix(LEGACY) {
        let fresh = hash(password)?;
        let is_right = is_legacy(legacy, password);
        return Ok(if is_right {
            Verdict::Outdated(fresh)
        } else {
            Verdict::Wrong
        });
    }
    let is_right = is_argon2id(stored, password)?;
    Ok(if is_right {
        Verdict::Right
    } else {
        Verdict::Wrong
    })
}

fn is_argon2id(stored: &str, password: &str) -> Result<bool> {
    let stored = PasswordHash::new(stored).map_err(Error::internal)?;
    let (Some(salt), Some(hash)) = (&stored.salt, &stored.hash) else {
        return Err(Error::internal("a stored password has no salt or no hash"));
    };
    if stored.algorithm != ARGON2ID_IDENT {
        return Err(Error::internal("a stored password is not argon2id"));
    }
    let params = Params::try_from(&stored).map_err(Error::internal)?;
    // `Output` compares in constant time.
    Ok(argon2id(password, salt, params)? == *hash)
}

fn argon2id(password: &str, salt: &Salt, params: Params) -> Result<Output> {
    let count = params.block_count();
    let mut memory = Vec::with_capacity(count.max(RESERVED));
    memory.resize(count, Block::new());
    let mut hash = [0; Params::DEFAULT_OUTPUT_LEN];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, &mut memory)
        .map_err(Error::internal)?;
    Output::new(&hash).map_err(Error::internal)
}

/// Whether `legacy` (`salt$hex`) is the SHA-1 of salt and password.
fn is_legacy(legacy: &str, password: &str) -> bool {
    let Some((salt, expected)) = legacy.split_once('$') else {
        return false;
    };
    let hash = Sha1::new()
        .chain_update(salt)
        .chain_update(password)
        .finalize();
    let hex = |text: String, byte: &u8| text + &format!("{byte:02x}");
    let hash = hash.iter().fold(String::new(), hex);
    let [hash, expected] = [&hash, expected].map(|text| Output::new(text.as_bytes()));
    hash.is_ok() && hash.ok() == expected.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_salted_and_fits_its_password_only() {
        let (one, two) = (hash("secret").unwrap(), hash("secret").unwrap());
        assert_ne!(one, two);
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_eq!(check(Some(&one), "secret").unwrap(), Verdict::Right);
        assert_eq!(check(Some(&one), "Secret").unwrap(), Verdict::Wrong);
    }

    #[test]
    fn nobody_has_a_password() {
        for password in ["", "password", DECOY] {
            assert_eq!(check(None, password).unwrap(), Verdict::Wrong);
        }
        let settings = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(settings(DECOY), settings(&hash("").unwrap()));
    }

    #[test]
    fn a_legacy_password_is_replaced_when_it_fits() {
        let stored = "legacy-sha1$c748112bc027878aa62812ba1ae00e40ad46d497$fec51acb3365747fc61247da5e249674cf8463c2";
        let Verdict::Outdated(fresh) = check(Some(stored), "eve").unwrap() else {
            panic!("the password is right and its form is old");
        };
        assert_eq!(check(Some(&fresh), "eve").unwrap(), Verdict::Right);
        assert_eq!(check(Some(stored), "adam").unwrap(), Verdict::Wrong);
        assert_eq!(check(Some("legacy-sha1$$"), "").unwrap(), Verdict::Wrong);
    }
}

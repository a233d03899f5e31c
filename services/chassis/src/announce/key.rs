//! The secret that the mesh nodes share, and what is derived from it.

use std::fmt;
use std::str::FromStr;

use hkdf::Hkdf;
use proto::mesh::mesh_client::MeshClient;
use sha2::Sha256;

use super::Credential;
use super::credential::hex;
use super::token::{Token, Trusted};

/// Minimum length of a mesh key in bytes; shorter ones can be guessed.
const MIN_KEY_LEN: usize = 16;

/// A secret shared by all mesh nodes. Nothing uses it as it is: every use gets a
/// key of its own, derived from it.
#[derive(Clone, Default)]
pub struct MeshKey(String);

impl FromStr for MeshKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() < MIN_KEY_LEN {
            return Err(format!("a mesh key needs {MIN_KEY_LEN} characters or more"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for MeshKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MeshKey(..)")
    }
}

impl MeshKey {
    /// The key for one `purpose` (HKDF, RFC 5869).
    ///
    /// # Panics
    ///
    /// Never.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "32 bytes are far below the limit of HKDF"
    )]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(b"sockshop.mesh.v1"), self.0.as_bytes())
            .expand(purpose.as_bytes(), &mut key)
            .expect("a length that HKDF can give");
        key
    }

    /// The key as it is handed to mesh nodes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The token of whoever holds the key itself: it may announce and steer every service.
    pub fn token(&self) -> anyhow::Result<Token> {
        Token::bearer(&hex(&self.derive("announce")))
    }

    /// The credential of `service`, whichever of its names that is: with it one
    /// can announce and steer this service and no other.
    #[must_use]
    pub fn credential(&self, service: &str) -> Credential {
        let service = super::canonical(service);
        let secret = hex(&self.derive(&format!("credential/{service}")));
        Credential::new(service, secret)
    }

    /// A client of the mesh node at `node`, host:port, which connects on first use.
    pub fn client(&self, node: &str) -> anyhow::Result<MeshClient<Trusted>> {
        self.token()?.client(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> MeshKey {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_that_can_be_guessed_is_refused() {
        assert!("short".parse::<MeshKey>().is_err());
        assert!("long enough a key".parse::<MeshKey>().is_ok());
    }

    #[test]
    fn every_purpose_has_a_key_of_its_own() {
        let mesh = key("long enough a key");
        assert_ne!(mesh.derive("gossip"), mesh.derive("announce"));
        assert_ne!(
            mesh.derive("gossip"),
            key("long enough a kez").derive("gossip")
        );
    }

    #[test]
    fn every_service_has_a_credential_of_its_own() {
        let mesh = key("long enough a key");
        let text = |service| mesh.credential(service).expose();
        assert_ne!(text("orders"), text("catalogue"));
        assert_eq!(text("cart"), text("carts"));
        let other = key("long enough a kez").credential("orders").expose();
        assert_ne!(text("orders"), other);
    }

    /// What `ecs/deploy` and the READMEs compute without this program.
    #[test]
    fn credentials_stay_what_they_are_from_release_to_release() {
        let credential = key("long enough a key").credential("orders").expose();
        assert_eq!(
            credential,
            "orders.15f990fc0b27c4d8584aad01c37be79950b7ec2ca0598aef7c64e051c74351d9"
        );
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", key("long enough a key")), "MeshKey(..)");
    }
}

//! The secret a mesh shares, and what is derived from it.

use std::fmt::{self, Write};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context;
use hkdf::Hkdf;
use proto::mesh::mesh_client::MeshClient;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Where a call carries the token.
const HEADER: &str = "authorization";

/// Shorter secrets can be guessed.
const LEAST: usize = 16;

/// A mesh node that does not take a connection in this time is left for another.
const CONNECT: Duration = Duration::from_millis(500);

/// A secret shared by all of a mesh. Nothing uses it as it is: every use gets a
/// key of its own, derived from it.
#[derive(Clone, Default)]
pub struct MeshKey(String);

impl FromStr for MeshKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() < LEAST {
            return Err(format!("a mesh key needs {LEAST} characters or more"));
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

    /// Adds the token to every call of a client.
    pub fn token(&self) -> anyhow::Result<Token> {
        let mut text = String::from("Bearer ");
        for byte in self.derive("announce") {
            write!(text, "{byte:02x}")?;
        }
        Ok(Token(text.parse()?))
    }

    /// A client of the mesh node at `node`, host:port, which connects on first use.
    pub fn client(&self, node: &str) -> anyhow::Result<MeshClient<Trusted>> {
        let channel = Endpoint::from_shared(format!("http://{node}"))
            .with_context(|| format!("`{node}` is not host:port"))?
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .connect_lazy();
        Ok(MeshClient::with_interceptor(channel, self.token()?))
    }
}

/// A connection that shows the token with every call.
pub type Trusted = InterceptedService<Channel, Token>;

/// Shows that one knows the mesh key, and checks that others do.
#[derive(Clone, Debug)]
pub struct Token(MetadataValue<Ascii>);

impl Token {
    /// Fails unless the call carries this token. Takes the same time for any
    /// wrong one.
    pub fn check(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let shown = metadata.get(HEADER).map(MetadataValue::as_bytes);
        let same = shown.unwrap_or_default().ct_eq(self.0.as_bytes());
        if bool::from(same) {
            Ok(())
        } else {
            Err(Status::unauthenticated("the mesh key is missing or wrong"))
        }
    }
}

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert(HEADER, self.0.clone());
        Ok(request)
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
    fn a_token_opens_only_its_own_mesh() {
        let token = key("long enough a key").token().unwrap();
        let mut call = token.clone().call(Request::new(())).unwrap();
        assert!(token.check(call.metadata()).is_ok());
        let other = key("long enough a kez").token().unwrap();
        assert!(other.check(call.metadata()).is_err());
        call.metadata_mut().clear();
        assert!(token.check(call.metadata()).is_err());
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", key("long enough a key")), "MeshKey(..)");
    }
}

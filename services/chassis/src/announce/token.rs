//! How a caller of a mesh node shows who it is.

use std::time::Duration;

use anyhow::Context;
use proto::mesh::mesh_client::MeshClient;
use subtle::ConstantTimeEq;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Header of a call that carries the token (RFC 6750).
const HEADER: &str = "authorization";

/// Authentication scheme of that header, with the space that follows it.
const SCHEME: &str = "Bearer ";

/// A mesh node that does not take a connection in this time is left for another.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// A connection that shows the token with every call.
pub type Trusted = InterceptedService<Channel, Token>;

/// Bearer token of a caller: that of the mesh key, or of one service.
#[derive(Clone, Debug)]
pub struct Token(MetadataValue<Ascii>);

impl Token {
    /// The token that consists of `secret`.
    pub(super) fn bearer(secret: &str) -> anyhow::Result<Self> {
        let mut value: MetadataValue<Ascii> = format!("{SCHEME}{secret}").parse()?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Whether the call carries this token. Takes the same time for any wrong one.
    #[must_use]
    pub fn matches(&self, metadata: &MetadataMap) -> bool {
        let shown = metadata.get(HEADER).map(MetadataValue::as_bytes);
        shown.unwrap_or_default().ct_eq(self.0.as_bytes()).into()
    }

    /// A client of the mesh node at `node`, host:port, which connects on first use.
    pub fn client(&self, node: &str) -> anyhow::Result<MeshClient<Trusted>> {
        let channel = Endpoint::from_shared(format!("http://{node}"))
            .with_context(|| format!("`{node}` is not host:port"))?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .connect_lazy();
        Ok(MeshClient::with_interceptor(channel, self.clone()))
    }
}

/// The secret a call shows; None without one.
#[must_use]
pub fn shown(metadata: &MetadataMap) -> Option<&str> {
    metadata.get(HEADER)?.to_str().ok()?.strip_prefix(SCHEME)
}

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert(HEADER, self.0.clone());
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::super::MeshKey;
    use super::*;

    #[test]
    fn a_token_opens_only_its_own_mesh() {
        let token = |key: &str| key.parse::<MeshKey>().unwrap().token().unwrap();
        let ours = token("long enough a key");
        let mut call = ours.clone().call(Request::new(())).unwrap();
        assert!(ours.matches(call.metadata()));
        assert!(!token("long enough a kez").matches(call.metadata()));
        call.metadata_mut().clear();
        assert!(!ours.matches(call.metadata()));
    }
}

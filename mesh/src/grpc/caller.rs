//! Who calls a mesh node, and for which services they may speak.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use chassis::announce::{Credential, MeshKey, Token, shown};
use tonic::{Request, Status};

use crate::node::Node;
use crate::record::canonical;
use crate::refusal::Reason;

/// A caller that has shown who it is.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The address it calls from.
    pub(super) peer: String,
    scope: Scope,
}

/// Which services a caller may speak for.
#[derive(Clone, Debug)]
enum Scope {
    /// It holds the key: all of them.
    Everything,
    /// It holds the credential of this one.
    Service(String),
}

impl Caller {
    /// Whoever makes this call: the [`Gate`] has let it in.
    pub(super) fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let caller = request.extensions().get::<Self>().cloned();
        caller.ok_or_else(|| Status::unauthenticated("not asked who calls"))
    }

    /// Refuses a caller that speaks for another service than its credential says.
    pub(super) fn may_speak_for(&self, node: &Node, service: &str) -> Result<(), Status> {
        let Scope::Service(own) = &self.scope else {
            return Ok(());
        };
        if *own == canonical(service) {
            return Ok(());
        }
        let why = format!("the credential is that of {own}");
        node.refusals()
            .note((&self.peer, service), Reason::Service, &why);
        Err(Status::permission_denied(format!(
            "{why}, not of {service}"
        )))
    }
}

/// Lets in who holds the mesh key or a credential derived from it.
#[derive(Clone)]
pub(super) struct Gate {
    key: MeshKey,
    token: Token,
    node: Node,
}

impl Gate {
    /// The gate of `node`, whose mesh has `key`.
    pub(super) fn new(key: MeshKey, node: Node) -> anyhow::Result<Self> {
        let token = key.token()?;
        Ok(Self { key, token, node })
    }

    /// Finds out who calls. Takes the same time for any wrong secret.
    pub(super) fn admit(&self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let peer = peer(&request);
        let Some(scope) = self.recognise(&request) else {
            let why = "the mesh key or credential is missing or wrong";
            let about = (&*peer, "");
            self.node.refusals().note(about, Reason::Credential, why);
            return Err(Status::unauthenticated(why));
        };
        request.extensions_mut().insert(Caller { peer, scope });
        Ok(request)
    }

    /// What the secret of a call is good for; None for a wrong one.
    fn recognise(&self, request: &Request<()>) -> Option<Scope> {
        if self.token.matches(request.metadata()) {
            return Some(Scope::Everything);
        }
        let claimed: Credential = shown(request.metadata())?.parse().ok()?;
        let service = canonical(claimed.service());
        let right = self.key.credential(&service).token().ok()?;
        let is_right = right.matches(request.metadata());
        is_right.then_some(Scope::Service(service))
    }
}

fn peer(request: &Request<()>) -> String {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map_or_else(
        || "unknown".to_owned(),
        |ConnectInfo(peer)| peer.ip().to_string(),
    )
}

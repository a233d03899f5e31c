//! The mesh over gRPC: announcing, policies, and what this node knows.

use std::time::Duration;

use axum::Router;
use chassis::announce::{MeshKey, Token};
use chassis::{Error, Shutdown};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use proto::mesh as pb;
use proto::mesh::mesh_server::{Mesh, MeshServer};
use tokio::time::timeout;
use tonic::server::NamedService;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Response, Status, Streaming};

use crate::node::{Lease, Node};
use crate::policy;
use crate::record::{Instance, Phase, canonical, is_label};
use crate::snapshot::{self, Snapshot};

/// The service's name on the wire.
pub const NAME: &str = MeshServer::<Service>::NAME;

/// A lease ends when nothing is announced for this long.
const EXPIRES: Duration = Duration::from_millis(1600);

/// The gRPC routes, for those who know `key`.
pub fn routes(node: Node, key: &MeshKey, shutdown: Shutdown) -> anyhow::Result<Router> {
    let token: Token = key.token()?;
    let check = move |request: Request<()>| {
        token.check(request.metadata())?;
        Ok(request)
    };
    let service = MeshServer::new(Service { node, shutdown });
    Ok(chassis::grpc::mount(InterceptedService::new(
        service, check,
    )))
}

struct Service {
    node: Node,
    shutdown: Shutdown,
}

/// One announcing stream.
struct Held {
    node: Node,
    shutdown: Shutdown,
    words: Streaming<pb::Announcement>,
    lease: Option<(String, String, Lease)>,
}

#[tonic::async_trait]
impl Mesh for Service {
    type AnnounceStream = BoxStream<'static, Result<pb::Lease, Status>>;

    async fn announce(
        &self,
        request: Request<Streaming<pb::Announcement>>,
    ) -> Result<Response<Self::AnnounceStream>, Status> {
        let held = Held {
            node: self.node.clone(),
            shutdown: self.shutdown.clone(),
            words: request.into_inner(),
            lease: None,
        };
        Ok(Response::new(stream::unfold(held, Held::next).boxed()))
    }

    async fn set_policy(
        &self,
        request: Request<pb::SetPolicyRequest>,
    ) -> Result<Response<pb::Policy>, Status> {
        let request = request.into_inner();
        let register = policy::set(&self.node, &request.service, &request.weights)?;
        tracing::info!(
            service = request.service,
            policy = ?register.policy.0,
            "policy set"
        );
        Ok(Response::new(snapshot::policy(
            canonical(&request.service),
            register,
        )))
    }

    async fn get_policy(
        &self,
        request: Request<pb::GetPolicyRequest>,
    ) -> Result<Response<pb::Policy>, Status> {
        let service = request.into_inner().service;
        let register = policy::get(&self.node, &service)?;
        if register.policy.0.is_empty() {
            return Err(Error::NotFound("policy").into());
        }
        Ok(Response::new(snapshot::policy(
            canonical(&service),
            register,
        )))
    }

    async fn list_policies(
        &self,
        _: Request<pb::ListPoliciesRequest>,
    ) -> Result<Response<pb::ListPoliciesResponse>, Status> {
        let policies = pb::GetStateResponse::from(Snapshot::of(&self.node)).policies;
        Ok(Response::new(pb::ListPoliciesResponse { policies }))
    }

    async fn list_members(
        &self,
        _: Request<pb::ListMembersRequest>,
    ) -> Result<Response<pb::ListMembersResponse>, Status> {
        let members = pb::GetStateResponse::from(Snapshot::of(&self.node)).members;
        Ok(Response::new(pb::ListMembersResponse { members }))
    }

    async fn get_state(
        &self,
        _: Request<pb::GetStateRequest>,
    ) -> Result<Response<pb::GetStateResponse>, Status> {
        Ok(Response::new(Snapshot::of(&self.node).into()))
    }
}

impl Held {
    /// Takes the next announcement and answers it. None when there is no more:
    /// then the lease goes with the stream.
    async fn next(mut self) -> Option<(Result<pb::Lease, Status>, Self)> {
        let shutdown = self.shutdown.clone();
        let word = tokio::select! {
            word = timeout(EXPIRES, self.words.message()) => word,
            () = shutdown.draining() => {
                self.leave();
                return None;
            }
        };
        match word {
            Ok(Ok(Some(word))) => {
                let answer = self.take(word);
                Some((answer, self))
            }
            Ok(Ok(None) | Err(_)) => None,
            Err(_) => {
                tracing::warn!(instance = self.name(), "instance is silent");
                None
            }
        }
    }

    /// Leaves an instance in place when this node goes: it announces itself
    /// elsewhere now, and must not be missed in between.
    fn leave(&mut self) {
        if let Some((_, _, lease)) = self.lease.take() {
            lease.abandon();
        }
    }

    fn name(&self) -> &str {
        self.lease.as_ref().map_or("", |(_, name, _)| name)
    }

    fn take(&mut self, word: pb::Announcement) -> Result<pb::Lease, Status> {
        let (service, name, instance) = read(word)?;
        match &self.lease {
            Some((known, same, lease)) if *known == service && *same == name => {
                lease.renew(instance);
            }
            Some(_) => {
                let why = "a stream announces one instance";
                return Err(Error::invalid(why).into());
            }
            None => {
                tracing::info!(service, instance = name, address = %instance.address, "instance announced");
                let lease = self.node.grant(&service, &name, instance);
                self.lease = Some((service, name, lease));
            }
        }
        Ok(pb::Lease {
            node: self.node.me().node.clone(),
            expires_ms: u32::try_from(EXPIRES.as_millis()).unwrap_or(u32::MAX),
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The stream may be dropped, with its server, before it could see the drain.
        if self.shutdown.is_draining() {
            self.leave();
        }
        if let Some((service, instance, _)) = &self.lease {
            tracing::info!(service, instance, "instance gone");
        }
    }
}

/// Checks an announcement before anything is named after it.
fn read(word: pb::Announcement) -> Result<(String, String, Instance), Error> {
    let phase = match word.phase() {
        pb::Phase::Unspecified => return Err(Error::invalid("phase is missing")),
        pb::Phase::Starting => Phase::Starting,
        pb::Phase::Serving => Phase::Serving,
        pb::Phase::Draining => Phase::Draining,
    };
    let service = canonical(&word.service);
    if !is_label(&service) {
        return Err(Error::invalid(
            "service must be a label of a DNS name, such as catalogue",
        ));
    }
    for (field, text) in [("instance", &word.instance), ("version", &word.version)] {
        if !(1..=128).contains(&text.len()) || text.chars().any(char::is_control) {
            let why = format!("{field} must have 1 to 128 characters");
            return Err(Error::Invalid(why));
        }
    }
    let address = word.address.parse();
    let instance = Instance {
        epoch: word.epoch,
        version: word.version,
        address: address.map_err(|_| Error::invalid("address must be an IP address"))?,
        port: u16::try_from(word.port).map_err(|_| Error::invalid("port must be 0 to 65535"))?,
        phase,
    };
    Ok((service, word.instance, instance))
}

//! The mesh over gRPC: announcing, policies, and what this node knows.

mod announce;
mod caller;

use axum::Router;
use chassis::announce::MeshKey;
use chassis::{Error, Shutdown};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use proto::mesh as pb;
use proto::mesh::mesh_server::{Mesh, MeshServer};
use tonic::server::NamedService;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Response, Status, Streaming};

use crate::clocks::difference;
use crate::hlc::{MAX_CLOCK_SKEW_MS, apart};
use crate::node::{Node, now_ms};
use crate::policy;
use crate::record::canonical;
use crate::refusal::Reason;
use crate::snapshot::{self, Snapshot};

use announce::{Held, Listening};
use caller::{Caller, Gate};

/// The service's name on the wire.
pub const NAME: &str = MeshServer::<Service>::NAME;

/// The gRPC routes, for those who hold `key` or a credential derived from it.
pub fn routes(node: Node, key: &MeshKey, shutdown: Shutdown) -> anyhow::Result<Router> {
    let gate = Gate::new(key.clone(), node.clone())?;
    let service = MeshServer::new(Service { node, shutdown });
    let gated = InterceptedService::new(service, move |request| gate.admit(request));
    Ok(chassis::grpc::mount(gated))
}

struct Service {
    node: Node,
    shutdown: Shutdown,
}

impl Service {
    /// Refuses a policy whose stamp its caller would take for the far future or the
    /// past: one of the two clocks is wrong.
    fn agree_on_time(&self, caller: &Caller, request: &pb::SetPolicyRequest) -> Result<(), Status> {
        let Ok(at_ms) = u64::try_from(request.at_ms) else {
            return Err(Error::invalid("at_ms must not be negative").into());
        };
        let ahead_ms = apart(now_ms(), at_ms);
        if at_ms == 0 || ahead_ms.unsigned_abs() <= MAX_CLOCK_SKEW_MS {
            return Ok(());
        }
        let why = format!(
            "the clock of this mesh node is {} of yours",
            difference(ahead_ms)
        );
        let about = (&*caller.peer, &*request.service);
        self.node.refusals().note(about, Reason::Clock, &why);
        Err(Status::failed_precondition(why))
    }
}

#[tonic::async_trait]
impl Mesh for Service {
    type AnnounceStream = BoxStream<'static, Result<pb::Lease, Status>>;

    async fn announce(
        &self,
        request: Request<Streaming<pb::Announcement>>,
    ) -> Result<Response<Self::AnnounceStream>, Status> {
        let caller = Caller::of(&request)?;
        let held = Held::new(self.node.clone(), self.shutdown.clone(), caller);
        let held = held.listen(request.into_inner());
        Ok(Response::new(stream::unfold(held, Listening::next).boxed()))
    }

    async fn set_policy(
        &self,
        request: Request<pb::SetPolicyRequest>,
    ) -> Result<Response<pb::Policy>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        caller.may_speak_for(&self.node, &request.service)?;
        self.agree_on_time(&caller, &request)?;
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

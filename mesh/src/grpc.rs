//! The mesh over gRPC: announcing, policies, and what this node knows.

mod announce;

use axum::Router;
use chassis::announce::{MeshKey, Token};
use chassis::{Error, Shutdown};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use proto::mesh as pb;
use proto::mesh::mesh_server::{Mesh, MeshServer};
use tonic::server::NamedService;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Response, Status, Streaming};

use crate::node::Node;
use crate::policy;
use crate::record::canonical;
use crate::snapshot::{self, Snapshot};

use announce::Held;

/// The service's name on the wire.
pub const NAME: &str = MeshServer::<Service>::NAME;

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

#[tonic::async_trait]
impl Mesh for Service {
    type AnnounceStream = BoxStream<'static, Result<pb::Lease, Status>>;

    async fn announce(
        &self,
        request: Request<Streaming<pb::Announcement>>,
    ) -> Result<Response<Self::AnnounceStream>, Status> {
        let words = request.into_inner();
        let held = Held::new(self.node.clone(), self.shutdown.clone(), words);
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

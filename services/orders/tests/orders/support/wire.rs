//! A gRPC method as an axum route, and nothing more of a service than that.

use axum::Router;
use axum::extract::Request;
use axum::routing::post;
use tonic::Status;
use tonic::server::Grpc;
use tonic_prost::ProstCodec;

/// Serves one unary method at its path.
pub(super) fn method<Q, A, F, Fut>(path: &'static str, answer: F) -> Router
where
    Q: prost::Message + Default + Send + 'static,
    A: prost::Message + Default + Send + 'static,
    F: Fn(Q) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<A, Status>> + Send + 'static,
{
    let handle = move |request: Request| {
        let answer = answer.clone();
        async move {
            let service = tower::service_fn(move |request: tonic::Request<Q>| {
                let answer = answer(request.into_inner());
                async move { answer.await.map(tonic::Response::new) }
            });
            let mut grpc = Grpc::new(ProstCodec::<A, Q>::default());
            grpc.unary(service, request).await
        }
    };
    Router::new().route(path, post(handle))
}

//! How a service calls another, with real connections between them.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use axum::Router;
use chassis::Client;
use proto::catalogue::catalogue_client::CatalogueClient;
use proto::catalogue::catalogue_server::{Catalogue, CatalogueServer};
use proto::catalogue::{
    GetProductRequest, GetProductsRequest, GetProductsResponse, ListProductsRequest,
    ListProductsResponse, ListTagsRequest, ListTagsResponse, Product,
};
use proto::payment::payment_client::PaymentClient;
use proto::payment::{AuthoriseRequest, GetAuthorisationRequest};
use tokio::net::TcpListener;
use tonic::{Code, Request, Response, Status};

/// Answers every look-up with its own name, and counts.
#[derive(Clone)]
struct Named(&'static str, Arc<AtomicUsize>);

#[tonic::async_trait]
impl Catalogue for Named {
    async fn get_product(
        &self,
        request: Request<GetProductRequest>,
    ) -> Result<Response<Product>, Status> {
        self.1.fetch_add(1, SeqCst);
        let limit = request.metadata().get("grpc-timeout");
        let description = limit.map(|limit| limit.to_str().unwrap().to_owned());
        Ok(Response::new(Product {
            name: self.0.into(),
            description: description.unwrap_or_default(),
            ..Product::default()
        }))
    }

    async fn get_products(
        &self,
        _: Request<GetProductsRequest>,
    ) -> Result<Response<GetProductsResponse>, Status> {
        Err(Status::unavailable("not now"))
    }

    async fn list_products(
        &self,
        _: Request<ListProductsRequest>,
    ) -> Result<Response<ListProductsResponse>, Status> {
        Err(Status::invalid_argument("no"))
    }

    async fn list_tags(
        &self,
        _: Request<ListTagsRequest>,
    ) -> Result<Response<ListTagsResponse>, Status> {
        Err(Status::internal("no"))
    }
}

/// Serves `router` on a port of its own; returns its URL.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    url
}

async fn named(name: &'static str) -> (String, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let service = CatalogueServer::new(Named(name, count.clone()));
    (serve(chassis::grpc::mount(service)).await, count)
}

/// A URL nobody listens at.
async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A URL where connections are taken and nothing is ever said.
async fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    });
    url
}

async fn look_up(client: &mut CatalogueClient<Client>) -> Result<Product, Status> {
    let mut request = Request::new(GetProductRequest::default());
    request.set_timeout(Duration::from_millis(600));
    Ok(client.get_product(request).await?.into_inner())
}

#[tokio::test]
async fn a_dead_instance_costs_a_try_and_never_a_request() {
    let (live, count) = named("live").await;
    let client = Client::at("catalogue", &format!("{live},{}", nobody().await)).unwrap();
    let mut client = CatalogueClient::new(client);
    for _ in 0..50 {
        assert_eq!(look_up(&mut client).await.unwrap().name, "live");
    }
    assert_eq!(count.load(SeqCst), 50);
}

#[tokio::test]
async fn even_what_may_not_be_repeated_goes_elsewhere_when_it_was_never_sent() {
    let url = serve(
        Router::new()
            .fallback(|| async { Status::not_found("here").into_http::<axum::body::Body>() }),
    )
    .await;
    let client = Client::at("payment", &format!("{url},{}", nobody().await)).unwrap();
    let mut client = PaymentClient::new(client);
    for _ in 0..20 {
        let answer = client
            .authorise(AuthoriseRequest::default())
            .await
            .unwrap_err();
        assert_eq!((answer.code(), answer.message()), (Code::NotFound, "here"));
    }
}

#[tokio::test]
async fn a_silent_instance_is_left_for_another_within_the_deadline() {
    let (live, _) = named("live").await;
    let client = Client::at("catalogue", &format!("{live},{}", silent().await)).unwrap();
    let mut client = CatalogueClient::new(client);
    for _ in 0..10 {
        assert_eq!(look_up(&mut client).await.unwrap().name, "live");
    }
}

#[tokio::test]
async fn nothing_waits_past_its_deadline() {
    let client = Client::at("catalogue", &silent().await).unwrap();
    let start = Instant::now();
    let error = look_up(&mut CatalogueClient::new(client))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(error.message(), "catalogue did not answer in time");
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_deadline_travels_on_and_shrinks() {
    let (live, _) = named("live").await;
    let mut client = CatalogueClient::new(Client::at("catalogue", &live).unwrap());
    let outer = chassis::deadline::within(Duration::from_millis(400), look_up(&mut client));
    let sent = outer.await.unwrap().unwrap().description;
    let sent: u64 = sent.trim_end_matches('m').parse().unwrap();
    assert!((1..=400).contains(&sent), "{sent}");
}

#[tokio::test]
async fn a_refusal_for_now_is_repeated_only_when_that_does_no_harm() {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    let refuse = move || async move {
        seen.fetch_add(1, SeqCst);
        Status::unavailable("draining").into_http::<axum::body::Body>()
    };
    let url = serve(Router::new().fallback(refuse)).await;
    let mut client = PaymentClient::new(Client::at("payment", &url).unwrap());
    let refused = client
        .authorise(AuthoriseRequest::default())
        .await
        .unwrap_err();
    assert_eq!((refused.message(), count.swap(0, SeqCst)), ("draining", 1));
    let refused = client
        .get_authorisation(GetAuthorisationRequest::default())
        .await
        .unwrap_err();
    assert_eq!((refused.message(), count.load(SeqCst)), ("draining", 3));
}

#[tokio::test]
async fn nobody_there_is_said_at_once() {
    let client = Client::at("catalogue", &nobody().await).unwrap();
    let error = look_up(&mut CatalogueClient::new(client))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::Unavailable, "catalogue does not answer")
    );
}

//! `bare ADDRESS FILE`: a server of axum alone that answers `GET /catalogue`
//! with the bytes of a file, on as many threads as a service of the shop has.

use std::sync::Arc;

use anyhow::Context;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Router, serve};
use tokio::net::TcpListener;

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let mut words = std::env::args().skip(1);
    let mut word = || words.next().context("usage: bare ADDRESS FILE");
    let (address, file) = (word()?, word()?);
    let bytes = Bytes::from(std::fs::read(&file).context(file)?);
    let answer = Arc::new(([(CONTENT_TYPE, "application/json")], bytes));
    let app = Router::new().route("/catalogue", get(async move || (*answer).clone()));
    let listener = TcpListener::bind(address).await?;
    let listener = listener.tap_io(|tcp| drop(tcp.set_nodelay(true)));
    Ok(serve(listener, app).await?)
}

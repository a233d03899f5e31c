//! Where the door is: its ports, held from before anybody starts until the
//! shop is closed.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use axum::serve::ListenerExt;
use chassis::Discovery;
use chassis::discovery::Lookup;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Surroundings, routes};
use crate::up::board::Board;

/// The door's ports. Until it opens, people wait outside.
pub(crate) struct Room {
    /// Where people come in.
    pub(crate) people: TcpListener,
    /// Where a container asks whether the shop is open.
    pub(crate) admin: TcpListener,
}

impl Room {
    /// Opens the door to the front-ends that the mesh at `dns` knows, until
    /// `close`: then those who are in are served, and nobody else.
    pub(crate) fn open(
        self,
        dns: &[SocketAddr],
        board: &Arc<Board>,
        (around, close): (Surroundings, CancellationToken),
    ) -> anyhow::Result<JoinHandle<()>> {
        let lookup = Lookup {
            mesh_dns: dns.iter().map(ToString::to_string).collect(),
            domain: None,
        };
        let names = Discovery::new(&lookup)?.service("front-end")?;
        let people = listen(self.people)?.tap_io(|tcp| drop(tcp.set_nodelay(true)));
        let admin = axum::serve(listen(self.admin)?, private(board.clone()));
        let routes = routes(names, board.clone(), around);
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        let serving =
            axum::serve(people, routes).with_graceful_shutdown(close.clone().cancelled_owned());
        tokio::spawn(
            admin
                .with_graceful_shutdown(close.cancelled_owned())
                .into_future(),
        );
        Ok(tokio::spawn(async move { drop(serving.await) }))
    }
}

fn listen(listener: TcpListener) -> std::io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// `/livez` and `/readyz` of the whole shop.
fn private(board: Arc<Board>) -> Router {
    let ready = move || {
        let ready = board.read().ready;
        async move {
            if ready {
                (StatusCode::OK, "ok\n")
            } else {
                (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the shop is not open yet\n",
                )
            }
        }
    };
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

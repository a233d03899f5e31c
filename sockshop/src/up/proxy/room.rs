//! Where the door is: its ports, held from before anybody starts until the
//! shop is closed.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use chassis::Discovery;
use chassis::connections::{Limits, raise_open_file_limit, serve};
use chassis::discovery::Lookup;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Surroundings, routes};
use crate::up::board::InstanceTable;

/// Connections with buffers: the front-ends behind it have 512 each.
const MAX_ACTIVE: usize = 2048;

/// The door's ports. Until it opens, people wait outside.
pub(crate) struct Listeners {
    /// Where people come in.
    pub(crate) people: TcpListener,
    /// Where a container asks whether the shop is open.
    pub(crate) admin: TcpListener,
}

impl Listeners {
    /// Opens the door to the front-ends that the mesh at `dns` knows, until
    /// `close`: then those who are in are served, and nobody else.
    pub(crate) fn open(
        self,
        dns: &[SocketAddr],
        board: &Arc<InstanceTable>,
        (around, close): (Surroundings, CancellationToken),
    ) -> anyhow::Result<JoinHandle<()>> {
        let lookup = Lookup {
            mesh_dns: dns.iter().map(ToString::to_string).collect(),
            domain: None,
        };
        let names = Discovery::new(&lookup)?.service("front-end")?;
        let routes = routes(names, board.clone(), around);
        let limits = Limits {
            max_active: MAX_ACTIVE,
            ..Limits::within(raise_open_file_limit())
        };
        let admin = serve(
            listen(self.admin)?,
            private(board.clone()),
            limits,
            close.clone(),
        );
        tokio::spawn(admin);
        Ok(tokio::spawn(serve(
            listen(self.people)?,
            routes,
            limits,
            close,
        )))
    }
}

fn listen(listener: TcpListener) -> std::io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

/// `/livez` and `/readyz` of the whole shop.
fn private(board: Arc<InstanceTable>) -> Router {
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

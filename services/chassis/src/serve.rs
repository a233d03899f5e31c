//! Serving REST and gRPC on one port, the admin port beside it, and leaving
//! without anybody noticing.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, SERVER};
use axum::http::{HeaderValue, Version};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use axum::serve::ListenerExt;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use crate::admin::{self, Check};
use crate::announce::{self, Announced};
use crate::faults::{self, Faults};
use crate::metrics::{self, Labels};
use crate::release::Manner;
use crate::rest::Style;
use crate::shutdown::Signals;
use crate::{Settings, Shutdown, deadline, grpc, telemetry};

/// What is in flight at the end of the drain window may take this long.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// Everything about a process that is not its routes.
pub struct Server {
    service: &'static str,
    style: Option<Style>,
    grpc: Option<&'static str>,
    checks: Vec<Check>,
    shutdown: Shutdown,
    metrics: Vec<&'static str>,
    private: Router,
    announced: bool,
}

impl Server {
    /// A server for the process called `service`.
    #[must_use]
    pub fn new(service: &'static str) -> Self {
        Self {
            service,
            style: None,
            grpc: None,
            checks: Vec::new(),
            shutdown: Shutdown::default(),
            metrics: vec!["/metrics"],
            private: Router::new(),
            announced: true,
        }
    }

    /// Shows the metrics at `path`, too.
    #[must_use]
    pub fn metrics_at(mut self, path: &'static str) -> Self {
        self.metrics.push(path);
        self
    }

    /// Words errors, and labels metrics, in `style`.
    #[must_use]
    pub fn style(mut self, style: Style) -> Self {
        self.style = Some(style);
        self
    }

    /// Answers for the gRPC service called `name` in health and reflection. A
    /// process without a gRPC face has neither: the front-end's port is public.
    #[must_use]
    pub fn grpc(mut self, name: &'static str) -> Self {
        self.grpc = Some(name);
        self
    }

    /// Is ready only while `check` passes.
    #[must_use]
    pub fn ready(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Uses a shutdown that other parts of the process hold, too.
    #[must_use]
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// Serves `routes` on the admin port, too.
    #[must_use]
    pub fn private(mut self, routes: Router) -> Self {
        self.private = routes;
        self
    }

    /// Stays out of the mesh, whatever the settings say.
    #[must_use]
    pub fn unannounced(mut self) -> Self {
        self.announced = false;
        self
    }

    /// Serves `app` until told to end: says so for the drain window, then stops
    /// accepting, finishes what is in flight and returns.
    pub async fn serve(mut self, settings: &Settings, app: Router) -> anyhow::Result<()> {
        let signals = Signals::listen()?;
        let manner = Manner::of(&settings.version);
        let faults = Faults::new(manner.faults());
        self.checks.extend(manner.check());
        if manner != Manner::Good {
            tracing::warn!(?manner, version = settings.version, "bad on purpose");
        }
        let exporter = metrics::start();
        let shutdown = self.shutdown.clone();
        let private = admin::routes(
            self.checks.clone(),
            shutdown.clone(),
            &faults,
            exporter.clone(),
        )
        .merge(self.private.clone());
        let public = self.wrap(app, faults, exporter.as_ref())?;
        let public =
            sign(public, self.service, settings).layer(from_fn_with_state(shutdown.clone(), part));

        let main = listen(settings.bind, settings.port, "PORT").await?;
        let admin = listen(settings.bind, settings.admin_port, "ADMIN_PORT").await?;
        tracing::info!(service = self.service, version = settings.version,
            instance = settings.instance(), address = %main.local_addr()?,
            admin = %admin.local_addr()?, "serving");
        tokio::spawn(axum::serve(admin, private).into_future());
        let _announced = self.announce(settings, main.local_addr()?.port());

        let closing = shutdown.clone();
        // Small gRPC frames must not wait for a full packet.
        let main = main.tap_io(|tcp| drop(tcp.set_nodelay(true)));
        let serving = axum::serve(main, public)
            .with_graceful_shutdown(async move { closing.closing().await });
        let serving = tokio::spawn(serving.into_future());
        shutdown
            .on(signals, settings.drain_window, settings.end_with_stdin)
            .await;
        // A silent HTTP/2 peer could hold us for ever.
        if let Ok(ended) = tokio::time::timeout(LAST_REQUESTS, serving).await {
            ended??;
        } else {
            tracing::warn!("requests still in flight were cut off");
        }
        tracing::info!(service = self.service, "ended");
        Ok(())
    }

    fn announce(&self, settings: &Settings, port: u16) -> Option<Announced> {
        if !self.announced {
            return None;
        }
        let checks = self.checks.clone();
        announce::start(
            settings,
            (self.service, port),
            checks,
            self.shutdown.clone(),
        )
    }

    /// Adds what every request passes: tracing, metrics, errors, faults and a
    /// deadline, from the outside in.
    fn wrap(
        &self,
        app: Router,
        faults: Faults,
        exporter: Option<&PrometheusHandle>,
    ) -> anyhow::Result<Router> {
        let mut app = app
            .layer(from_fn(deadline::enforce))
            .layer(from_fn_with_state(faults, faults::inject));
        if let Some(name) = self.grpc {
            app = app.merge(grpc::standard(name, &self.shutdown)?);
        }
        if let Some(style) = self.style {
            for path in &self.metrics {
                app = app.route(path, metrics::endpoint(exporter.cloned()));
            }
            app = style.layer(app);
        }
        let labels = Labels {
            service: self.service,
            style: self.style,
        };
        Ok(app
            .layer(from_fn_with_state(labels, metrics::observe))
            .layer(from_fn(telemetry::trace)))
    }
}

/// Says in every answer who gave it: `Server: catalogue/v2 (catalogue-1)`.
fn sign(app: Router, service: &str, settings: &Settings) -> Router {
    let name = format!("{service}/{} ({})", settings.version, settings.instance());
    let Ok(name) = HeaderValue::try_from(name) else {
        return app;
    };
    app.layer(map_response(move |mut response: Response| {
        response.headers_mut().insert(SERVER, name.clone());
        async { response }
    }))
}

/// While draining, ends every HTTP/1 connection with the answer: its caller then finds another
/// instance, and no request meets a connection that is just being closed. HTTP/2 has a word for it.
async fn part(State(shutdown): State<Shutdown>, request: Request, next: Next) -> Response {
    let one_by_one = request.version() < Version::HTTP_2;
    let mut response = next.run(request).await;
    if one_by_one && shutdown.is_draining() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

async fn listen(bind: std::net::IpAddr, port: u16, name: &str) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(bind, port);
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: choose another {name} or end what uses it")
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn whoever_asks_a_draining_process_is_sent_elsewhere_next_time() {
        let shutdown = Shutdown::default();
        let app = Router::new()
            .route("/", get(|| async {}))
            .layer(from_fn_with_state(shutdown.clone(), part));
        let closes = async |version| {
            let request = Request::builder().version(version).body(Body::empty());
            let response = app.clone().oneshot(request.unwrap()).await.unwrap();
            response.headers().get(CONNECTION).is_some()
        };
        assert!(!closes(Version::HTTP_11).await);
        shutdown.drain(Duration::ZERO).await;
        assert!(closes(Version::HTTP_11).await);
        assert!(!closes(Version::HTTP_2).await);
    }
}

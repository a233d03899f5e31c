//! Serving REST and gRPC on one port, the admin port beside it, and leaving
//! without anybody noticing.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::http::HeaderValue;
use axum::middleware::from_fn_with_state;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Check};
use crate::announce::{self, Announced};
use crate::connections::{self, Limits, raise_open_file_limit};
use crate::fault::inject::{self, Faults};
use crate::fault::profile::FaultProfile;
use crate::metrics::{self, Observer};
use crate::middleware::RequestLayer;
use crate::rest::Style;
use crate::shutdown::Signals;
use crate::{Settings, Shutdown, grpc};

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
        let manner = FaultProfile::of(&settings.version);
        let faults = Faults::new(manner.faults());
        self.checks.extend(manner.check());
        if manner != FaultProfile::Good {
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
        let public = self.wrap(settings, app, faults, exporter.as_ref())?;

        let main = listen(settings.bind, settings.port, "PORT").await?;
        let admin = listen(settings.bind, settings.admin_port, "ADMIN_PORT").await?;
        tracing::info!(service = self.service, version = settings.version,
            instance = settings.instance(), address = %main.local_addr()?,
            admin = %admin.local_addr()?, "serving");
        let mut limits = Limits::within(raise_open_file_limit());
        if self.grpc.is_some() {
            limits = limits.for_calls();
        }
        let never = CancellationToken::new();
        tokio::spawn(connections::serve(admin, private, limits, never));
        let _announced = self.announce(settings, main.local_addr()?.port());

        let closing = shutdown.closing_token();
        let serving = tokio::spawn(connections::serve(main, public, limits, closing));
        shutdown
            .on(signals, settings.drain_window, settings.end_with_stdin)
            .await;
        // A silent HTTP/2 peer could hold us for ever.
        if let Ok(ended) = tokio::time::timeout(LAST_REQUESTS, serving).await {
            ended?;
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

    /// Adds what every request passes: the [`RequestLayer`], and in front of `app`
    /// faults and a deadline.
    fn wrap(
        &self,
        settings: &Settings,
        app: Router,
        faults: Faults,
        exporter: Option<&PrometheusHandle>,
    ) -> anyhow::Result<Router> {
        let mut app = app.layer(from_fn_with_state(faults, inject::inject));
        if let Some(name) = self.grpc {
            app = app.merge(grpc::standard(name, &self.shutdown)?);
        }
        if self.style.is_some() {
            for path in &self.metrics {
                app = app.route(path, metrics::endpoint(exporter.cloned()));
            }
        }
        let name = format!(
            "{}/{} ({})",
            self.service,
            settings.version,
            settings.instance()
        );
        let passage = RequestLayer {
            style: self.style,
            observer: Observer::new(self.service, self.style),
            name: HeaderValue::try_from(name).ok(),
            shutdown: self.shutdown.clone(),
        };
        Ok(passage.layer(app))
    }
}

async fn listen(bind: std::net::IpAddr, port: u16, name: &str) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::new(bind, port);
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: choose another {name} or end what uses it")
    })
}

//! `sockshop health`: what a container asks itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::bail;
use hyper::{StatusCode, Uri};

use crate::probe;

/// Options of the health probe.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// URL to ask; the admin port of the service in this container by default.
    #[arg(long)]
    url: Option<Uri>,

    /// Address the service listens on.
    #[arg(long, env = "BIND_ADDRESS", default_value = "127.0.0.1")]
    bind: IpAddr,

    /// Admin port of the service.
    #[arg(long, env, default_value_t = 9090)]
    admin_port: u16,

    /// How long to wait for the answer.
    #[arg(long, default_value = "2s", value_parser = chassis::settings::duration)]
    timeout: Duration,
}

/// Succeeds when the service is ready.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let url = match options.url {
        Some(url) => url,
        None => format!("http://{}/readyz", own(options.bind, options.admin_port)).parse()?,
    };
    let answer = match probe::get(&url, options.timeout).await {
        Ok(answer) => answer,
        Err(error) => bail!("{url} does not answer: {error:#}"),
    };
    if answer.status != StatusCode::OK {
        bail!("{url} answers {}: {}", answer.status, answer.body.trim());
    }
    Ok(())
}

/// Who listens everywhere is asked on loopback.
pub(crate) fn own(bind: IpAddr, port: u16) -> SocketAddr {
    let here = match bind {
        IpAddr::V4(bind) if bind.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(bind) if bind.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        named => named,
    };
    SocketAddr::new(here, port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_listens_everywhere_is_asked_on_loopback() {
        let anywhere = own("0.0.0.0".parse().unwrap(), 9090);
        assert_eq!(anywhere.to_string(), "127.0.0.1:9090");
        let anywhere = own("::".parse().unwrap(), 9090);
        assert_eq!(anywhere.to_string(), "[::1]:9090");
        let named = own("127.77.1.1".parse().unwrap(), 9090);
        assert_eq!(named.to_string(), "127.77.1.1:9090");
    }
}

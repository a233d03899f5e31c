//! The flags of `sockshop up`.

use std::net::IpAddr;

use chassis::forwarded::ProxySettings;

use super::desired::{Scale, parse_some};
use crate::data_dir::DataDirArg;

/// More mesh nodes than this are of no use on one machine.
const MOST_NODES: i64 = 9;

/// How the shop is to be opened.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Options {
    /// Address people find the shop at; the all-in-one image sets 0.0.0.0.
    #[arg(long, env = "BIND_ADDRESS", default_value = "127.0.0.1")]
    pub(crate) bind: IpAddr,

    /// Port people find the shop on.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,

    /// How people reach the shop.
    #[command(flatten)]
    pub(crate) proxies: ProxySettings,

    /// The shop to open.
    #[command(flatten)]
    pub(crate) which: DataDirArg,

    /// Start N instances of SERVICE; may be given several times, also for versions of one service.
    #[arg(long, value_name = "SERVICE[@VERSION]=N", value_parser = parse_some)]
    pub(crate) scale: Vec<Scale>,

    /// Start N mesh nodes, which know where everybody is.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=MOST_NODES))]
    pub(crate) mesh: u8,

    /// Forget everything the shop has kept before it opens.
    #[arg(long)]
    pub(crate) fresh: bool,

    /// Return once the shop is open, and leave it running.
    #[arg(long)]
    pub(crate) detach: bool,

    /// This is the process `--detach` leaves running.
    #[arg(long, hide = true)]
    pub(crate) background: bool,

    /// End when standard input closes: for whoever must not leave a shop behind.
    #[arg(long, hide = true)]
    pub(crate) end_with_stdin: bool,
}

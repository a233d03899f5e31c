//! The flags of `sockshop up`.

use clap::ValueEnum;

use super::plan::MOST;
use crate::folder::Which;
use crate::service::Service;

/// How the shop is to be opened.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Options {
    /// Port people find the shop on.
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,

    /// The shop to open.
    #[command(flatten)]
    pub(crate) which: Which,

    /// Start N instances of SERVICE; may be given for several services.
    #[arg(long, value_name = "SERVICE=N", value_parser = scale)]
    pub(crate) scale: Vec<(Service, u8)>,

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

fn scale(text: &str) -> Result<(Service, u8), String> {
    let (name, count) = text
        .split_once('=')
        .ok_or("it must be SERVICE=N, such as catalogue=2")?;
    let service = Service::from_str(name, false).map_err(|_| {
        let names = Service::ALL.map(Service::name).join(", ");
        format!("there is no service `{name}`; there are {names}")
    })?;
    let count = count
        .parse()
        .ok()
        .filter(|count| (1..=MOST).contains(count));
    let count = count.ok_or_else(|| format!("there can be 1 to {MOST} of a service"))?;
    Ok((service, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_scaled_by_either_name() {
        assert_eq!(scale("carts=2"), Ok((Service::Carts, 2)));
        assert_eq!(scale("cart=2"), Ok((Service::Carts, 2)));
    }

    #[test]
    fn what_cannot_be_scaled_is_said() {
        for wrong in [
            "catalogue",
            "catalogue=",
            "catalogue=0",
            "catalogue=51",
            "socks=2",
        ] {
            assert!(scale(wrong).is_err(), "{wrong}");
        }
        assert!(scale("socks=2").is_err_and(|error| error.contains("queue-master")));
    }
}

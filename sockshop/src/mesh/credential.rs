//! `sockshop mesh credential`: what each service shows to the mesh.

use std::fmt::Write as _;

use anyhow::ensure;
use chassis::announce::MeshKey;

use crate::data_dir::{DataDir, DataDirArg};
use crate::service::Service;

/// Whose credential, and of which mesh.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A service such as catalogue; all of them, as lines SERVICE=CREDENTIAL, without one.
    service: Option<String>,

    /// The key of the mesh; that of the shop of --data otherwise.
    #[arg(long, env, hide_env_values = true)]
    mesh_key: Option<MeshKey>,

    /// The shop of the mesh.
    #[command(flatten)]
    which: DataDirArg,
}

/// Prints the credential of each service.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let key = if let Some(key) = &options.mesh_key {
        key.clone()
    } else {
        let key = DataDir::new(&options.which)?.mesh_key()?;
        key.parse().map_err(anyhow::Error::msg)?
    };
    crate::print(&text(&key, options.service.as_deref())?)
}

fn text(key: &MeshKey, service: Option<&str>) -> anyhow::Result<String> {
    let Some(service) = service else {
        let mut lines = String::new();
        for service in Service::SHOP {
            let credential = key.credential(service.name()).expose();
            writeln!(lines, "{service}={credential}")?;
        }
        return Ok(lines);
    };
    let credential = key.credential(service);
    let is_known = |one: &Service| one.name() == credential.service();
    ensure!(
        Service::SHOP.iter().any(is_known),
        "the shop has no service {service}"
    );
    Ok(format!("{}\n", credential.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_credentials_are_lines_of_an_env_file() {
        let key = "long enough a key".parse().unwrap();
        let all = text(&key, None).unwrap();
        assert_eq!(all.lines().count(), Service::SHOP.len());
        let one = text(&key, Some("cart")).unwrap();
        assert!(all.contains(&format!("carts={one}")), "{all}");
        assert!(text(&key, Some("sock")).is_err());
    }
}

//! Images of PostgreSQL and Redis from Debian's packages, under the tags our
//! manifests name: for engines that cannot reach a registry. Whoever has the
//! official images keeps them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::docker::{self, docker};
use crate::{servers, sh};

/// What manifests call PostgreSQL.
pub(crate) const POSTGRES: &str = "postgres:17";

/// What manifests call Redis.
pub(crate) const REDIS: &str = "redis:8";

/// Tells a stand-in from the official image.
const LABEL: &str = "sock-shop.stand-in";

/// Who a server runs as; the official images have the same number.
const UID: u32 = 999;

/// Makes sure that the engine has both images.
pub(crate) fn build() -> anyhow::Result<()> {
    if !is_official(POSTGRES) {
        postgres().context("no stand-in for PostgreSQL")?;
    }
    if !is_official(REDIS) {
        redis().context("no stand-in for Redis")?;
    }
    Ok(())
}

fn is_official(tag: &str) -> bool {
    let format = format!("{{{{index .Config.Labels {LABEL:?}}}}}");
    let found = docker(&["image", "inspect", "--format", &format, tag]).output();
    found.is_ok_and(|found| found.status.success() && found.stdout.trim_ascii() != b"true")
}

fn postgres() -> anyhow::Result<()> {
    let context = Folder::new("postgres", include_str!("stand_ins/postgres.dockerfile"))?;
    let bin = servers::postgres_programs()?;
    let programs =
        ["initdb", "pg_ctl", "postgres", "psql", "pg_isready"].map(|name| bin.join(name));
    let home = bin.parent().context("initdb is in no folder")?;
    let modules = ["plpgsql.so", "dict_snowball.so"].map(|name| home.join("lib").join(name));
    let share = Path::new("/usr/share/postgresql").join(home.file_name().context("no version")?);
    let zones = ["UTC", "GMT"].map(|zone| Path::new("/usr/share/zoneinfo").join(zone));
    context.copy(&with_libraries(&programs)?)?;
    context.copy(&modules)?;
    context.copy(&zones)?;
    context.copy(&[share])?;
    context.write(
        "bin/docker-entrypoint.sh",
        include_str!("stand_ins/postgres.sh"),
    )?;
    fs::create_dir(context.root().join("opt"))?;
    symlink(home, context.root().join("opt/postgres"))?;
    context.build(POSTGRES)
}

fn redis() -> anyhow::Result<()> {
    let context = Folder::new("redis", include_str!("stand_ins/redis.dockerfile"))?;
    let server = sh::program("redis-server", "redis-server", &["/usr/bin"])?;
    let client = sh::program("redis-cli", "redis-tools", &["/usr/bin"])?;
    context.copy(&with_libraries(&[server, client])?)?;
    context.build(REDIS)
}

/// These programs, and the libraries they need.
fn with_libraries(programs: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let needed = sh::read(Command::new("ldd").args(programs))?;
    let mut all = programs.to_vec();
    let paths = needed
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    all.extend(paths.filter(|word| !word.ends_with(':')).map(PathBuf::from));
    all.sort();
    all.dedup();
    Ok(all)
}

/// What an image is built from.
struct Folder(tempfile::TempDir);

impl Folder {
    /// One that holds a shell, and the user called `name`.
    fn new(name: &str, dockerfile: &str) -> anyhow::Result<Self> {
        let context = Self(tempfile::tempdir()?);
        fs::write(context.0.path().join("Dockerfile"), dockerfile)?;
        let busybox = sh::program("busybox", "busybox-static", &["/bin"])?;
        context.write("bin/busybox", &fs::read(busybox)?)?;
        let user = format!("root:x:0:0::/:/bin/sh\n{name}:x:{UID}:{UID}::/:/bin/sh\n");
        context.write("etc/passwd", user)?;
        context.write("etc/group", format!("root:x:0:\n{name}:x:{UID}:\n"))?;
        Ok(context)
    }

    /// The root folder of the image.
    fn root(&self) -> PathBuf {
        self.0.path().join("root")
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) -> anyhow::Result<()> {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        fs::write(&path, content)?;
        Ok(fs::set_permissions(path, Permissions::from_mode(0o755))?)
    }

    /// Copies files and folders to where they are here.
    fn copy(&self, paths: &[PathBuf]) -> anyhow::Result<()> {
        let mut copy = Command::new("cp");
        copy.args(["--recursive", "--dereference", "--parents"]);
        sh::read(copy.args(paths).arg(self.root()))?;
        Ok(())
    }

    fn build(&self, tag: &str) -> anyhow::Result<()> {
        docker::build(&["--tag", tag], self.0.path())
    }
}

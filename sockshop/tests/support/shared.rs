//! One shop for all tests of a file: opening one for each would take longer
//! than the tests.

use std::collections::HashMap;
use std::fs::read_dir;
use std::path::Path;
use std::sync::LazyLock;

use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;

use super::Shop;

/// Nobody drops what is static: the shop closes with the standard input we
/// hold, and its folder is left to the next run.
static SHOP: LazyLock<Shop> = LazyLock::new(|| Shop::open_in(folder(), &[]));

static URLS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let instances = SHOP.instances();
    assert!(!instances.is_empty());
    let named = instances.iter().map(|one| (one.service.clone(), one.url()));
    named.collect()
});

/// The shop the tests of this file share. They keep out of each other's way
/// with customers and carts of their own.
pub(crate) fn shop() -> &'static Shop {
    &SHOP
}

/// Base URL of the service called `service` in the shared shop.
pub(crate) fn url(service: &str) -> String {
    let found = URLS.get(service);
    found.unwrap_or_else(|| panic!("no {service}")).clone()
}

/// A new folder, beside those of test processes that are still there.
fn folder() -> TempDir {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for old in read_dir(all).unwrap().map(Result::unwrap) {
        let name = old.file_name().into_string().unwrap_or_default();
        let owner = name.split('-').nth(1).and_then(|pid| pid.parse().ok());
        let owner = owner.and_then(Pid::from_raw);
        if name.starts_with("shop-") && owner.is_some_and(|pid| test_kill_process(pid).is_err()) {
            _ = std::fs::remove_dir_all(old.path());
        }
    }
    let name = format!("shop-{}-", std::process::id());
    tempfile::Builder::new()
        .prefix(&name)
        .tempdir_in(all)
        .unwrap()
}

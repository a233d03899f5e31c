//! Names appear and vanish with the processes behind them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chassis::discovery::resolver;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use rustix::process::Signal;

use crate::support::served::Served;
use crate::support::{Shop, client, eventually_async, text};

/// Time limit for a name to be removed, on any machine.
const REMOVAL_TIMEOUT: Duration = Duration::from_secs(4);

/// Time within which the name of a killed process is removed.
const CRASH_REMOVAL_TIME: Duration = Duration::from_millis(300);

/// A resolver as any program has one, pointed at a shop's mesh.
pub(crate) struct Names(TokioResolver);

impl Names {
    pub(crate) fn of(shop: &Shop) -> Self {
        let nodes = shop.instances().into_iter();
        let dns = nodes.filter_map(|one| Some((one.address, one.dns_port?)));
        let address = |(ip, port): (String, u16)| SocketAddr::new(ip.parse().unwrap(), port);
        let servers: Vec<_> = dns.map(address).collect();
        Self(resolver(&servers).unwrap())
    }

    /// The addresses under `name`, such as `127.77.1.1`.
    pub(crate) async fn addresses(&self, name: &str) -> BTreeSet<String> {
        let answer = self.0.lookup_ip(format!("{name}.weave.local.")).await;
        let addresses = answer
            .iter()
            .flat_map(|found| found.iter().collect::<Vec<_>>());
        addresses.map(|address| address.to_string()).collect()
    }

    /// The names of the instances of `service`, and their weights.
    pub(crate) async fn instances(&self, service: &str) -> Vec<(String, u16)> {
        let name = format!("_shop._tcp.{service}.weave.local.");
        let Ok(answer) = self.0.lookup(name, RecordType::SRV).await else {
            return Vec::new();
        };
        let srv = answer
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some((srv.target.iter().next()?.to_vec(), srv.weight)),
                _ => None,
            });
        let mut found: Vec<_> = srv
            .map(|(label, weight)| (String::from_utf8(label).unwrap(), weight))
            .collect();
        found.sort();
        found
    }

    async fn knows(&self, service: &str, instance: &str) -> bool {
        let found = self.instances(service).await;
        found.iter().any(|(name, _)| name == instance)
    }
}

/// What `service` shows to the mesh.
fn credential(shop: &Shop, service: &str) -> String {
    let output = shop.run(&["mesh", "credential", service]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).trim().to_owned()
}

/// Another catalogue, which nobody starts again.
async fn guest(shop: &Shop) -> Served {
    visitor(shop, "guest", &credential(shop, "catalogue")).await
}

/// A catalogue called `instance` that shows `credential`.
async fn visitor(shop: &Shop, instance: &str, credential: &str) -> Served {
    let node = shop.instance("meshd-1").url();
    let (instance, credential) = (instance.to_owned(), credential.to_owned());
    let start = move || {
        let settings = [
            ("MESH", node.strip_prefix("http://").unwrap()),
            ("MESH_CREDENTIAL", &credential),
            ("INSTANCE", &instance),
            ("DRAIN_WINDOW", "30s"),
        ];
        Served::start("catalogue", &settings)
    };
    tokio::task::spawn_blocking(start).await.unwrap()
}

/// How long the name of the guest is still answered.
async fn vanishes(names: &Names) -> Duration {
    let begun = Instant::now();
    while names.knows("catalogue", "guest").await {
        assert!(begun.elapsed() < REMOVAL_TIMEOUT, "the name stays");
    }
    begun.elapsed()
}

/// How often the mesh has refused something for `reason`.
async fn refusals(shop: &Shop, reason: &str) -> usize {
    let url = format!("{}/metrics", shop.instance("meshd-1").admin_url());
    let metrics = client()
        .get(url)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let line = format!("mesh_refusals_total{{reason=\"{reason}\"}} ");
    let count = metrics.lines().find_map(|one| one.strip_prefix(&line));
    count.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_the_name_of_another() {
    let shop = Shop::open();
    let names = Names::of(&shop);
    let own = vec![("catalogue-1".to_owned(), 10_000)];
    // With what orders shows, a process cannot be a catalogue.
    let _stranger = visitor(&shop, "guest", &credential(&shop, "orders")).await;
    let refused = async || refusals(&shop, "service").await > 0;
    eventually_async("the stranger is refused", refused).await;
    // Nor can another catalogue be this one, as long as it lives.
    let _double = visitor(&shop, "catalogue-1", &credential(&shop, "catalogue")).await;
    let refused = async || refusals(&shop, "name").await > 0;
    eventually_async("the double is refused", refused).await;
    assert_eq!(names.instances("catalogue").await, own);
    let address = shop.instance("catalogue-1").address;
    let found = names.addresses("catalogue").await;
    assert_eq!(found.len(), 1);
    assert!(found.contains(&address), "{found:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn each_process_is_given_its_own_credential_and_no_key() {
    let shop = Shop::open();
    for instance in ["orders-1", "front-end-1", "queue-master-1", "meshd-1"] {
        let pid = shop.instance(instance).pid.unwrap();
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
        let all: Vec<_> = environment.split(|byte| *byte == 0).map(text).collect();
        let value = |name: &str| {
            all.iter()
                .find_map(|one| one.strip_prefix(&format!("{name}=")))
        };
        let service = instance.trim_end_matches("-1");
        if service == "meshd" {
            assert!(value("MESH_KEY").is_some() && value("MESH_CREDENTIAL").is_none());
        } else {
            let own = credential(&shop, service);
            assert_eq!(value("MESH_CREDENTIAL"), Some(&*own), "{instance}");
            assert_eq!(value("MESH_KEY"), None, "{instance}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_lasts_as_long_as_the_process_behind_it() {
    let shop = Shop::open();
    let names = Names::of(&shop);
    let own = vec![("catalogue-1".to_owned(), 10_000)];
    assert_eq!(names.instances("catalogue").await, own);
    let here = async || names.knows("catalogue", "guest").await;

    let mut quickest = REMOVAL_TIMEOUT;
    for _ in 0..3 {
        let killed = guest(&shop).await;
        eventually_async("the guest has a name", here).await;
        drop(killed); // SIGKILL
        quickest = quickest.min(vanishes(&names).await);
        assert_eq!(names.addresses("guest.catalogue").await, BTreeSet::new());
    }
    println!("killed: gone after {quickest:?}");
    // The best of three: a busy machine may be slow, a lease that has to run out always is.
    assert!(quickest < CRASH_REMOVAL_TIME, "{quickest:?}");

    let drained = guest(&shop).await;
    eventually_async("the guest has a name", here).await;
    drained.terminate();
    println!("drains: gone after {:?}", vanishes(&names).await);
    let list = client().get(format!("{}/catalogue", drained.url)).send();
    assert_eq!(list.await.unwrap().status(), 200, "it still serves");
    assert_eq!(names.addresses("guest.catalogue").await.len(), 1);
    drop(drained);

    let silent = guest(&shop).await;
    eventually_async("the guest has a name", here).await;
    silent.send(Signal::STOP);
    println!("silent: gone after {:?}", vanishes(&names).await);
    assert_eq!(names.instances("catalogue").await, own);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_of_the_original_are_answered() {
    let shop = Shop::open_with(&["--scale", "carts=2"]);
    let names = Names::of(&shop);
    for service in ["catalogue", "orders", "payment", "shipping", "user"] {
        let address = shop.instance(&format!("{service}-1")).address;
        assert_eq!(names.addresses(service).await, BTreeSet::from([address]));
    }
    let both = ["carts-1", "carts-2"].map(|name| shop.instance(name).address);
    for alias in ["carts", "cart", "CARTS"] {
        assert_eq!(names.addresses(alias).await, BTreeSet::from(both.clone()));
    }
    assert_eq!(names.addresses("socks").await, BTreeSet::new());
}

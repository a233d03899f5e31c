//! A cluster in small, on a Docker engine: pods are containers that get what
//! their manifests say, probes are asked, names are answered. There is no API
//! server and no kubelet in it, and no network policy.

mod cluster_ip;
mod dns;
mod pod;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::Calls;
use super::objects::{Objects, Pods, at, is_part, list, name};
use crate::docker::docker;
use crate::{sh, wait};
use cluster_ip::ClusterIp;
use dns::{Dns, Zone};
use pod::{Place, Pod};

/// How long pods may take, the stores' included.
const POD_READY_TIMEOUT: Duration = Duration::from_secs(90);

/// A cluster with the pods of one build.
pub(super) struct Cluster<'a> {
    objects: &'a Objects,
    network: Network,
    folder: tempfile::TempDir,
    dns: Dns,
    service_ip: ClusterIp,
    pods: Vec<(Pod, bool)>,
    /// Everybody there ever was, by address.
    met: BTreeMap<Ipv4Addr, String>,
    prefix: [u8; 3],
}

impl<'a> Cluster<'a> {
    /// An empty cluster, whose DNS may be `stale` for so long.
    pub(super) fn new(objects: &'a Objects, third: u8, stale: Duration) -> anyhow::Result<Self> {
        let network = format!("k8s-{}-{third}", std::process::id());
        let subnet = format!("--subnet=10.244.{third}.0/24");
        sh::read(&mut docker(&["network", "create", &subnet, &network]))?;
        let network = Network(network);
        let gateway = Ipv4Addr::new(10, 244, third, 1);
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("resolv.conf"), pod::resolv_conf(gateway))?;
        Ok(Self {
            objects,
            network,
            folder,
            dns: Dns::start(gateway, stale)?,
            service_ip: ClusterIp::open(gateway)?,
            pods: Vec::new(),
            met: BTreeMap::new(),
            prefix: [10, 244, third],
        })
    }

    /// Where the front-end's Service is.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.service_ip.address)
    }

    /// The addresses of all ready pods of `service`, as URLs.
    pub(super) fn urls(&self, service: &str) -> String {
        let pods = self
            .pods
            .iter()
            .filter(|(pod, ready)| *ready && pod.labels["name"] == service);
        let urls = pods.map(|(pod, _)| format!("http://{}:8080", pod.address));
        urls.collect::<Vec<_>>().join(",")
    }

    /// Starts a pod of `owner`, and returns its name.
    pub(super) fn start(&mut self, owner: &str) -> anyhow::Result<String> {
        let all = self.objects.pods();
        let pods = all.into_iter().find(|pods| pods.name() == owner);
        let pods = pods.with_context(|| format!("no pods of {owner}"))?;
        let [a, b, c] = self.prefix;
        let address = Ipv4Addr::new(a, b, c, u8::try_from(self.met.len() + 10)?);
        let name = format!("{owner}-{}", self.met.len());
        let place = Place {
            objects: self.objects,
            folder: self.folder.path(),
            network: &self.network.0,
        };
        let pod = Pod::start(&place, pods, &name, address)?;
        self.met.insert(address, owner.to_owned());
        self.pods.push((pod, false));
        Ok(name)
    }

    /// Waits until all pods have started and are ready, and tells everybody as they are.
    pub(super) fn wait(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while let Some(late) = self.pods.iter().position(|(_, ready)| !ready) {
            let network = &self.network.0;
            let waiting = self.pods.iter_mut().filter(|(_, ready)| !ready);
            for (pod, ready) in waiting {
                let mut probes = ["startupProbe", "readinessProbe"].into_iter();
                *ready = probes.all(|probe| pod.passes(network, probe));
            }
            self.publish();
            if begun.elapsed() > POD_READY_TIMEOUT {
                let name = &self.pods[late].0.name;
                _ = docker(&["logs", "--tail=20", &format!("{network}-{name}")]).status();
                bail!("{name} is not ready after {POD_READY_TIMEOUT:?}");
            }
        }
        Ok(())
    }

    /// Waits until all pods reach all that they use: a front-end serves pages before
    /// it has found its sessions.
    pub(super) fn wait_until_whole(&self) -> anyhow::Result<()> {
        let pods = self.pods.iter().map(|(pod, _)| pod);
        let is_whole = || pods.clone().all(Pod::is_whole).then_some(());
        wait::until("pods that reach all they use", POD_READY_TIMEOUT, is_whole)
    }

    /// Tells the pod called `name` to end while everybody learns that it does.
    pub(super) fn stop(
        &mut self,
        name: &str,
    ) -> anyhow::Result<JoinHandle<anyhow::Result<Duration>>> {
        let index = self.pods.iter().position(|(pod, _)| pod.name == name);
        let (pod, _) = self
            .pods
            .remove(index.with_context(|| format!("no pod {name}"))?);
        self.publish();
        let network = self.network.0.clone();
        Ok(thread::spawn(move || pod.stop(&network)))
    }

    /// Replaces all pods of `owner`, one after the other, as a rolling update
    /// with `maxSurge: 1` and `maxUnavailable: 0`; returns those that are ending.
    pub(super) fn roll(
        &mut self,
        owner: &str,
    ) -> anyhow::Result<Vec<JoinHandle<anyhow::Result<Duration>>>> {
        let old = self
            .pods
            .iter()
            .filter(|(pod, _)| pod.labels["name"] == owner);
        let old: Vec<String> = old.map(|(pod, _)| pod.name.clone()).collect();
        let mut ending = Vec::new();
        for name in old {
            self.start(owner)?;
            self.wait()?;
            ending.push(self.stop(&name)?);
        }
        Ok(ending)
    }

    /// All pods end; returns how long the slowest took.
    pub(super) fn close(mut self) -> anyhow::Result<Duration> {
        let names: Vec<String> = self.pods.iter().map(|(pod, _)| pod.name.clone()).collect();
        let ending: Vec<_> = names.iter().map(|name| self.stop(name)).collect();
        let mut slowest = Duration::ZERO;
        for one in ending {
            slowest = slowest.max(joined(one?)?);
        }
        Ok(slowest)
    }

    /// Holds what was asked of the DNS against who calls whom.
    pub(super) fn agree(&self, calls: &Calls) -> anyhow::Result<()> {
        let mut asked = BTreeMap::<String, Vec<String>>::new();
        for (from, service) in self.dns.asked() {
            let from = self.met.iter().find(|(address, _)| from == **address);
            if let Some((_, from)) = from
                && calls.contains_key(&service)
            {
                let found = asked.entry(from.clone()).or_default();
                found.push(service);
                found.sort();
                found.dedup();
            }
        }
        let calls = calls.iter().filter(|(_, calls)| !calls.is_empty());
        let declared: BTreeMap<String, Vec<String>> = calls
            .map(|(from, calls)| {
                let mut calls = calls.clone();
                calls.sort();
                (from.clone(), calls)
            })
            .collect();
        ensure!(
            asked == declared,
            "asked for {asked:?}, where the code declares {declared:?}"
        );
        Ok(())
    }

    /// Makes DNS and door say who is ready.
    fn publish(&self) {
        let mut zone = Zone::new();
        for service in self.objects.of("Service") {
            let selector = at(service, "/spec/selector");
            let ready = self
                .pods
                .iter()
                .filter(|(pod, ready)| *ready && is_part(selector, &pod.labels));
            let shop = list(service, "/spec/ports")
                .iter()
                .find(|port| port["name"] == "shop");
            let found = ready.map(|(pod, _)| {
                (
                    pod.address,
                    shop.and_then(|shop| pod.port(&shop["targetPort"])),
                )
            });
            zone.insert(name(service).to_owned(), found.collect());
        }
        self.dns.set(zone);
        self.service_ip.set(self.behind("front-end"));
    }

    fn behind(&self, service: &str) -> Vec<SocketAddr> {
        let Some(service) = self.objects.find("Service", service) else {
            return Vec::new();
        };
        let target = at(service, "/spec/ports/0/targetPort");
        let selector = at(service, "/spec/selector");
        let ready = self
            .pods
            .iter()
            .filter(|(pod, ready)| *ready && is_part(selector, &pod.labels));
        ready
            .filter_map(|(pod, _)| Some(SocketAddr::new(pod.address.into(), pod.port(target)?)))
            .collect()
    }
}

/// A network of the engine, which goes with everything in it.
struct Network(String);

impl Drop for Network {
    fn drop(&mut self) {
        let filter = format!("--filter=network={}", self.0);
        let left = sh::read(&mut docker(&["ps", "--all", "--quiet", &filter]));
        for container in left.unwrap_or_default().lines() {
            _ = sh::read(&mut docker(&["rm", "--force", "--volumes", container]));
        }
        _ = sh::read(&mut docker(&["network", "rm", &self.0]));
    }
}

/// What a pod's end came to.
pub(super) fn joined(ending: JoinHandle<anyhow::Result<Duration>>) -> anyhow::Result<Duration> {
    ending
        .join()
        .map_err(|_| anyhow::anyhow!("a pod did not end"))?
}

/// How many pods a workload asks for, by the least that its autoscaler allows.
pub(super) fn wanted(objects: &Objects, pods: Pods<'_>) -> u64 {
    let scaler = objects.find("HorizontalPodAutoscaler", pods.name());
    let least = scaler.map_or(
        &pods.owner["spec"]["replicas"],
        |one| &one["spec"]["minReplicas"],
    );
    least.as_u64().unwrap_or(1)
}

/// A stopwatch for people.
pub(super) fn seconds(begun: Instant) -> String {
    format!("{:.1} s", begun.elapsed().as_secs_f64())
}

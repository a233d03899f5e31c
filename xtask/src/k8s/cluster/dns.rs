//! A DNS like a cluster's: SRV and addresses of the ready pods behind a headless
//! Service, and what was said once is said again for a while, true or not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

/// What names end in.
pub(super) const DOMAIN: &str = "sock-shop.svc.cluster.local";

/// Longer answers need TCP (RFC 1035).
const DATAGRAM: usize = 512;

/// TTL of records, as kubeadm configures it.
const TTL: u32 = 30;

/// Ready pods by Service, with the number of the port called `shop`, if there is one.
pub(super) type Zone = BTreeMap<String, Vec<(Ipv4Addr, Option<u16>)>>;

/// What was said, and when.
type Told = HashMap<(String, RecordType), (Instant, Message)>;

/// Who asked for which Service.
pub(super) type Asked = BTreeSet<(IpAddr, String)>;

/// Answers until the process ends. Clones are the same server.
#[derive(Clone, Default)]
pub(super) struct Dns {
    zone: Arc<Mutex<Zone>>,
    told: Arc<Mutex<Told>>,
    asked: Arc<Mutex<Asked>>,
    stale: Duration,
}

impl Dns {
    /// Answers at `address`; an answer may be `stale` for so long.
    pub(super) fn start(address: Ipv4Addr, stale: Duration) -> anyhow::Result<Self> {
        let dns = Self {
            stale,
            ..Self::default()
        };
        let udp = UdpSocket::bind((address, 53)).context("no DNS at port 53")?;
        let tcp = TcpListener::bind((address, 53)).context("no DNS at port 53")?;
        let server = dns.clone();
        thread::spawn(move || server.datagrams(&udp));
        let server = dns.clone();
        thread::spawn(move || {
            for stream in tcp.incoming().flatten() {
                let server = server.clone();
                thread::spawn(move || server.stream(stream));
            }
        });
        Ok(dns)
    }

    /// Says from now on what `zone` says, as soon as caches let it.
    pub(super) fn set(&self, zone: Zone) {
        *lock(&self.zone) = zone;
    }

    /// Who asked for whom so far.
    pub(super) fn asked(&self) -> Asked {
        lock(&self.asked).clone()
    }

    fn datagrams(&self, socket: &UdpSocket) {
        let mut packet = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            let Some(answer) = self.answer(&packet[..length], from.ip()) else {
                continue;
            };
            let Ok(mut bytes) = answer.to_vec() else {
                continue;
            };
            if bytes.len() > DATAGRAM {
                bytes = answer.truncate().to_vec().unwrap_or_default();
            }
            _ = socket.send_to(&bytes, from);
        }
    }

    fn stream(&self, mut stream: TcpStream) -> Option<()> {
        let from = stream.peer_addr().ok()?.ip();
        let mut length = [0; 2];
        while stream.read_exact(&mut length).is_ok() {
            let mut packet = vec![0; u16::from_be_bytes(length).into()];
            stream.read_exact(&mut packet).ok()?;
            let answer = self.answer(&packet, from)?.to_vec().ok()?;
            let length = u16::try_from(answer.len()).ok()?.to_be_bytes();
            stream.write_all(&[&length[..], &answer].concat()).ok()?;
        }
        None
    }

    fn answer(&self, packet: &[u8], from: IpAddr) -> Option<Message> {
        let question = Message::from_vec(packet).ok()?;
        let query = question.queries.first()?;
        let (name, kind) = (query.name().clone(), query.query_type());
        let key = (name.to_ascii().to_lowercase(), kind);
        if let Some(service) = words(&key.0).last() {
            lock(&self.asked).insert((from, (*service).to_owned()));
        }
        let mut told = lock(&self.told);
        let known = told.get(&key).filter(|(at, _)| at.elapsed() < self.stale);
        let mut answer = match known {
            Some((_, answer)) => answer.clone(),
            None => self.look(&name, &key.0, kind),
        };
        if known.is_none() && !answer.answers.is_empty() {
            told.insert(key, (Instant::now(), answer.clone()));
        }
        answer.metadata.id = question.metadata.id;
        answer.metadata.recursion_desired = question.metadata.recursion_desired;
        answer.add_query(query.clone());
        Some(answer)
    }

    /// What is true now.
    fn look(&self, name: &Name, text: &str, kind: RecordType) -> Message {
        let mut answer = Message::response(0, OpCode::Query);
        answer.metadata.authoritative = true;
        let zone = lock(&self.zone);
        let pods = |service| zone.get(service).map_or(&[][..], Vec::as_slice);
        let found = match words(text)[..] {
            ["_shop", "_tcp", service] => services(pods(service), service, name, &mut answer),
            [service] => addresses(pods(service), name, kind, &mut answer),
            [pod, service] => {
                let all = pods(service).iter();
                let one: Vec<_> = all.filter(|(ip, _)| dashed(*ip) == pod).copied().collect();
                addresses(&one, name, kind, &mut answer)
            }
            _ => false,
        };
        if !found {
            answer.metadata.response_code = ResponseCode::NXDomain;
        }
        answer
    }
}

fn services(
    pods: &[(Ipv4Addr, Option<u16>)],
    service: &str,
    name: &Name,
    answer: &mut Message,
) -> bool {
    let weight = u16::try_from(100 / pods.len().max(1)).unwrap_or(1);
    for (ip, port) in pods {
        let target = format!("{}.{service}.{DOMAIN}.", dashed(*ip));
        let (Some(port), Ok(target)) = (*port, Name::from_ascii(target)) else {
            continue;
        };
        let srv = SRV::new(0, weight, port, target.clone());
        answer.add_answer(Record::from_rdata(name.clone(), TTL, RData::SRV(srv)));
        answer.add_additional(Record::from_rdata(target, TTL, RData::A(A(*ip))));
    }
    !answer.answers.is_empty()
}

fn addresses(
    pods: &[(Ipv4Addr, Option<u16>)],
    name: &Name,
    kind: RecordType,
    answer: &mut Message,
) -> bool {
    for (ip, _) in pods {
        if kind == RecordType::A {
            answer.add_answer(Record::from_rdata(name.clone(), TTL, RData::A(A(*ip))));
        }
    }
    !pods.is_empty()
}

/// The words of a name in front of the domain; none when it is of another.
fn words(name: &str) -> Vec<&str> {
    let rest = name.trim_end_matches('.').strip_suffix(DOMAIN);
    rest.map_or(Vec::new(), |rest| {
        rest.trim_end_matches('.').split('.').collect()
    })
}

/// As a cluster names a pod that has no name of its own.
fn dashed(ip: Ipv4Addr) -> String {
    ip.to_string().replace('.', "-")
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The names of the domain and what is answered under them: a pure function of
//! a view, a question and a roll of the dice.

use std::net::IpAddr;

use hickory_server::proto::rr::rdata::{A, AAAA, NS, PTR, SOA, SRV, TXT};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};

use crate::record::canonical;
use crate::view::{Endpoint, Service, View};

/// How long an answer may be kept, in seconds.
pub const TTL: u32 = 1;

/// The domain of the mesh.
#[derive(Clone, Debug)]
pub struct Zone {
    domain: Name,
}

/// What is said to a question.
#[derive(Debug, Default, PartialEq)]
pub enum Reply {
    /// These records, and others that help to use them.
    Found(Vec<Record>, Vec<Record>),
    /// The name exists and has no such record.
    Empty,
    /// There is no such name.
    Unknown,
    /// It is not a name of this domain.
    #[default]
    Elsewhere,
}

/// What a name stands for.
enum Place {
    Domain,
    Service(String),
    /// `_shop._tcp.<service>`
    Shop(String),
    /// `_tcp.<service>`: exists because the name below it does.
    Between(String),
    Instance(String, String),
    Address(IpAddr),
    Nothing,
    Elsewhere,
}

impl Zone {
    /// The zone of `domain`, such as `weave.local`.
    pub fn new(domain: &str) -> anyhow::Result<Self> {
        let mut domain = Name::from_ascii(domain.trim_matches('.'))?.to_lowercase();
        domain.set_fqdn(true);
        Ok(Self { domain })
    }

    /// Answers a question about `name` from `view`. `roll`, of 0..1, draws the
    /// version whose addresses are given.
    #[must_use]
    pub fn ask(&self, view: &View, (name, kind): (&Name, RecordType), roll: f64) -> Reply {
        let found = |data: Vec<RData>| reply(name, data);
        match self.place(view, name) {
            Place::Domain => found(self.domain_data(kind)),
            Place::Service(service) => match (kind, view.service(&service)) {
                (RecordType::SRV, Some(known)) => self.srv(name, &service, known),
                (_, Some(known)) => found(service_data(known, kind, roll)),
                (_, None) => Reply::Unknown,
            },
            Place::Shop(service) => match (kind, view.service(&service)) {
                (RecordType::SRV | RecordType::ANY, Some(known)) => self.srv(name, &service, known),
                (_, Some(_)) => Reply::Empty,
                (_, None) => Reply::Unknown,
            },
            Place::Between(service) => match view.service(&service) {
                Some(_) => Reply::Empty,
                None => Reply::Unknown,
            },
            Place::Instance(service, label) => match endpoints(view, &service, &label).as_slice() {
                [] => Reply::Unknown,
                found_here => found(instance_data(found_here, kind)),
            },
            Place::Address(address) => match view.at(address) {
                [] => Reply::Elsewhere,
                names => found(self.pointers(names, kind)),
            },
            Place::Nothing => Reply::Unknown,
            Place::Elsewhere => Reply::Elsewhere,
        }
    }

    /// The record that says who is in charge, and for how long it may be
    /// remembered that there is nothing.
    #[must_use]
    pub fn authority(&self) -> Record {
        Record::from_rdata(self.domain.clone(), TTL, RData::SOA(self.soa()))
    }

    fn place(&self, view: &View, name: &Name) -> Place {
        let labels: Vec<String> = name
            .iter()
            .map(|label| String::from_utf8_lossy(label).to_ascii_lowercase())
            .collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        if self.domain.zone_of(name) {
            let own = labels.len() - self.domain.iter().count();
            return match &labels[..own] {
                [] => Place::Domain,
                [service] => Place::Service(canonical(service)),
                ["_shop", "_tcp", service] => Place::Shop(canonical(service)),
                ["_tcp", service] => Place::Between(canonical(service)),
                [label, service] => Place::Instance(canonical(service), (*label).to_owned()),
                _ => Place::Nothing,
            };
        }
        // Without the domain only what is known is ours: `com` is not.
        let known = |service: &str| view.service(&canonical(service)).is_some();
        match labels.as_slice() {
            [service] if known(service) => Place::Service(canonical(service)),
            ["_shop", "_tcp", service] if known(service) => Place::Shop(canonical(service)),
            [.., "arpa"] => match name.parse_arpa_name() {
                Ok(net) if net.prefix_len() == net.max_prefix_len() => Place::Address(net.addr()),
                _ => Place::Elsewhere,
            },
            _ => Place::Elsewhere,
        }
    }

    /// All serving instances with their weights, and the addresses of those.
    fn srv(&self, name: &Name, service: &str, known: &Service) -> Reply {
        let (mut answers, mut glue) = (Vec::new(), Vec::new());
        for endpoint in known.serving() {
            let Some(target) = self.instance_name(service, &endpoint.label) else {
                continue;
            };
            let weight = u16::try_from(endpoint.weight).unwrap_or(u16::MAX);
            let srv = SRV::new(0, weight, endpoint.instance.port, target.clone());
            answers.push(Record::from_rdata(name.clone(), TTL, RData::SRV(srv)));
            let address = address(endpoint.instance.address);
            glue.push(Record::from_rdata(target, TTL, address));
        }
        if answers.is_empty() {
            Reply::Empty
        } else {
            Reply::Found(answers, glue)
        }
    }

    fn instance_name(&self, service: &str, label: &str) -> Option<Name> {
        let name = Name::from_labels([label.as_bytes(), service.as_bytes()]).ok()?;
        name.append_domain(&self.domain).ok()
    }

    fn pointers(&self, names: &[(String, String)], kind: RecordType) -> Vec<RData> {
        if kind != RecordType::PTR && kind != RecordType::ANY {
            return Vec::new();
        }
        let names = names
            .iter()
            .filter_map(|(service, label)| self.instance_name(service, label));
        names.map(|name| RData::PTR(PTR(name))).collect()
    }

    fn domain_data(&self, kind: RecordType) -> Vec<RData> {
        match kind {
            RecordType::SOA | RecordType::ANY => vec![RData::SOA(self.soa())],
            RecordType::NS => vec![RData::NS(NS(self.server()))],
            _ => Vec::new(),
        }
    }

    fn server(&self) -> Name {
        let server = Name::from_ascii("meshd").and_then(|name| name.append_domain(&self.domain));
        server.unwrap_or_else(|_| self.domain.clone())
    }

    fn soa(&self) -> SOA {
        let seconds = TTL.cast_signed();
        let (server, domain) = (self.server(), self.domain.clone());
        SOA::new(server, domain, 1, seconds, seconds, seconds, TTL)
    }
}

fn reply(name: &Name, data: Vec<RData>) -> Reply {
    if data.is_empty() {
        return Reply::Empty;
    }
    let records = data
        .into_iter()
        .map(|data| Record::from_rdata(name.clone(), TTL, data));
    Reply::Found(records.collect(), Vec::new())
}

fn endpoints<'a>(view: &'a View, service: &str, label: &str) -> Vec<&'a Endpoint> {
    let instances = view.service(service).map(|known| known.instances.iter());
    let instances = instances.into_iter().flatten();
    instances
        .filter(|endpoint| endpoint.label == label)
        .collect()
}

fn service_data(service: &Service, kind: RecordType, roll: f64) -> Vec<RData> {
    match kind {
        RecordType::A | RecordType::AAAA | RecordType::ANY => {
            let drawn = service.draw(roll);
            let addresses = drawn.iter().flat_map(|version| &version.addresses);
            let data = addresses.copied().map(address);
            data.filter(|data| fits(data, kind)).collect()
        }
        RecordType::TXT => service
            .versions
            .iter()
            .map(|version| {
                RData::TXT(TXT::new(vec![
                    format!("version={}", version.name),
                    format!("weight={}", version.share),
                    format!("serving={}", version.serving),
                ]))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn instance_data(endpoints: &[&Endpoint], kind: RecordType) -> Vec<RData> {
    let mut data = Vec::new();
    for endpoint in endpoints {
        if kind == RecordType::TXT {
            let phase = format!("{:?}", endpoint.instance.phase).to_lowercase();
            data.push(RData::TXT(TXT::new(vec![
                format!("version={}", endpoint.instance.version),
                format!("phase={phase}"),
                format!("node={}", endpoint.node),
            ])));
        }
        data.push(address(endpoint.instance.address));
    }
    data.retain(|data| fits(data, kind));
    data
}

fn fits(data: &RData, kind: RecordType) -> bool {
    kind == RecordType::ANY || data.record_type() == kind
}

fn address(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    }
}

//! The names of the domain and what is answered under them: a pure function of
//! a view, a question and a roll of the dice.

mod name;
mod records;

use hickory_server::proto::rr::rdata::{NS, PTR, SOA, SRV};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};

use crate::view::{Service, View};

use name::NameKind;
use records::{address, endpoints, instance_data, service_data};

/// How long an answer may be kept, in seconds.
pub const TTL: u32 = 1;

/// The domain of the mesh.
#[derive(Clone, Debug)]
pub struct Zone {
    domain: Name,
}

/// What is said to a question.
#[derive(Debug, Default, PartialEq)]
pub enum Lookup {
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
    pub fn ask(&self, view: &View, (name, kind): (&Name, RecordType), roll: f64) -> Lookup {
        let found = |data: Vec<RData>| reply(name, data);
        match self.place(view, name) {
            NameKind::Domain => found(self.domain_data(kind)),
            NameKind::Service(service) => match (kind, view.service(&service)) {
                (RecordType::SRV, Some(known)) => self.srv(name, &service, known),
                (_, Some(known)) => found(service_data(known, kind, roll)),
                (_, None) => Lookup::Unknown,
            },
            NameKind::Shop(service) => match (kind, view.service(&service)) {
                (RecordType::SRV | RecordType::ANY, Some(known)) => self.srv(name, &service, known),
                (_, Some(_)) => Lookup::Empty,
                (_, None) => Lookup::Unknown,
            },
            NameKind::Between(service) => match view.service(&service) {
                Some(_) => Lookup::Empty,
                None => Lookup::Unknown,
            },
            NameKind::Instance(service, label) => {
                match endpoints(view, &service, &label).as_slice() {
                    [] => Lookup::Unknown,
                    found_here => found(instance_data(found_here, kind)),
                }
            }
            NameKind::Address(address) => match view.at(address) {
                [] => Lookup::Elsewhere,
                names => found(self.pointers(names, kind)),
            },
            NameKind::Nothing => Lookup::Unknown,
            NameKind::Elsewhere => Lookup::Elsewhere,
        }
    }

    /// The record that says who is in charge, and for how long it may be
    /// remembered that there is nothing.
    #[must_use]
    pub fn authority(&self) -> Record {
        Record::from_rdata(self.domain.clone(), TTL, RData::SOA(self.soa()))
    }

    /// All serving instances with their weights, and the addresses of those.
    fn srv(&self, name: &Name, service: &str, known: &Service) -> Lookup {
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
            Lookup::Empty
        } else {
            Lookup::Found(answers, glue)
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

fn reply(name: &Name, data: Vec<RData>) -> Lookup {
    if data.is_empty() {
        return Lookup::Empty;
    }
    let records = data
        .into_iter()
        .map(|data| Record::from_rdata(name.clone(), TTL, data));
    Lookup::Found(records.collect(), Vec::new())
}

//! Services and instances as records.

use std::net::IpAddr;

use hickory_server::proto::rr::rdata::{A, AAAA, TXT};
use hickory_server::proto::rr::{RData, RecordType};

use crate::view::{Endpoint, Service, View};

pub(super) fn endpoints<'a>(view: &'a View, service: &str, label: &str) -> Vec<&'a Endpoint> {
    let instances = view.service(service).map(|known| known.instances.iter());
    let instances = instances.into_iter().flatten();
    instances
        .filter(|endpoint| endpoint.label == label)
        .collect()
}

pub(super) fn service_data(service: &Service, kind: RecordType, roll: f64) -> Vec<RData> {
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

pub(super) fn instance_data(endpoints: &[&Endpoint], kind: RecordType) -> Vec<RData> {
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

pub(super) fn address(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    }
}

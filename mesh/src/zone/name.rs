//! What a name stands for.

use std::net::IpAddr;

use hickory_server::proto::rr::Name;

use super::Zone;
use crate::record::canonical;
use crate::view::View;

/// What a name stands for.
pub(super) enum NameKind {
    Domain,
    Service(String),
    /// SRV owner name of a service: `_shop._tcp.<service>`.
    Shop(String),
    /// `_tcp.<service>`: exists because the name below it does.
    Between(String),
    Instance(String, String),
    Address(IpAddr),
    Nothing,
    Elsewhere,
}

impl Zone {
    /// Finds out what `name` stands for.
    pub(super) fn place(&self, view: &View, name: &Name) -> NameKind {
        let labels: Vec<String> = name
            .iter()
            .map(|label| String::from_utf8_lossy(label).to_ascii_lowercase())
            .collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        if self.domain.zone_of(name) {
            let own = labels.len() - self.domain.iter().count();
            return match &labels[..own] {
                [] => NameKind::Domain,
                [service] => NameKind::Service(canonical(service)),
                ["_shop", "_tcp", service] => NameKind::Shop(canonical(service)),
                ["_tcp", service] => NameKind::Between(canonical(service)),
                [label, service] => NameKind::Instance(canonical(service), (*label).to_owned()),
                _ => NameKind::Nothing,
            };
        }
        // Without the domain only what is known is ours: `com` is not.
        let known = |service: &str| view.service(&canonical(service)).is_some();
        match labels.as_slice() {
            [service] if known(service) => NameKind::Service(canonical(service)),
            ["_shop", "_tcp", service] if known(service) => NameKind::Shop(canonical(service)),
            [.., "arpa"] => match name.parse_arpa_name() {
                Ok(net) if net.prefix_len() == net.max_prefix_len() => {
                    NameKind::Address(net.addr())
                }
                _ => NameKind::Elsewhere,
            },
            _ => NameKind::Elsewhere,
        }
    }
}

//! `sockshop calls`: who calls whom.

use std::collections::BTreeMap;

use crate::service::Service;
use crate::table;

/// How to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Prints the call graph, as the services declare it.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let all = Service::SHOP.map(|service| (service.name(), service.calls()));
    if options.json {
        let all: BTreeMap<_, _> = all.into_iter().collect();
        return crate::print(&(serde_json::to_string_pretty(&all)? + "\n"));
    }
    let rows = all.into_iter().filter(|(_, calls)| !calls.is_empty());
    let rows = rows.map(|(name, calls)| vec![name.to_owned(), calls.join(", ")]);
    crate::print(&table::render(&["SERVICE", "CALLS"], rows.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_called_is_a_service() {
        let names = Service::SHOP.map(Service::name);
        for service in Service::SHOP {
            for called in service.calls() {
                assert!(names.contains(called), "{service} calls {called}");
            }
        }
    }
}

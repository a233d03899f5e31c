//! `sockshop mesh resolve`: real questions to the mesh's DNS.

use std::net::SocketAddr;

use anyhow::{bail, ensure};
use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{RData, Record, RecordType};

use crate::data_dir::DataDirArg;
use crate::table;

/// Options of a DNS query.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A service such as catalogue, or an instance such as catalogue-1.catalogue.
    name: String,

    /// Domain the names end in.
    #[arg(long, env, default_value = "weave.local")]
    domain: String,

    /// The shop whose mesh to ask.
    #[command(flatten)]
    which: DataDirArg,
}

/// Asks, and prints what is answered. Fails when there is no such name.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let servers = super::servers(&options.which)?;
    let resolver = chassis::discovery::resolver(&servers)?;
    let questions = questions(&options.name, &options.domain);
    let mut records = Vec::new();
    let (mut strange, mut asked) = (0, 0);
    for (name, kind) in questions {
        asked += 1;
        match ask(&resolver, &name, kind).await {
            Ok(found) => records.extend(found),
            Err(error) if error.is_nx_domain() => strange += 1,
            Err(error) if error.is_no_records_found() => {}
            Err(error) => bail!("the mesh does not answer at {}: {error}", list(&servers)),
        }
    }
    ensure!(strange < asked, "the mesh knows no {}", options.name);
    if records.is_empty() {
        bail!("nobody serves as {} now", options.name);
    }
    let head = ["NAME", "TTL", "TYPE", "ANSWER"];
    let text = table::render(&head, records.iter().map(row).collect());
    crate::print(&format!("{text}\nasked {}\n", list(&servers)))
}

fn list(servers: &[SocketAddr]) -> String {
    let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
    servers.join(" or ")
}

/// What there is to ask about `name`.
fn questions(name: &str, domain: &str) -> Vec<(String, RecordType)> {
    let domain = domain.trim_matches('.');
    let name = name.trim_end_matches('.');
    let short = name
        .strip_suffix(domain)
        .map(|name| name.trim_end_matches('.'));
    let full = format!("{}.{domain}.", short.unwrap_or(name));
    let kinds = [RecordType::A, RecordType::AAAA, RecordType::TXT];
    let mut questions = vec![(format!("_shop._tcp.{full}"), RecordType::SRV)];
    questions.extend(kinds.map(|kind| (full.clone(), kind)));
    questions
}

async fn ask(
    resolver: &TokioResolver,
    name: &str,
    kind: RecordType,
) -> Result<Vec<Record>, NetError> {
    let answer = resolver.lookup(name, kind).await?;
    let mut records = answer.answers().to_vec();
    records.sort_by_key(ToString::to_string);
    Ok(records)
}

fn row(record: &Record) -> Vec<String> {
    let answer = match &record.data {
        RData::SRV(srv) => format!("weight {} port {} of {}", srv.weight, srv.port, srv.target),
        RData::TXT(text) => {
            let parts = text
                .txt_data
                .iter()
                .map(|part| String::from_utf8_lossy(part));
            parts.collect::<Vec<_>>().join(" ")
        }
        data => data.to_string(),
    };
    vec![
        record.name.to_string(),
        format!("{} s", record.ttl),
        record.record_type().to_string(),
        answer,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_its_domain_or_not() {
        for name in ["carts", "carts.weave.local", "carts.weave.local."] {
            let asked = questions(name, "weave.local");
            assert_eq!(asked[0].0, "_shop._tcp.carts.weave.local.");
            assert_eq!(asked[1], ("carts.weave.local.".to_owned(), RecordType::A));
        }
    }
}

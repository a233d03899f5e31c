//! `sockshop mesh`: seeing the mesh of a running shop, and steering it.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use chassis::announce::{Credential, MeshKey, Token, Trusted};
use clap::Subcommand;
use proto::mesh as pb;
use proto::mesh::mesh_client::MeshClient;
use tonic::{Request, Status};

use crate::data_dir::DataDirArg;
use crate::service::Service;
use crate::state::{Entry, State};
use crate::table;

mod credential;
mod resolve;

/// Time limit for a mesh node to answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// What can be asked of the mesh.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the mesh nodes, and who announces to them.
    Members(Reach),
    /// Ask the mesh's DNS about a name, as any program would.
    Resolve(resolve::Options),
    /// Show how requests are shared between versions, or change it.
    Policy(Policy),
    /// Derive what services show to the mesh from the mesh key.
    Credential(credential::Options),
}

/// Whose policy, and what it shall be.
#[derive(Debug, clap::Args)]
pub(crate) struct Policy {
    /// The service; all policies are shown without one.
    service: Option<String>,

    /// What each version shall get of the requests, in percent or any other unit.
    #[arg(value_name = "VERSION=WEIGHT", value_parser = weight, conflicts_with = "clear")]
    weights: Vec<(String, i64)>,

    /// Have no policy any more: all instances share alike.
    #[arg(long, requires = "service")]
    clear: bool,

    /// The mesh to steer.
    #[command(flatten)]
    reach: Reach,
}

/// Which mesh, and the way into it: a process of the shop finds both in its
/// environment, so that inside any container this needs no flags.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Reach {
    /// Mesh nodes, host:port; those of the shop of --data otherwise.
    #[arg(long = "node", env = "MESH", value_delimiter = ',')]
    nodes: Vec<String>,

    /// What the mesh knows its own by; with --node only.
    #[arg(long, env, hide_env_values = true)]
    mesh_key: Option<MeshKey>,

    /// The same for one service: it can read everything, and steer that service; with --node only.
    #[arg(long, env, hide_env_values = true)]
    mesh_credential: Option<Credential>,

    /// The shop of the mesh.
    #[command(flatten)]
    which: DataDirArg,
}

impl Reach {
    /// Of the shop of `which`.
    pub(crate) fn of(which: &DataDirArg) -> Self {
        Self {
            nodes: Vec::new(),
            mesh_key: None,
            mesh_credential: None,
            which: which.clone(),
        }
    }

    /// What to show, and the nodes as host:port.
    fn way(&self) -> anyhow::Result<(Token, Vec<String>)> {
        if !self.nodes.is_empty() {
            return Ok((self.token()?, self.nodes.clone()));
        }
        let (folder, _) = State::running(&self.which)?;
        let key: MeshKey = folder.mesh_key()?.parse().map_err(anyhow::Error::msg)?;
        let nodes = nodes(&self.which)?.into_iter();
        let nodes = nodes.map(|node| SocketAddr::new(node.address, node.port).to_string());
        Ok((key.token()?, nodes.collect()))
    }

    /// That of the key, which may do everything, or else that of the credential.
    fn token(&self) -> anyhow::Result<Token> {
        match (&self.mesh_key, &self.mesh_credential) {
            (Some(key), _) => key.token(),
            (None, Some(credential)) => credential.token(),
            (None, None) => bail!(
                "a mesh node needs a key or a credential: set MESH_KEY, MESH_CREDENTIAL or one of them with _FILE"
            ),
        }
    }
}

/// Runs a subcommand of `sockshop mesh`.
pub(crate) async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Members(reach) => members(reach).await,
        Command::Resolve(options) => resolve::run(options).await,
        Command::Policy(options) => policy(options).await,
        Command::Credential(options) => credential::run(options),
    }
}

fn weight(text: &str) -> Result<(String, i64), String> {
    let wrong = || format!("`{text}` must be VERSION=WEIGHT, such as v2=10");
    let (version, weight) = text.split_once('=').ok_or_else(wrong)?;
    let weight = weight.trim_end_matches('%').parse().map_err(|_| wrong())?;
    Ok((version.to_owned(), weight))
}

/// The mesh nodes of the shop that is meant.
fn nodes(which: &DataDirArg) -> anyhow::Result<Vec<Entry>> {
    let (_, mut state) = State::running(which)?;
    state.instances.retain(|one| one.service == Service::Meshd);
    Ok(state.instances)
}

/// A connection to a mesh node that answers, and all that it knows.
async fn connect(reach: &Reach) -> anyhow::Result<(MeshClient<Trusted>, pb::GetStateResponse)> {
    let (token, nodes) = reach.way()?;
    let mut why = None;
    for node in nodes {
        let mut client = token.client(&node)?;
        match client.get_state(within(pb::GetStateRequest {})).await {
            Ok(known) => return Ok((client, known.into_inner())),
            Err(status) => why = Some(status),
        }
    }
    let why = why.map_or_else(String::new, |status| format!(": {}", status.message()));
    bail!("no mesh node answers{why}")
}

fn within<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(REQUEST_TIMEOUT);
    request
}

async fn members(reach: &Reach) -> anyhow::Result<()> {
    let (_, known) = connect(reach).await?;
    let nodes = known.members.iter().map(|member| {
        let state = if member.alive { "alive" } else { "silent" };
        vec![
            member.node.clone(),
            member.gossip.clone(),
            state.to_owned(),
            member.instances.to_string(),
        ]
    });
    let head = ["NODE", "GOSSIP", "STATE", " INSTANCES"];
    let mut text = table::render(&head, nodes.collect());
    let rows = known.instances.iter().map(row).collect();
    let head = [
        "SERVICE", "VERSION", "INSTANCE", "ADDRESS", "STATE", " SHARE", "NODE",
    ];
    text.push('\n');
    text.push_str(&table::render(&head, rows));
    crate::print(&text)
}

fn row(one: &pb::Instance) -> Vec<String> {
    let state = match one.phase() {
        pb::Phase::Unspecified => "unknown",
        pb::Phase::Starting => "starting",
        pb::Phase::Serving => "serving",
        pb::Phase::Draining => "draining",
    };
    let address = one.address.parse().map(|ip| {
        let port = u16::try_from(one.port).unwrap_or_default();
        SocketAddr::new(ip, port).to_string()
    });
    vec![
        one.service.clone(),
        one.version.clone(),
        one.instance.clone(),
        address.unwrap_or_else(|_| one.address.clone()),
        state.to_owned(),
        percent(one.weight.into()),
        one.node.clone(),
    ]
}

/// Hundredths of a percent as people write them.
fn percent(share: u64) -> String {
    match (share / 100, share % 100) {
        (whole, 0) => format!("{whole} %"),
        (whole, rest) => format!("{whole}.{rest:02} %"),
    }
}

async fn policy(options: &Policy) -> anyhow::Result<()> {
    let (mut client, known) = connect(&options.reach).await?;
    let Some(service) = &options.service else {
        return crate::print(&show(&known.policies));
    };
    let policy = if options.weights.is_empty() && !options.clear {
        let request = pb::GetPolicyRequest {
            service: service.clone(),
        };
        client.get_policy(within(request)).await
    } else {
        let weights: HashMap<_, _> = options.weights.iter().cloned().collect();
        if weights.len() < options.weights.len() {
            bail!("a version can have one weight only");
        }
        let request = pb::SetPolicyRequest {
            service: service.clone(),
            weights,
            at_ms: chassis::clock::now_ms(),
        };
        client.set_policy(within(request)).await
    };
    let policy = policy.map_err(|status| refused(service, &status));
    crate::print(&show(&[policy?.into_inner()]))
}

/// The weights that the policy of `service` gives to versions; none without one.
pub(crate) async fn weights(
    which: &DataDirArg,
    service: &str,
) -> anyhow::Result<BTreeMap<String, u64>> {
    let (_, known) = connect(&Reach::of(which)).await?;
    let policy = known
        .policies
        .into_iter()
        .find(|one| one.service == service);
    let weights = policy.map(|policy| policy.weights).unwrap_or_default();
    let weights = weights.into_iter();
    Ok(weights
        .map(|(version, weight)| (version, u64::try_from(weight).unwrap_or(0)))
        .collect())
}

fn refused(service: &str, status: &Status) -> anyhow::Error {
    if status.code() != tonic::Code::NotFound {
        return anyhow::Error::msg(status.message().to_owned());
    }
    match status.message() {
        message if message.contains("policy") => {
            anyhow::anyhow!("{service} has no policy: all its instances share alike")
        }
        _ => anyhow::anyhow!("the mesh knows no service {service}"),
    }
}

/// A line for every version that a policy names.
fn show(policies: &[pb::Policy]) -> String {
    let mut rows = Vec::new();
    for policy in policies {
        let mut weights: Vec<_> = policy.weights.iter().collect();
        weights.sort();
        if weights.is_empty() {
            rows.push(vec![policy.service.clone(), "all alike".to_owned()]);
        }
        for (version, weight) in weights {
            rows.push(vec![
                policy.service.clone(),
                version.clone(),
                weight.to_string(),
            ]);
        }
    }
    if rows.is_empty() {
        return "no policies: all instances of a service share alike\n".to_owned();
    }
    table::render(&["SERVICE", "VERSION", " WEIGHT"], rows)
}

/// Where the mesh of the shop that is meant answers names.
fn servers(which: &DataDirArg) -> anyhow::Result<Vec<SocketAddr>> {
    let nodes = nodes(which)?;
    let dns = nodes.iter().filter_map(|node| {
        let port = node.dns_port?;
        Some(SocketAddr::new(node.address, port))
    });
    let servers: Vec<_> = dns.collect();
    servers.first().context("this shop has no mesh node")?;
    Ok(servers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_read_as_people_write_them() {
        assert_eq!(weight("v1=90"), Ok(("v1".to_owned(), 90)));
        assert_eq!(weight("v2=10%"), Ok(("v2".to_owned(), 10)));
        assert_eq!(weight("v2=-1"), Ok(("v2".to_owned(), -1)));
        assert!(weight("v2").is_err() && weight("v2=most").is_err());
    }

    #[test]
    fn shares_are_shown_in_percent() {
        assert_eq!(percent(10_000), "100 %");
        assert_eq!(percent(3_334), "33.34 %");
        assert_eq!(percent(5), "0.05 %");
    }
}

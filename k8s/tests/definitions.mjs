// Holds objects that are no part of Kubernetes itself against the definitions of those who brought them.
// Reads JSON, [[file, object], ..], from standard input; names what is wrong, and fails when anything is.
import { readFileSync } from 'node:fs';

const HOMES = { 'gateway.networking.k8s.io': 'gateway-api', 'keda.sh': 'keda', 'argoproj.io': 'argo-rollouts' };

for (const [file, object] of JSON.parse(readFileSync(0))) {
  const home = HOMES[object.apiVersion.split('/')[0]];
  try {
    const { [object.kind]: Model } = await import(`@kubernetes-models/${home}/${object.apiVersion}`);
    new Model(object).validate();
  } catch (error) {
    process.exitCode = 1;
    console.error(`${file}: ${object.kind}/${object.metadata.name}: ${error.message}`);
  }
}

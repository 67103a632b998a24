import type { ApiServer } from "../../sandbox/api_server.ts";
import { kubectlOk } from "./kubectl.ts";

/** Kinds of the Prometheus Operator, whose fields are not judged here. */
function monitorCrd(kind: string) {
  const [singular, plural] = [kind.toLowerCase(), `${kind.toLowerCase()}s`];
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.monitoring.coreos.com` },
    spec: {
      group: "monitoring.coreos.com",
      scope: "Namespaced",
      names: { kind, listKind: `${kind}List`, singular, plural },
      versions: [{
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      }],
    },
  };
}

/** Installs the kinds ServiceMonitor and PodMonitor, and waits until they are served. */
export async function installMonitorCrds(api: ApiServer): Promise<void> {
  for (const kind of ["ServiceMonitor", "PodMonitor"]) {
    const crd = monitorCrd(kind);
    await kubectlOk(api, ["apply", "-f", "-"], { stdin: JSON.stringify(crd) });
    const name = `crd/${crd.metadata.name}`;
    await kubectlOk(api, ["wait", "--for=condition=Established", "--timeout=30s", name]);
  }
}

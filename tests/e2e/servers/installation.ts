import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "../../../deploy/manifests/manifest.ts";
import type { ControlPlane } from "./control_plane.ts";
import { kubectl, kubectlOk } from "./kubectl.ts";

/** The folder of the manifests and of the kustomize base. */
export const DEPLOY = fileURLToPath(new URL("../../../deploy", import.meta.url));
/** kubectl's arguments for deploy/latest. */
export const LATEST = [
  "-f",
  `${DEPLOY}/latest/crd.yaml`,
  "-f",
  `${DEPLOY}/latest/deploy.yaml`,
];
/** The namespace of deploy/latest. */
export const NAMESPACE = "msi-acrpull-system";
/** The operator there. */
export const DEPLOYMENT = "deployment/msi-acrpull-controller-manager";

/** What of the Deployment is of interest. */
export interface PodTemplate {
  spec: {
    template: {
      metadata: { labels: Record<string, string> };
      spec: { containers: { name: string; image: string }[]; [field: string]: unknown };
    };
  };
}

/** The objects of a YAML stream. */
export function documents(text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** The objects of deploy/latest. */
export async function latest(): Promise<Manifest[]> {
  const files = ["crd.yaml", "deploy.yaml"].map((name) => `${DEPLOY}/latest/${name}`);
  return (await Promise.all(files.map(async (file) => documents(await Deno.readTextFile(file)))))
    .flat();
}

/** Deletes what deploy/latest installs, and what else carries its label. */
export async function uninstall(plane: ControlPlane): Promise<void> {
  const policies = "validatingadmissionpolicy,validatingadmissionpolicybinding";
  await kubectlOk(plane, [
    "delete",
    "-l=app.kubernetes.io/name=msi-acrpull",
    `${policies},clusterrole,clusterrolebinding`,
  ]);
  await kubectlOk(plane, ["delete", "--ignore-not-found", "--wait=false", ...LATEST]);
  // Without a controller-manager nobody finishes the namespace's end.
  await finalizeNamespace(plane, NAMESPACE);
}

/** Does for a namespace that is being deleted what a controller-manager would. */
export async function finalizeNamespace(plane: ControlPlane, namespace: string): Promise<void> {
  const namespaced = "configmap,deployment,networkpolicy,service,serviceaccount,role,rolebinding";
  await kubectl(plane, ["delete", namespaced, "--all", "-n", namespace]);
  const response = await plane.adminFetch(`/api/v1/namespaces/${namespace}/finalize`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace },
      spec: { finalizers: [] },
    }),
  });
  await response.body?.cancel();
}

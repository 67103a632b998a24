import type { ResourceDefinition } from "../src/kubernetes/object.ts";
import { resourcePath } from "../src/kubernetes/resource_path.ts";
import type { Manifest } from "./manifests/manifest.ts";

/** Where each kind that is installed lives: its plural, and whether in a namespace. */
const KINDS: Readonly<Record<string, { readonly plural: string; readonly namespaced: boolean }>> = {
  ClusterRole: { plural: "clusterroles", namespaced: false },
  ClusterRoleBinding: { plural: "clusterrolebindings", namespaced: false },
  CustomResourceDefinition: { plural: "customresourcedefinitions", namespaced: false },
  Deployment: { plural: "deployments", namespaced: true },
  Namespace: { plural: "namespaces", namespaced: false },
  NetworkPolicy: { plural: "networkpolicies", namespaced: true },
  Role: { plural: "roles", namespaced: true },
  RoleBinding: { plural: "rolebindings", namespaced: true },
  Service: { plural: "services", namespaced: true },
  ServiceAccount: { plural: "serviceaccounts", namespaced: true },
  ValidatingAdmissionPolicy: { plural: "validatingadmissionpolicies", namespaced: false },
  ValidatingAdmissionPolicyBinding: {
    plural: "validatingadmissionpolicybindings",
    namespaced: false,
  },
};

/** The URL path of an object. Throws a RangeError for a kind that is never installed. */
export function pathOf({ apiVersion, kind, metadata }: Manifest): string {
  const known = KINDS[kind];
  if (known === undefined) throw new RangeError(`no plural is known for kind ${kind}`);
  const [version, group = ""] = apiVersion.split("/").reverse();
  const definition: ResourceDefinition = { group, version: version!, kind, ...known };
  return resourcePath(definition, { namespace: metadata.namespace, name: metadata.name });
}

import { ApiError, isNotFound } from "../../src/kubernetes/http/errors.ts";
import type { ResourceDefinition } from "../../src/kubernetes/resources/object.ts";
import { resourcePath } from "../../src/kubernetes/resources/resource_path.ts";
import type { Manifest } from "../manifests/manifest.ts";

const RBAC = { group: "rbac.authorization.k8s.io", version: "v1" } as const;
const ADMISSION = { group: "admissionregistration.k8s.io", version: "v1" } as const;
const CORE = { group: "", version: "v1" } as const;

type Resource = Omit<ResourceDefinition, "kind">;

/** Where each kind that is installed lives, in the order in which they are applied. */
const KINDS: Readonly<Record<string, Resource>> = {
  CustomResourceDefinition: {
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    namespaced: false,
  },
  Namespace: { ...CORE, plural: "namespaces", namespaced: false },
  ConfigMap: { ...CORE, plural: "configmaps", namespaced: true },
  ServiceAccount: { ...CORE, plural: "serviceaccounts", namespaced: true },
  ValidatingAdmissionPolicy: {
    ...ADMISSION,
    plural: "validatingadmissionpolicies",
    namespaced: false,
  },
  ValidatingAdmissionPolicyBinding: {
    ...ADMISSION,
    plural: "validatingadmissionpolicybindings",
    namespaced: false,
  },
  ClusterRole: { ...RBAC, plural: "clusterroles", namespaced: false },
  ClusterRoleBinding: { ...RBAC, plural: "clusterrolebindings", namespaced: false },
  Role: { ...RBAC, plural: "roles", namespaced: true },
  RoleBinding: { ...RBAC, plural: "rolebindings", namespaced: true },
  NetworkPolicy: {
    group: "networking.k8s.io",
    version: "v1",
    plural: "networkpolicies",
    namespaced: true,
  },
  Service: { ...CORE, plural: "services", namespaced: true },
  Deployment: { group: "apps", version: "v1", plural: "deployments", namespaced: true },
};

/** What people write into: its data is theirs, whoever made the object. */
export const DATA_KINDS: readonly string[] = ["ConfigMap"];

/** With these goes more than what was installed. */
const NEVER_PRUNED = ["CustomResourceDefinition", "Namespace", ...DATA_KINDS];

/** The kinds of which objects may be deleted, what was applied last first. */
export function prunedKinds(): readonly ResourceDefinition[] {
  return Object.entries(KINDS)
    .filter(([kind]) => !NEVER_PRUNED.includes(kind))
    .map(([kind, resource]) => ({ kind, ...resource }))
    .reverse();
}

/** The URL path of an object. Throws a RangeError for a kind that is never installed. */
export function pathOf({ kind, metadata }: Manifest): string {
  const resource = KINDS[kind];
  if (resource === undefined) throw new RangeError(`no plural is known for kind ${kind}`);
  const { name, namespace } = metadata;
  return resourcePath({ kind, ...resource }, { namespace, name });
}

/** The API server knows no such kind, as one that is older than it. */
export function isUnserved(error: unknown): boolean {
  // An unknown group is answered with a plain page, an unknown resource with a Status of no object.
  if (isNotFound(error)) return error.details?.name === undefined;
  return error instanceof ApiError && error.code === 404;
}

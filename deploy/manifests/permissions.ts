import { LEASE_NAME } from "../../src/controller/conventions.ts";
import { BINDING_GROUPS } from "./binding_apis.ts";
import type { Settings } from "./settings.ts";

/** The settings that some permissions depend on. */
export type ConditionalSetting = "workloadIdentity" | "metricsSecure";

/** One thing that the operator may do, and why it must. */
export interface Permission {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
  readonly why: string;
  /** The setting without which it is not granted. */
  readonly only?: ConditionalSetting;
}

/** What the operator may do in every namespace. */
export function clusterPermissions(settings: Settings): readonly Permission[] {
  const { workloadIdentity, metricsSecure, secretAccess } = settings;
  return [
    {
      apiGroups: BINDING_GROUPS,
      resources: ["acrpullbindings"],
      verbs: ["get", "list", "watch", "patch"],
      why: "Follow the bindings; add and remove their finalizer.",
    },
    {
      apiGroups: BINDING_GROUPS,
      resources: ["acrpullbindings/status"],
      verbs: ["patch"],
      why: "Tell how a binding fares.",
    },
    {
      apiGroups: BINDING_GROUPS,
      resources: ["acrpullbindings/finalizers"],
      verbs: ["update"],
      why: "Name a binding as its Secret's owner with blockOwnerDeletion, where the admission " +
        "plugin OwnerReferencesPermissionEnforcement asks for it.",
    },
    secretPermission(secretAccess),
    {
      apiGroups: [""],
      resources: ["serviceaccounts"],
      verbs: ["get", "list", "watch", "patch"],
      why: "Attach pull Secrets; read the annotations of workload identity.",
    },
    ...(workloadIdentity ? [TOKEN_REQUESTS] : []),
    {
      apiGroups: [""],
      resources: ["events"],
      verbs: ["create", "patch"],
      why: "Tell of failures and recoveries; patch counts one that happens again.",
    },
    ...(metricsSecure ? METRICS_REVIEWS : []),
  ];
}

/** What the operator may do in its own namespace. */
export const NAMESPACE_PERMISSIONS: readonly Permission[] = [
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    verbs: ["create"],
    why: "Make the Lease of leader election. RBAC cannot name what is not there yet.",
  },
  {
    apiGroups: ["coordination.k8s.io"],
    resources: ["leases"],
    resourceNames: [LEASE_NAME],
    verbs: ["get", "update"],
    why: "Take and renew that Lease.",
  },
];

function secretPermission(access: Settings["secretAccess"]): Permission {
  const following = access === "watch" ? ["list", "watch"] : [];
  return {
    apiGroups: [""],
    resources: ["secrets"],
    verbs: ["get", ...following, "create", "patch", "delete"],
    why: "Keep the pull Secrets. list and watch ask for metadata and the label " +
      "acr.microsoft.com/binding alone. RBAC cannot enforce that limit. " +
      "--secret-access=get does without list and watch.",
  };
}

const TOKEN_REQUESTS: Permission = {
  apiGroups: [""],
  resources: ["serviceaccounts/token"],
  verbs: ["create"],
  why: "Mint the token that Entra exchanges for a workload identity. RBAC knows no audiences: by " +
    "itself this allows a token by which the API server takes the operator for any service " +
    "account of the cluster. Policy msi-acrpull-token-requests holds it to one audience.",
  only: "workloadIdentity",
};

const METRICS_REVIEWS: readonly Permission[] = [
  {
    apiGroups: ["authentication.k8s.io"],
    resources: ["tokenreviews"],
    verbs: ["create"],
    why: "Find out who asks for metrics.",
    only: "metricsSecure",
  },
  {
    apiGroups: ["authorization.k8s.io"],
    resources: ["subjectaccessreviews"],
    verbs: ["create"],
    why: "Find out whether they may read them.",
    only: "metricsSecure",
  },
];

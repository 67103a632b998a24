/** An object to be applied. What is in it beside its identity is typed where it is made. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
  readonly [field: string]: unknown;
}

/** The metadata that a manifest may carry. */
export interface ManifestMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The objects' names: those of the first release, so that an installation of it is taken over. */
export const NAMES = {
  serviceAccount: "msi-acrpull-controller-manager",
  deployment: "msi-acrpull-controller-manager",
  managerRole: "msi-acrpull-manager-role",
  managerRoleBinding: "msi-acrpull-manager-rolebinding",
  leaderElectionRole: "msi-acrpull-leader-election-role",
  leaderElectionRoleBinding: "msi-acrpull-leader-election-rolebinding",
  metricsService: "msi-acrpull-controller-manager-metrics-service",
  metricsReaderRole: "msi-acrpull-metrics-reader",
  networkPolicy: "msi-acrpull-controller-manager",
  tokenPolicy: "msi-acrpull-token-requests",
  bindingPolicy: "msi-acrpull-bindings",
  secretPolicy: "msi-acrpull-secrets",
  serviceAccountPolicy: "msi-acrpull-service-accounts",
  tenantPolicy: "msi-acrpull-tenants",
  /** The ConfigMap of the tenant policy, which an administrator writes. */
  tenants: "msi-acrpull-tenants",
  keepAlive: "msi-acrpull-tenants-keep-alive",
} as const;

/** On everything. */
export const LABELS = { "app.kubernetes.io/name": "msi-acrpull" } as const;

/**
 * What the Deployment selects its pods by. It can never change: a Deployment of the first release
 * could not be updated to another.
 */
export const SELECTOR = { "control-plane": "controller-manager" } as const;

/** On the pods; narrow enough for a namespace that is shared with other controllers. */
export const POD_LABELS = { ...SELECTOR, ...LABELS } as const;

/** `kind/name`, after the namespace where there is one. */
export function describe({ kind, metadata }: Pick<Manifest, "kind" | "metadata">): string {
  const name = `${kind}/${metadata.name}`;
  return metadata.namespace === undefined ? name : `${metadata.namespace} ${name}`;
}

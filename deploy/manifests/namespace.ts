import type { Namespace, ServiceAccount } from "kubernetes-types/core/v1.d.ts";
import { LABELS, type Manifest, NAMES, SELECTOR } from "./manifest.ts";
import type { Settings } from "./settings.ts";

/** Levels of Pod Security, https://kubernetes.io/docs/concepts/security/pod-security-standards/. */
const POD_SECURITY = {
  "pod-security.kubernetes.io/enforce": "restricted",
  "pod-security.kubernetes.io/audit": "restricted",
  "pod-security.kubernetes.io/warn": "restricted",
} as const;

/** The operator's namespace, which admits only pods without privileges. */
export function namespace(settings: Settings): Manifest {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: settings.namespace, labels: { ...SELECTOR, ...LABELS, ...POD_SECURITY } },
  } satisfies Namespace;
}

/** What is left to whoever makes the namespace, where the installation does not. */
export function ownNamespaceNotice(settings: Settings): string {
  const labels = Object.entries(POD_SECURITY).map(([name, value]) => `${name}=${value}`);
  return `Namespace ${settings.namespace} is left alone: its labels for Pod Security are its ` +
    `administrator's to set, such as ${labels[0]}.`;
}

/** The operator's account. Its token is mounted only where a pod asks for it by name. */
export function serviceAccount(settings: Settings): Manifest {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: NAMES.serviceAccount, namespace: settings.namespace, labels: LABELS },
    automountServiceAccountToken: false,
  } satisfies ServiceAccount;
}

/** As the API server names the operator. */
export function operatorUser(settings: Settings): string {
  return `system:serviceaccount:${settings.namespace}:${NAMES.serviceAccount}`;
}

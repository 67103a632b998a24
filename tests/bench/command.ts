/**
 * V8 flags sized for a pod of 100 MiB. By default the young generation grows to 32 MiB before V8
 * thinks of collecting it, and the old one to several times what lives in it: what a roll-out leaves
 * behind would stay for long.
 */
export const V8_FLAGS: readonly string[] = [
  "--max-semi-space-size=1",
  "--heap-growing-percent=40",
];

/** What the operator reads from its environment. */
const VARIABLES = [
  "ACR_SERVER",
  "ALL_PROXY",
  "ARM_RESOURCE",
  "AZURE_POD_IDENTITY_AUTHORITY_HOST",
  "HOME",
  "HTTPS_PROXY",
  "KUBECONFIG",
  "KUBERNETES_SERVICE_HOST",
  "KUBERNETES_SERVICE_PORT",
  "MANAGED_IDENTITY_CLIENT_ID",
  "MANAGED_IDENTITY_RESOURCE_ID",
  "NO_PROXY",
  "all_proxy",
  "https_proxy",
  "no_proxy",
];

/** All that the operator may do in its pod, and reading `readable` besides. */
export function permissions(readable: readonly string[] = []): readonly string[] {
  const files = ["/var/run/secrets/kubernetes.io/serviceaccount", ...readable];
  return [
    "--no-prompt",
    "--allow-net",
    `--allow-env=${VARIABLES.join(",")}`,
    `--allow-read=${files.join(",")}`,
    "--allow-sys=hostname",
  ];
}

/**
 * Keeps Deno from looking for a configuration, a lock file or modules, since the bundle is all there
 * is, and from a cache of compiled code, which a read-only file system could not keep.
 */
export const SELF_CONTAINED: readonly string[] = [
  "--no-config",
  "--no-lock",
  "--cached-only",
  "--no-code-cache",
];

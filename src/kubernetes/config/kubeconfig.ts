import { readClusterEntry } from "./cluster_entry.ts";
import { FixedCredentials } from "./credentials.ts";
import type { Entry } from "./entry.ts";
import { ConfigError } from "./errors.ts";
import { execClusterInfo } from "./exec.ts";
import { type Kubeconfig, type KubeconfigFiles, readKubeconfig } from "./kubeconfig_file.ts";
import type { ConfigSources } from "./sources.ts";
import type { ResolvedCluster, TlsMaterial } from "./types.ts";
import { userCertificate, userCredentials } from "./user_entry.ts";

/**
 * The API server of a context in kubeconfig files; without `context`, of the current one. Files of
 * certificates are read once here, so that mistakes show at the start; exec plugins run at the
 * first request. Rejects with `ConfigError`.
 */
export async function loadKubeconfig(
  files: KubeconfigFiles,
  context: string | undefined,
  sources: ConfigSources,
): Promise<ResolvedCluster> {
  const config = await readKubeconfig(files, sources);
  const name = context ?? config.currentContext;
  if (name === undefined) throw noContext(config);
  const chosen = part(config.contexts, name, "context", config, contextFault(config, context));
  const cluster = resolve(config, name, chosen, sources);
  await cluster.tls();
  return cluster;
}

function resolve(
  config: Kubeconfig,
  name: string,
  context: Entry,
  sources: ConfigSources,
): ResolvedCluster {
  const cluster = referenced(config.clusters, context, "cluster", config);
  const user = context.string("user") === undefined
    ? undefined
    : referenced(config.users, context, "user", config);
  const { server, ca, proxy } = readClusterEntry(cluster, sources);
  const certificate = user && userCertificate(user, sources);
  const clusterInfo = async () => execClusterInfo(cluster, server, await ca?.read());
  return {
    origin: `kubeconfig ${context.file}, context ${name}`,
    server,
    defaultNamespace: context.string("namespace") ?? "default",
    credentials: user ? userCredentials(user, clusterInfo, sources) : new FixedCredentials({}),
    inCluster: false,
    async tls(): Promise<TlsMaterial> {
      return {
        caCerts: ca ? [await ca.read()] : [],
        ...(ca ? { caSource: ca.source } : {}),
        ...(certificate
          ? {
            clientCertificate: await certificate.read(),
            clientCertificateSource: certificate.source,
          }
          : {}),
      };
    },
    ...(proxy ? { proxy } : {}),
  };
}

/** The cluster or user that a context names. */
function referenced(
  entries: ReadonlyMap<string, Entry>,
  context: Entry,
  kind: "cluster" | "user",
  config: Kubeconfig,
): Entry {
  const name = context.required(kind);
  return part(entries, name, kind, config, (what) => context.fault(kind, what));
}

/** The object within a named entry: `clusters[name=x].cluster` and the like. */
function part(
  entries: ReadonlyMap<string, Entry>,
  name: string,
  kind: "cluster" | "user" | "context",
  config: Kubeconfig,
  fault: (what: string) => ConfigError,
): Entry {
  const entry = entries.get(name);
  if (entry === undefined) {
    const known = [...entries.keys()].join(", ") || "none";
    throw fault(
      `is "${name}", and no entry of ${kind}s has that name in ${config.files.join(", ")} ` +
        `(there: ${known})`,
    );
  }
  const inner = entry.child(kind);
  if (inner !== undefined) return inner;
  // A user without any field is an anonymous one; kubectl writes it as `user: {}` or null.
  if (kind === "user") return entry;
  throw entry.fault(kind, "is missing");
}

function contextFault(config: Kubeconfig, context: string | undefined) {
  const lead = context === undefined
    ? `kubeconfig ${config.files.join(", ")}: current-context`
    : "the context asked for";
  return (what: string) => new ConfigError(`${lead} ${what}`);
}

function noContext(config: Kubeconfig): ConfigError {
  const known = [...config.contexts.keys()].join(", ") || "none";
  return new ConfigError(
    `kubeconfig ${config.files.join(", ")}: current-context is not set; set it, or name one of ` +
      `the contexts (there: ${known})`,
  );
}

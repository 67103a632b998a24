import { join } from "node:path";
import { ConfigError } from "./errors.ts";
import { isInCluster, loadInCluster } from "./in_cluster.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import { type ConfigSources, systemSources } from "./sources.ts";
import type { ResolvedCluster } from "./types.ts";

/** What the command line says about the cluster. */
export interface ClusterChoice {
  /** One kubeconfig file. */
  kubeconfig?: string | undefined;
  /** A context of the kubeconfig in place of its current one. */
  context?: string | undefined;
}

/**
 * Finds the API server, in this order: the kubeconfig asked for; the files of KUBECONFIG; the pod's
 * own ServiceAccount, unless a context is asked for, since a pod has none; ~/.kube/config. The
 * first that is there counts, and what is wrong with it is an error: no other is tried then.
 * Rejects with `ConfigError`.
 */
export async function resolveCluster(
  choice: ClusterChoice = {},
  sources: ConfigSources = systemSources,
): Promise<ResolvedCluster> {
  const { kubeconfig, context } = choice;
  if (kubeconfig) {
    return await loadKubeconfig({ paths: [kubeconfig], mayBeMissing: false }, context, sources);
  }
  const paths = (sources.env("KUBECONFIG") ?? "").split(sources.pathListSeparator).filter(Boolean);
  if (paths.length > 0) {
    return await loadKubeconfig({ paths, mayBeMissing: true }, context, sources);
  }
  if (!context && isInCluster(sources)) return await loadInCluster(sources);
  return await loadDefault(context, sources);
}

async function loadDefault(
  context: string | undefined,
  sources: ConfigSources,
): Promise<ResolvedCluster> {
  const home = sources.env("HOME") || sources.env("USERPROFILE");
  const path = home && join(home, ".kube", "config");
  if (!path || await isMissing(path, sources)) throw nothingFound(path, context);
  return await loadKubeconfig({ paths: [path], mayBeMissing: false }, context, sources);
}

/** What else is wrong with the file is for the one who reads it to say. */
async function isMissing(path: string, sources: ConfigSources): Promise<boolean> {
  try {
    await sources.readFile(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

function nothingFound(path: string | undefined, context: string | undefined): ConfigError {
  const pod = context
    ? `not in-cluster (a pod has no context "${context}")`
    : "not in-cluster (KUBERNETES_SERVICE_HOST is not set)";
  const home = path ? `${path} does not exist` : "HOME is not set";
  return new ConfigError(
    `no Kubernetes cluster is configured: no kubeconfig was asked for, KUBECONFIG is not set, ` +
      `${pod}, ${home}. Set KUBECONFIG or name a kubeconfig file`,
  );
}

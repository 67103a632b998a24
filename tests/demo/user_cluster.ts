import { isAbsolute, join } from "node:path";
import { resolveCluster } from "../../src/kubernetes/config/resolve.ts";
import { FetchRestClient } from "../../src/kubernetes/http/transport.ts";
import type { Clock } from "../../src/runtime/time/clock.ts";
import { type Endpoint, kubectlLines } from "./endpoint.ts";
import { NAMESPACE } from "./installation.ts";

/** Names a cluster of the user's. */
export interface ClusterChoice {
  readonly kubeconfig: string;
  readonly context?: string;
}

/**
 * The user's own cluster. A relative path counts from `directory`, which is the user's: tasks run
 * elsewhere. Rejects with ConfigError.
 */
export async function openUserCluster(
  { kubeconfig, context }: ClusterChoice,
  directory: string,
  clock: Clock,
): Promise<Endpoint> {
  const path = isAbsolute(kubeconfig) ? kubeconfig : join(directory, kubeconfig);
  const config = await resolveCluster({ kubeconfig: path, context });
  const flags = context === undefined ? [] : ["--context", context];
  return {
    title: `${config.server} (${config.origin})`,
    kubectl: kubectlLines({ kubeconfig: path, flags, namespace: NAMESPACE, directory }),
    shared: true,
    connect: () => new FetchRestClient({ config, fetch, clock, userAgent: "msi-acrpull-demo" }),
    [Symbol.asyncDispose]: () => Promise.resolve(config.credentials.close?.()),
  };
}

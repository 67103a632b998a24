import type { CaBundle } from "../../azure/ca_bundle.ts";
import { Connections } from "../../azure/connections.ts";
import { DIRECT_LIMITS, PROXIED_LIMITS } from "../../azure/host_limits.ts";
import { resolveCluster } from "../../kubernetes/config/resolve.ts";
import { leaderIdentity } from "../../kubernetes/leader_election/record.ts";
import { FetchRestClient } from "../../kubernetes/http/transport.ts";
import { systemClock } from "../../runtime/time/clock.ts";
import { onRoute } from "../../runtime/network/proxy_route.ts";
import { createLogger } from "../../telemetry/log/create_logger.ts";
import { createInstruments } from "../../telemetry/metrics/instruments.ts";
import { createLineWriter } from "../../telemetry/log/line_writer.ts";
import type { Logger } from "../../telemetry/log/logger.ts";
import { Registry } from "../../telemetry/metrics/registry.ts";
import { registerProcessMetrics } from "../../telemetry/metrics/process_metrics.ts";
import { openCaBundle } from "./ca_bundle.ts";
import { greet } from "./greeting.ts";
import type { Dependencies } from "./operator.ts";
import type { Options } from "../flags/options.ts";
import { USES_PROXY } from "../permissions/proxy.ts";
import { type Routes, routesOf } from "./routes.ts";
import { refuseOwnAudience } from "./token_audience.ts";

/** There since Deno 2.6, and missing from its types; node:process would cost 4 MB of memory. */
interface CpuUsage {
  cpuUsage(): { user: number; system: number };
}

/** The process's own dependencies: a log at once, the rest once the cluster is known. */
export function processDependencies(
  options: Options,
  version: string,
): { readonly log: Logger; readonly connect: () => Promise<Dependencies> } {
  const registry = new Registry();
  const instruments = createInstruments(registry);
  const log = createLogger({
    ...options.log,
    clock: systemClock,
    write: createLineWriter(Deno.stderr, () => instruments.logLinesDropped.inc({})),
  });
  registerProcessMetrics(registry, {
    startedAt: systemClock.now(),
    version,
    denoVersion: Deno.version.deno,
    memoryUsage: () => Deno.memoryUsage(),
    cpuUsage: () => (Deno as unknown as CpuUsage).cpuUsage(),
  });
  const connect = async (): Promise<Dependencies> => {
    const cluster = await resolveCluster({
      kubeconfig: options.kubeconfig?.from === "--kubeconfig" ? options.kubeconfig.path : undefined,
      context: options.context,
    });
    await refuseOwnAudience(cluster, options.serviceAccountTokenAudience);
    const routes = routesOf((name) => Deno.env.get(name), options, USES_PROXY);
    log.info("using API server", { server: cluster.server, origin: cluster.origin });
    const rest = new FetchRestClient({
      config: cluster,
      fetch,
      clock: systemClock,
      userAgent: `msi-acrpull-deno/${version}`,
      createHttpClient: (tls) =>
        onRoute(routes.toCluster(cluster), () => Deno.createHttpClient(tls)),
    });
    await greet(rest, { cluster, serviceHost: Deno.env.get("KUBERNETES_SERVICE_HOST"), log });
    return {
      rest,
      renewConnections: () => rest.renew(),
      podNamespace: cluster.inCluster ? cluster.defaultNamespace : undefined,
      identity: leaderIdentity(Deno.hostname(), crypto.randomUUID()),
      azureFetch: fetch,
      azureConnections: connectionsToAzure(openCaBundle(options, log), routes),
      azureLimits: USES_PROXY ? PROXIED_LIMITS : DIRECT_LIMITS,
      clock: systemClock,
      monotonic: () => performance.now(),
      random: Math.random,
      log,
      registry,
      instruments,
    };
  };
  return { log, connect };
}

/** The bundle's authorities are trusted beside those that Deno has built in. */
function connectionsToAzure(bundle: CaBundle | undefined, { toAzure }: Routes): Connections {
  return new Connections({
    create: (route) =>
      onRoute(
        route,
        () => Deno.createHttpClient({ caCerts: [...bundle?.certificates ?? []] }),
      ),
    routeOf: toAzure,
    hasBundle: bundle !== undefined,
    clock: systemClock,
    outdated: () => bundle?.changed() ?? false,
  });
}

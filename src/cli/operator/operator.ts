import { optional } from "../../runtime/optional.ts";
import type { Connections } from "../../azure/connections.ts";
import { Credentials } from "../../azure/credentials.ts";
import type { HostLimits } from "../../azure/host_limits.ts";
import { IMDS_BASE_URL } from "../../azure/imds.ts";
import type { BindingSettings } from "../../controller/binding/settings.ts";
import { type CacheState, Controller } from "../../controller/controller.ts";
import { FIELD_MANAGER, LEASE_NAME } from "../../controller/conventions.ts";
import { serviceAccountTokens } from "../../controller/execute/service_account_token.ts";
import { TelemetryReport } from "../../controller/telemetry_report.ts";
import type { RestClient } from "../../kubernetes/http/contract.ts";
import { events, leases, serviceAccounts } from "../../kubernetes/resources/built_in.ts";
import { EventRecorder } from "../../kubernetes/events/recorder.ts";
import { LeaderElector } from "../../kubernetes/leader_election/elector.ts";
import { guarded } from "../../kubernetes/leader_election/guarded.ts";
import { LargeObjects } from "../../kubernetes/http/large_objects.ts";
import { reportCalls } from "../../kubernetes/http/call_report.ts";
import { withRetries } from "../../kubernetes/http/retry.ts";
import { Breather } from "../../runtime/time/breather.ts";
import type { Clock } from "../../runtime/time/clock.ts";
import type { Random } from "../../runtime/random.ts";
import { EventLoopLag } from "../../telemetry/metrics/event_loop_lag.ts";
import type { CheckResult } from "../../telemetry/serving/health.ts";
import type { Instruments } from "../../telemetry/metrics/instruments.ts";
import type { Logger } from "../../telemetry/log/logger.ts";
import type { Registry } from "../../telemetry/metrics/registry.ts";
import { serveTelemetry } from "../../telemetry/serving/server.ts";
import { metricsSecurityOf } from "./metrics_security.ts";
import type { Options } from "../flags/options.ts";

/** What the operator finds around it, so that tests put their own in its place. */
export interface Dependencies {
  /** Sends each request once; retries are added here. */
  readonly rest: RestClient;
  /** Makes connections to the API server anew. */
  readonly renewConnections: () => void;
  /** The pod's own namespace; undefined outside a cluster. */
  readonly podNamespace: string | undefined;
  /** Unique to this process, for the Lease. */
  readonly identity: string;
  readonly azureFetch: typeof fetch;
  /** By which `azureFetch` reaches Azure. Absent where it needs none, as a test's. */
  readonly azureConnections?: Connections;
  /** How many calls `azureFetch` can have under way. */
  readonly azureLimits: HostLimits;
  readonly clock: Clock;
  /** Milliseconds that only ever advance. */
  readonly monotonic: () => number;
  readonly random: Random;
  readonly log: Logger;
  readonly registry: Registry;
  readonly instruments: Instruments;
}

/**
 * Runs the operator until `signal` aborts. Rejects when it cannot start, and with LeadershipLost
 * when another replica may have taken over.
 */
export async function runOperator(
  options: Options,
  dependencies: Dependencies,
  signal: AbortSignal,
): Promise<void> {
  const leaseNamespace = leaseNamespaceOf(options, dependencies);
  const ended = new AbortController();
  const all = AbortSignal.any([signal, ended.signal]);
  const once = measuredRest(dependencies);
  const elector = leaseNamespace === undefined
    ? undefined
    : electorOf(dependencies, once, leaseNamespace);
  const writing = elector === undefined ? once : guarded(once, () => elector.check());
  const lag = new EventLoopLag({ ...dependencies, signal: all });
  const breather = new Breather({ ...dependencies, onWork: () => lag.watch() });
  const largeObjects = new LargeObjects(() => dependencies.clock.now());
  const rest = withRetries(largeObjects.wrap(writing), dependencies);
  const recorder = recorderOf(dependencies, once);
  const minting = new AbortController();
  const parts = { rest, largeObjects, recorder, breather, minting: minting.signal };
  const controller = controllerOf(options, dependencies, parts);
  measure(dependencies.instruments, controller, lag);
  const telemetry = await serveTelemetry({
    health: options.healthProbeBindAddress,
    metrics: options.metricsBindAddress,
    secure: metricsSecurityOf(options, { ...dependencies, rest: once }),
    checks: checksOf(controller),
    registry: dependencies.registry,
    clock: dependencies.clock,
    onConnection: () => lag.watch(),
    signal: all,
  });
  const background = [controller.watch(all), recorder.run(all), telemetry.finished];
  try {
    const lead = (leadership: AbortSignal) => {
      leadership.addEventListener("abort", () => minting.abort(leadership.reason), { once: true });
      return controller.lead(leadership);
    };
    if (elector === undefined) dependencies.instruments.leader.set({}, 1);
    if (elector === undefined) await lead(all);
    else await elector.run(all, lead);
  } finally {
    ended.abort();
    await Promise.all(background);
  }
}

/** The Lease's namespace, or undefined without leader election. */
function leaseNamespaceOf(
  { leaderElection }: Options,
  { podNamespace }: Dependencies,
): string | undefined {
  if (!leaderElection.enabled) return undefined;
  const namespace = leaderElection.namespace ?? podNamespace;
  if (namespace !== undefined) return namespace;
  throw new Error(
    "--leader-elect outside a cluster needs to know where the Lease is: " +
      "add --leader-election-namespace.",
  );
}

function measuredRest({ rest, clock, instruments }: Dependencies): RestClient {
  return reportCalls(rest, clock, ({ verb, resource, code, durationMs }) => {
    instruments.kubernetesRequests.inc({ verb, resource, code: code === 0 ? "error" : `${code}` });
    // A watch is begun at once and ends when it will.
    if (verb !== "watch") instruments.kubernetesRequestSeconds.observe({ verb }, durationMs / 1000);
  });
}

/** What the controller is made of. */
interface Parts {
  readonly rest: RestClient;
  readonly largeObjects: LargeObjects;
  readonly recorder: EventRecorder;
  readonly breather: Breather;
  /** Ends all that is asked of Azure: a replica that does not lead must not use up its patience. */
  readonly minting: AbortSignal;
}

function controllerOf(
  options: Options,
  dependencies: Dependencies,
  { rest, largeObjects, recorder, breather, minting }: Parts,
): Controller {
  const { clock, monotonic, random, log, instruments } = dependencies;
  const report = new TelemetryReport({ log, instruments, events: recorder, clock });
  return new Controller({
    rest,
    clock,
    monotonic,
    random,
    report,
    breather,
    largeObjects,
    settings: settingsOf(options),
    labelSelector: options.labelSelector.toString(),
    readsSecretsByName: options.secretAccess === "get",
    credentials: credentialsOf(options, dependencies, rest, minting),
    informerReport: (name, crd) => report.informer(name, crd),
    onSilent: dependencies.renewConnections,
  });
}

/** Events are tried again by their recorder, which knows what they are worth. */
function recorderOf(
  { clock, random, log, identity }: Dependencies,
  rest: RestClient,
): EventRecorder {
  return new EventRecorder({
    events: events(rest, { fieldManager: FIELD_MANAGER }),
    reporter: { component: "msi-acrpull-controller", instance: identity },
    clock,
    random,
    log,
  });
}

function credentialsOf(
  options: Options,
  { azureFetch, azureConnections, azureLimits, clock, instruments, log }: Dependencies,
  rest: RestClient,
  signal: AbortSignal,
): Credentials {
  return new Credentials({
    fetch: azureFetch,
    ...optional("connections", azureConnections),
    limits: azureLimits,
    clock,
    signal,
    imdsBaseUrl: options.imdsAuthorityHost ?? IMDS_BASE_URL,
    audiencePolicy: options.audiencePolicy,
    allowedServerSuffixes: options.allowedServerSuffixes,
    serviceAccountToken: serviceAccountTokens(
      serviceAccounts(rest, { fieldManager: FIELD_MANAGER }),
      options.serviceAccountTokenAudience,
    ),
    onOtherAudience: (host, audience) =>
      log.warn("a registry's token names another", { host, audience }),
    onCall: (endpoint, status, durationMs) => {
      const name = AZURE_ENDPOINTS[endpoint];
      instruments.azureRequests.inc({ endpoint: name, code: status === 0 ? "error" : `${status}` });
      instruments.azureRequestSeconds.observe({ endpoint: name }, durationMs / 1000);
    },
  });
}

/** Names in metrics. */
const AZURE_ENDPOINTS = {
  imds: "imds",
  entra: "entra",
  exchange: "acr_exchange",
  token: "acr_token",
} as const;

function settingsOf(options: Options): BindingSettings {
  const { defaults, airgapped } = options;
  return {
    allowedServerSuffixes: options.allowedServerSuffixes,
    ttlRotationFraction: options.ttlRotationFraction,
    defaults: {
      acrServer: defaults.acrServer ?? "",
      managedIdentityClientID: defaults.managedIdentityClientID ?? "",
      managedIdentityResourceID: defaults.managedIdentityResourceID ?? "",
      armResource: defaults.armResource ?? "",
    },
    allowedEntraAuthorityHosts: airgapped.entraAuthorityHosts,
    allowedResourceManagerAudiences: airgapped.resourceManagerAudiences,
  };
}

/** The election has its own pace of trying again, so that its client must have none. */
function electorOf(
  { clock, monotonic, random, identity, log, instruments, renewConnections }: Dependencies,
  rest: RestClient,
  namespace: string,
): LeaderElector {
  return new LeaderElector({
    leases: leases(rest, { fieldManager: FIELD_MANAGER }),
    namespace,
    name: LEASE_NAME,
    identity,
    clock,
    monotonic,
    random,
    log,
    onTimeout: renewConnections,
    onChange: ({ kind }) => instruments.leader.set({}, kind === "leading" ? 1 : 0),
  });
}

function measure(instruments: Instruments, controller: Controller, lag: EventLoopLag): void {
  instruments.eventLoopLagMax.collect(() => [{ labels: {}, value: lag.longestMs / 1000 }]);
  instruments.queueDepth.collect(() => [{ labels: {}, value: controller.queue.depth }]);
  instruments.bindings.collect(() =>
    controller.census().map(({ api, ready, count }) => ({
      labels: { api, ready: `${ready}` },
      value: count,
    }))
  );
  instruments.credentialExpiry.collect(() =>
    controller.firstExpiries().map(({ api, expiresAt }) => ({
      labels: { api },
      value: expiresAt / 1000,
    }))
  );
}

function checksOf(controller: Controller) {
  return {
    live: { reconciling: () => notStuck(controller) },
    ready: { caches: () => inStep(controller.caches) },
  };
}

function notStuck(controller: Controller): CheckResult {
  const reason = controller.stuck();
  return reason === undefined ? { ok: true } : { ok: false, reason };
}

/** Every cache must be in step; of the two APIs, one may not be installed. */
function inStep(caches: readonly CacheState[]): CheckResult {
  const isBinding = ({ name }: CacheState) => name.startsWith("acrpullbindings");
  const lagging = caches.filter((cache) =>
    cache.state !== "synced" && !(isBinding(cache) && cache.state === "absent")
  );
  if (caches.filter(isBinding).every(({ state }) => state === "absent")) {
    return { ok: false, reason: "neither AcrPullBinding CRD is installed" };
  }
  if (lagging.length === 0) return { ok: true };
  // Why stands in the log: a probe's answer is for everyone, and errors quote what others wrote.
  const reasons = lagging.map(({ name, state }) => `${name} is ${state}`);
  return { ok: false, reason: reasons.join("; ") };
}

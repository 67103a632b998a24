import type { Counter, Gauge, Histogram, Registry } from "./registry.ts";

/** Seconds, from one answer of a near service to the longest wait for a far one. */
const LATENCY_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Every metric of the operator, by what it tells. Handed to the layers that measure. */
export interface Instruments {
  /** Work on one binding until there is nothing to do. `result`: settled, failed. */
  readonly reconciles: Counter<"api" | "result">;
  /** Steps carried out for bindings. `result`: ok, failed. */
  readonly actions: Counter<"api" | "action" | "result">;
  readonly reconcileSeconds: Histogram<"api">;
  /** Credentials minted. `kind`: managed_identity, workload_identity. `result`: ok, or a class of error. */
  readonly mints: Counter<"kind" | "result">;
  /** Requests to Azure. `endpoint`: imds, entra, acr_exchange, acr_token. `code`: HTTP status, or error. */
  readonly azureRequests: Counter<"endpoint" | "code">;
  readonly azureRequestSeconds: Histogram<"endpoint">;
  /** Requests to Kubernetes. `resource` is the plural. `code`: HTTP status, or error. */
  readonly kubernetesRequests: Counter<"verb" | "resource" | "code">;
  readonly kubernetesRequestSeconds: Histogram<"verb">;
  /** Watches begun again after an end or a relist. */
  readonly watchRestarts: Counter<"resource">;
  /** Bindings known. `ready`: true, false. Collected from the caches. */
  readonly bindings: Gauge<"api" | "ready">;
  /** Unix time at which the first of all credentials expires. Collected from the caches. */
  readonly credentialExpiry: Gauge<"api">;
  /** Bindings that wait for a worker. */
  readonly queueDepth: Gauge<never>;
  /** 1 while this replica acts, else 0. */
  readonly leader: Gauge<never>;
  /** How late the event loop came to a timer at most. Collected from what measures it. */
  readonly eventLoopLagMax: Gauge<never>;
  readonly logLinesDropped: Counter<never>;
}

/** Declares every metric of the operator in `registry`. */
export function createInstruments(registry: Registry): Instruments {
  return {
    reconciles: registry.counter({
      name: "acrpull_reconcile_total",
      help: "Work on one binding until there was nothing to do, or an attempt failed.",
      labels: ["api", "result"],
    }),
    actions: registry.counter({
      name: "acrpull_actions_total",
      help: "Steps carried out for bindings, by kind and result.",
      labels: ["api", "action", "result"],
    }),
    reconcileSeconds: registry.histogram({
      name: "acrpull_reconcile_duration_seconds",
      help: "Time of the work on one binding, waits for Azure included.",
      labels: ["api"],
      buckets: LATENCY_BUCKETS,
    }),
    mints: registry.counter({
      name: "acrpull_mint_total",
      help: "Credentials asked of Azure, by kind of identity and result.",
      labels: ["kind", "result"],
    }),
    ...requestInstruments(registry),
    ...stateInstruments(registry),
  };
}

function requestInstruments(registry: Registry) {
  return {
    azureRequests: registry.counter({
      name: "acrpull_azure_requests_total",
      help: "Requests to Azure, by endpoint and HTTP status.",
      labels: ["endpoint", "code"],
    }),
    azureRequestSeconds: registry.histogram({
      name: "acrpull_azure_request_duration_seconds",
      help: "Time until Azure's answer was complete.",
      labels: ["endpoint"],
      buckets: LATENCY_BUCKETS,
    }),
    kubernetesRequests: registry.counter({
      name: "acrpull_kubernetes_requests_total",
      help: "Requests to the Kubernetes API, by verb, resource and HTTP status.",
      labels: ["verb", "resource", "code"],
    }),
    kubernetesRequestSeconds: registry.histogram({
      name: "acrpull_kubernetes_request_duration_seconds",
      help: "Time until the Kubernetes API's answer began.",
      labels: ["verb"],
      buckets: LATENCY_BUCKETS,
    }),
    watchRestarts: registry.counter({
      name: "acrpull_watch_restarts_total",
      help: "Watches begun again after an end or a relist.",
      labels: ["resource"],
    }),
  } satisfies Partial<Instruments>;
}

function stateInstruments(registry: Registry) {
  return {
    bindings: registry.gauge({
      name: "acrpull_bindings",
      help: "AcrPullBindings, by API and readiness.",
      labels: ["api", "ready"],
    }),
    credentialExpiry: registry.gauge({
      name: "acrpull_credential_expiry_timestamp_seconds",
      help: "Unix time at which the first of all credentials expires.",
      labels: ["api"],
    }),
    queueDepth: registry.gauge({
      name: "acrpull_queue_depth",
      help: "Bindings that wait for a worker.",
    }),
    leader: registry.gauge({
      name: "acrpull_leader",
      help: "1 while this replica acts, else 0.",
    }),
    eventLoopLagMax: registry.gauge({
      name: "acrpull_event_loop_lag_max_seconds",
      help: "Longest time since the start for which work kept the event loop from all that waited.",
    }),
    logLinesDropped: registry.counter({
      name: "acrpull_log_lines_dropped_total",
      help: "Log lines that could not be written.",
    }),
  } satisfies Partial<Instruments>;
}

import type { Clock } from "../../runtime/time/clock.ts";
import { optional } from "../../runtime/optional.ts";
import type { Authorize } from "./authorization.ts";
import { type BindAddress, formatBindAddress } from "../../http_server/bind_address.ts";
import type { CertificateSource } from "../../http_server/certificate.ts";
import { telemetryHandler, type TelemetryRoutes } from "./handler.ts";
import type { Checks } from "./health.ts";
import { listen, type Listener } from "../../http_server/listener.ts";
import type { Logger } from "../log/logger.ts";
import type { Registry } from "../metrics/registry.ts";
import { TlsListener } from "../../http_server/tls_listener.ts";

export { ListenError } from "../../http_server/listener.ts";

/** What `serveTelemetry` serves, and until when. */
export interface TelemetryOptions {
  /** Null serves no health. */
  readonly health: BindAddress | null;
  /** Null serves no metrics. */
  readonly metrics: BindAddress | null;
  /** Metrics over TLS, to whom `authorize` allows them. Absent: over plain HTTP to everybody. */
  readonly secure?: MetricsSecurity | undefined;
  readonly checks: { readonly live: Checks; readonly ready: Checks };
  readonly registry: Registry;
  /** Its abort ends the listeners. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Hears of each connection before anything is read of it. */
  readonly onConnection?: () => void;
}

/** How metrics are protected. */
export interface MetricsSecurity {
  readonly certificate: CertificateSource;
  readonly authorize: Authorize;
  /** Hears of new certificates. */
  readonly log: Logger;
}

/** Listeners at work. */
export interface TelemetryServer {
  /** Where health is served: the port is the real one even when 0 was asked for. */
  readonly health?: BindAddress;
  readonly metrics?: BindAddress;
  /** Resolves when every listener is closed, at most a second after the signal. Never rejects. */
  readonly finished: Promise<void>;
}

/**
 * Serves /healthz and /readyz on one address and /metrics on the other, or all on one when both are
 * the same and metrics are plain. Rejects with a `ListenError`, and then nothing is left listening.
 */
export async function serveTelemetry(options: TelemetryOptions): Promise<TelemetryServer> {
  const opened: { readonly endpoint: Endpoint; readonly listener: Listener }[] = [];
  try {
    for (const endpoint of endpointsOf(options)) {
      opened.push({ endpoint, listener: await open(endpoint, options) });
    }
  } catch (error) {
    await Promise.all(opened.map(({ listener }) => listener.close()));
    throw error;
  }
  const at = (route: "health" | "metrics") => {
    const found = opened.find(({ endpoint }) => endpoint.routes[route] !== undefined);
    if (found === undefined) return {};
    return { [route]: { host: found.endpoint.address.host, port: found.listener.port } };
  };
  const closeAll = async () =>
    void await Promise.all(opened.map(({ listener }) => listener.close()));
  const finished = opened.length === 0 ? closeAll() : aborted(options.signal).then(closeAll);
  return { ...at("health"), ...at("metrics"), finished };
}

interface Endpoint {
  readonly address: BindAddress;
  readonly routes: TelemetryRoutes;
  /** For messages, such as `health on --health-probe-bind-address`. */
  readonly what: string;
  readonly secure?: MetricsSecurity | undefined;
}

function endpointsOf({ health, metrics, secure, checks, registry }: TelemetryOptions): Endpoint[] {
  const healthWhat = "health on --health-probe-bind-address";
  const metricsWhat = "metrics on --metrics-bind-address";
  if (health && metrics && !secure && health.port !== 0 && same(health, metrics)) {
    const routes = { health: checks, metrics: registry };
    return [{ address: health, routes, what: `${healthWhat} and ${metricsWhat}` }];
  }
  const metricsRoutes = {
    metrics: registry,
    ...optional("authorize", secure?.authorize),
  };
  return [
    ...health ? [{ address: health, routes: { health: checks }, what: healthWhat }] : [],
    ...metrics ? [{ address: metrics, routes: metricsRoutes, what: metricsWhat, secure }] : [],
  ];
}

function same(a: BindAddress, b: BindAddress): boolean {
  return formatBindAddress(a) === formatBindAddress(b);
}

async function open(
  { address, routes, what, secure }: Endpoint,
  { clock, onConnection }: TelemetryOptions,
): Promise<Listener> {
  const handler = telemetryHandler(routes);
  const target = { address, what, handler, ...optional("onConnection", onConnection) };
  if (secure === undefined) return listen(target, clock);
  return await TlsListener.open(target, {
    certificate: secure.certificate,
    clock,
    report: {
      renewed: () => secure.log.info("serving metrics with a new certificate"),
      unusable: (error) =>
        secure.log.warn("metrics keep their certificate, the new one cannot be used", { error }),
    },
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

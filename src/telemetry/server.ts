import type { Clock } from "../runtime/clock.ts";
import { type BindAddress, formatBindAddress } from "./bind_address.ts";
import { type Routes, telemetryHandler } from "./handler.ts";
import type { Checks } from "./health.ts";
import type { Registry } from "./metrics.ts";

/** What `serveTelemetry` serves, and until when. */
export interface TelemetryOptions {
  /** Null serves no health. */
  readonly health: BindAddress | null;
  /** Null serves no metrics. */
  readonly metrics: BindAddress | null;
  readonly checks: { readonly live: Checks; readonly ready: Checks };
  readonly registry: Registry;
  /** Its abort ends the listeners. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Listeners at work. */
export interface TelemetryServer {
  /** Where health is served: the port is the real one even when 0 was asked for. */
  readonly health?: BindAddress;
  readonly metrics?: BindAddress;
  /** Resolves when every listener is closed, at most a second after the signal. Never rejects. */
  readonly finished: Promise<void>;
}

/** An address that cannot be served. The message names it, its flag, the cause and the remedy. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Requests under way at the end get this long. */
const GRACE_MS = 1000;

/**
 * Serves /healthz and /readyz on one address and /metrics on the other, or all on one when both are
 * the same. Rejects with a `ListenError`, and then nothing is left listening.
 */
export async function serveTelemetry(options: TelemetryOptions): Promise<TelemetryServer> {
  const listeners: Listener[] = [];
  try {
    for (const plan of plans(options)) listeners.push(listen(plan, options));
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    throw error;
  }
  const at = (route: keyof Routes) => {
    const listener = listeners.find(({ routes }) => routes[route] !== undefined);
    return listener === undefined ? {} : { [route]: listener.address };
  };
  return {
    ...at("health"),
    ...at("metrics"),
    finished: Promise.all(listeners.map(({ finished }) => finished)).then(() => undefined),
  };
}

interface Plan {
  readonly address: BindAddress;
  readonly routes: Routes;
  /** For messages, such as `health (--health-probe-bind-address)`. */
  readonly what: string;
}

function plans({ health, metrics, checks, registry }: TelemetryOptions): Plan[] {
  const healthWhat = "health on --health-probe-bind-address";
  const metricsWhat = "metrics on --metrics-bind-address";
  if (health && metrics && health.port !== 0 && same(health, metrics)) {
    const routes = { health: checks, metrics: registry };
    return [{ address: health, routes, what: `${healthWhat} and ${metricsWhat}` }];
  }
  return [
    ...health ? [{ address: health, routes: { health: checks }, what: healthWhat }] : [],
    ...metrics ? [{ address: metrics, routes: { metrics: registry }, what: metricsWhat }] : [],
  ];
}

function same(a: BindAddress, b: BindAddress): boolean {
  return formatBindAddress(a) === formatBindAddress(b);
}

interface Listener {
  readonly address: BindAddress;
  readonly routes: Routes;
  readonly finished: Promise<void>;
  close(): Promise<void>;
}

function listen({ address, routes, what }: Plan, { signal, clock }: TelemetryOptions): Listener {
  const force = new AbortController();
  const server = bind(address, what, force.signal, telemetryHandler(routes));
  const shutdown = async () => {
    const cancel = clock.after(GRACE_MS, () => force.abort());
    await server.shutdown();
    cancel();
  };
  let closed: Promise<void> | undefined;
  const close = () => closed ??= shutdown();
  return {
    address: { host: address.host, port: server.addr.port },
    routes,
    finished: aborted(signal).then(close),
    close,
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function bind(
  address: BindAddress,
  what: string,
  signal: AbortSignal,
  handler: (request: Request) => Response,
): Deno.HttpServer<Deno.NetAddr> {
  const hosts = address.host === "" ? ["::", "0.0.0.0"] : [address.host];
  let cause: unknown;
  for (const hostname of hosts) {
    try {
      // onListen: Deno would otherwise print a line of its own to standard output.
      return Deno.serve({ hostname, port: address.port, signal, onListen: () => {} }, handler);
    } catch (error) {
      cause = error;
      // A host without IPv6 refuses :: in more ways than one; a port in use is final.
      if (error instanceof Deno.errors.AddrInUse) break;
    }
  }
  const shown = formatBindAddress(address);
  throw new ListenError(`Cannot serve ${what}=${shown}: ${reasonOf(cause)}.`, { cause });
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return "the port is in use; stop what listens there, or choose another address";
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return "this machine has no such address; choose one it has, or leave out the host";
  }
  if (error instanceof Deno.errors.NotCapable) {
    return "Deno may not listen there; add the address to --allow-net";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "the system does not allow it; choose a port above 1023";
  }
  return `${error instanceof Error ? error.message : String(error)}; choose another address`;
}

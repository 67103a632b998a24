import type { Clock } from "../runtime/clock.ts";
import { type BindAddress, formatBindAddress } from "./bind_address.ts";
import type { Certificate } from "./certificate.ts";
import type { Handler } from "./handler.ts";

/** An address that cannot be served. The message names it, its flag, the cause and the remedy. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** What answers where. */
export interface Target {
  readonly address: BindAddress;
  /** For messages, such as `health on --health-probe-bind-address`. */
  readonly what: string;
  readonly handler: Handler;
}

/** A listener at work. */
export interface Listener {
  /** The real one, also when 0 was asked for. */
  readonly port: number;
  /** Takes no more requests; those under way get a second. Never rejects. */
  close(): Promise<void>;
}

/** Requests under way at the end get this long. */
const GRACE_MS = 1000;

/**
 * Listens, over TLS where there is a certificate. Then a second listener on the same port may take
 * over from this one. Throws a `ListenError`.
 */
export function listen(target: Target, clock: Clock, certificate?: Certificate): Listener {
  const force = new AbortController();
  const server = bind(target, force.signal, certificate);
  const shutdown = async () => {
    const cancel = clock.after(GRACE_MS, () => force.abort());
    await server.shutdown();
    cancel();
  };
  let closed: Promise<void> | undefined;
  return { port: server.addr.port, close: () => closed ??= shutdown() };
}

/** The error for a target that cannot be served, for a reason that says what to do. */
export function listenError({ address, what }: Target, reason: string, cause: unknown): Error {
  const shown = formatBindAddress(address);
  return new ListenError(`Cannot serve ${what}=${shown}: ${reason}.`, { cause });
}

function bind(
  target: Target,
  signal: AbortSignal,
  certificate: Certificate | undefined,
): Deno.HttpServer<Deno.NetAddr> {
  const { host, port } = target.address;
  const hosts = host === "" ? ["::", "0.0.0.0"] : [host];
  let cause: unknown;
  for (const hostname of hosts) {
    try {
      // onListen: Deno would otherwise print a line of its own to standard output.
      const plain = { hostname, port, signal, onListen: () => {} };
      return Deno.serve({ ...plain, ...tlsOptions(certificate) }, target.handler);
    } catch (error) {
      cause = error;
      // A host without IPv6 refuses :: in more ways than one; a port in use is final.
      if (error instanceof Deno.errors.AddrInUse) break;
    }
  }
  throw listenError(target, reasonOf(cause), cause);
}

function tlsOptions(certificate: Certificate | undefined) {
  if (certificate === undefined) return {};
  return { cert: certificate.certificate, key: certificate.key.reveal(), reusePort: true };
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

import { type Clock, sleep } from "../runtime/time/clock.ts";
import { type BindAddress, formatBindAddress } from "./bind_address.ts";
import { plainStream, type Wrap } from "./byte_stream.ts";
import { ClientConnection, ClientConnections } from "./connections.ts";
import { serveConnection } from "./serve_connection.ts";
import type { Handler } from "./serve_connection.ts";

/** An address that cannot be served. The message names it, its flag, the cause and the remedy. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** What answers where. */
export interface ListenTarget {
  readonly address: BindAddress;
  /** For messages, such as `health on --health-probe-bind-address`. */
  readonly what: string;
  readonly handler: Handler;
  /** Hears of each connection before anything is read of it. */
  readonly onConnection?: () => void;
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

/** Some 30 kB each at most; a kubelet and a scraper have one or two at a time. */
const MOST_CONNECTIONS = 64;

/** Until the next attempt when a connection could not be accepted, such as for want of files. */
const RETRY_MS = 100;

/**
 * Listens, and answers one request on each connection. Those who connect can take up no more than
 * the place of 64 connections, and each no longer than `REQUEST_MS` for its request: `Deno.serve`
 * knows no limit of either. Throws a `ListenError`.
 */
export function listen(target: ListenTarget, clock: Clock, wrap: Wrap = plainStream): Listener {
  const socket = bind(target);
  const ended = new AbortController();
  const connections = new ClientConnections(MOST_CONNECTIONS);
  const accepting = acceptAll(socket, clock, ended.signal, (accepted) => {
    target.onConnection?.();
    const connection = new ClientConnection(wrap(accepted), accepted.remoteAddr.hostname);
    connections.add(connection);
    serve(connection, connections, target.handler, clock);
  });
  const shutdown = async () => {
    ended.abort();
    socket.close();
    await accepting;
    connections.closeThose(["reading"]);
    const cancel = clock.after(GRACE_MS, () => connections.closeThose(["answering", "sending"]));
    await connections.allClosed();
    cancel();
  };
  let closed: Promise<void> | undefined;
  return { port: socket.addr.port, close: () => closed ??= shutdown() };
}

async function acceptAll(
  socket: Deno.TcpListener,
  clock: Clock,
  ended: AbortSignal,
  serve: (accepted: Deno.TcpConn) => void,
): Promise<void> {
  while (!ended.aborted) {
    try {
      serve(await socket.accept());
    } catch {
      // Closing the socket ends its wait; anything else may pass, and probes must be answered then.
      if (!ended.aborted) await sleep(clock, RETRY_MS, ended).catch(() => {});
    }
  }
}

function serve(
  connection: ClientConnection,
  connections: ClientConnections,
  handler: Handler,
  clock: Clock,
): void {
  // A client that breaks off, or speaks no TLS, has nobody left to tell.
  const done = () => connections.close(connection);
  Promise.race([serveConnection(connection, handler, clock), connection.closed]).then(done, done);
}

/** The error for a target that cannot be served, for a reason that says what to do. */
export function listenError(
  { address, what }: ListenTarget,
  reason: string,
  cause: unknown,
): Error {
  const shown = formatBindAddress(address);
  return new ListenError(`Cannot serve ${what}=${shown}: ${reason}.`, { cause });
}

function bind(target: ListenTarget): Deno.TcpListener {
  const { host, port } = target.address;
  const hosts = host === "" ? ["::", "0.0.0.0"] : [host];
  let cause: unknown;
  for (const hostname of hosts) {
    try {
      return Deno.listen({ hostname, port });
    } catch (error) {
      cause = error;
      // A host without IPv6 refuses :: in more ways than one; a port in use is final.
      if (error instanceof Deno.errors.AddrInUse) break;
    }
  }
  throw listenError(target, reasonOf(cause), cause);
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

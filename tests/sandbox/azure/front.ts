import { systemClock } from "../../../src/runtime/time/clock.ts";
import { CertificateAuthority } from "./certificates.ts";
import { ConnectProxy } from "./connect_proxy.ts";
import { endingQuietly } from "./streams.ts";
import type { Arrival } from "./service.ts";

const LOOPBACK = "127.0.0.1";

/** The part of the fake that a network front needs. */
export interface Served {
  handle(request: Request, arrival: Arrival): Promise<Response>;
  serves(host: string): boolean;
  /** Whether DNS lacks that name. */
  lacks(host: string): boolean;
  reportUnexpected(shown: string): void;
  reportViolation(sentence: string): void;
  readonly imdsUrl: URL;
}

/** How to listen. */
export interface ListenOptions {
  /** Port of IMDS; any free one by default. */
  readonly imdsPort?: number;
  /** Port of the proxy; any free one by default. */
  readonly proxyPort?: number;
  /** Closes the front when it aborts. */
  readonly signal?: AbortSignal;
}

/** A fake Azure on loopback ports. */
export interface Front extends AsyncDisposable {
  /** For AZURE_POD_IDENTITY_AUTHORITY_HOST. */
  readonly imdsUrl: string;
  /** For HTTPS_PROXY. */
  readonly proxyUrl: string;
  /** The certificate authority to trust, as the content of the file that DENO_CERT names. */
  readonly caPem: string;
  /** Environment of an operator that is to use this front; DENO_CERT, a file, is the caller's. */
  readonly env: Readonly<Record<string, string>>;
  /** Breaks off every connection and frees the ports. May be called twice. */
  close(): Promise<void>;
}

/**
 * Serves IMDS over plain HTTP, and everything else through a proxy that ends TLS itself. Rejects
 * with Deno.errors.AddrInUse where a port asked for is taken, and then leaves nothing open.
 */
export async function listen(azure: Served, options: ListenOptions): Promise<Front> {
  options.signal?.throwIfAborted();
  const ending = new AbortController();
  const authority = await CertificateAuthority.create(systemClock.now());
  const imds = serveImds(azure, options.imdsPort ?? 0, ending.signal);
  try {
    const proxy = openProxy(azure, options.proxyPort ?? 0, authority, ending.signal);
    const close = closer(options.signal, async () => {
      ending.abort();
      await proxy.close();
      await imds.finished;
    });
    return toFront(imds.addr.port, proxy.port, authority.pem, close);
  } catch (error) {
    ending.abort();
    await imds.finished;
    throw error;
  }
}

function serveImds(
  azure: Served,
  port: number,
  ending: AbortSignal,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname: LOOPBACK, port, signal: ending, onListen: () => {} },
    (request) => answer(azure, request, imdsTarget(azure.imdsUrl, request), ending),
  );
}

function openProxy(
  azure: Served,
  port: number,
  authority: CertificateAuthority,
  ending: AbortSignal,
): ConnectProxy {
  return new ConnectProxy(azure, LOOPBACK, port, async (host) => {
    const pair = await authority.issue(host);
    return Deno.serve(
      { hostname: LOOPBACK, port: 0, ...pair, signal: ending, onListen: () => {} },
      (request) => answer(azure, request, tunnelTarget(azure, host, request), ending),
    );
  });
}

/** Runs `end` once, on the first call or when the signal aborts. */
function closer(signal: AbortSignal | undefined, end: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined;
  const onAbort = () => {
    closing ??= end();
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return () => {
    signal?.removeEventListener("abort", onAbort);
    return closing ??= end();
  };
}

function toFront(
  imdsPort: number,
  proxyPort: number,
  caPem: string,
  close: () => Promise<void>,
): Front {
  const imdsUrl = `http://${LOOPBACK}:${imdsPort}`;
  const proxyUrl = `http://${LOOPBACK}:${proxyPort}`;
  return {
    imdsUrl,
    proxyUrl,
    caPem,
    env: {
      AZURE_POD_IDENTITY_AUTHORITY_HOST: imdsUrl,
      HTTPS_PROXY: proxyUrl,
      NO_PROXY: "127.0.0.1,localhost",
      // Deno's own call home would be an unexpected one.
      DENO_NO_UPDATE_CHECK: "1",
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Answers a request from the network; what rejects inside breaks the connection off outside. */
export async function answer(
  azure: Served,
  request: Request,
  url: URL,
  ending: AbortSignal,
): Promise<Response> {
  try {
    const response = await azure.handle(request, { url, ending });
    return response.body === null ? response : new Response(endingQuietly(response.body), response);
  } catch {
    // The fake has recorded what was wrong; the client misses a byte that was promised.
    return new Response(new Blob().stream(), { headers: { "Content-Length": "1" } });
  }
}

/** What a request to IMDS's stand-in asks of IMDS. */
export function imdsTarget(imdsUrl: URL, request: Request): URL {
  const { pathname, search } = new URL(request.url);
  return new URL(pathname + search, imdsUrl);
}

/** The tunnel decides which host is called; a request that names another one is at fault. */
export function tunnelTarget(azure: Served, host: string, request: Request): URL {
  const { host: named, pathname, search } = new URL(request.url);
  if (named !== host) azure.reportViolation(`host ${named} called through a tunnel to ${host}`);
  return new URL(pathname + search, `https://${host}`);
}

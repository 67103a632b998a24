import { createClock } from "@sinonjs/fake-timers";
import type { ConfigSources } from "../../../../src/kubernetes/config/sources.ts";
import type {
  ClusterCredentials,
  ResolvedCluster,
} from "../../../../src/kubernetes/config/types.ts";
import type {
  HttpClientFactory,
  HttpClientOptions,
} from "../../../../src/kubernetes/http/http_client.ts";
import type { Clock } from "../../../../src/runtime/time/clock.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";

/** A moment that all tests here start from. */
export const START = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A clock that stands still until `tick`. */
export interface FakeClock extends Clock {
  /** Moves on, running timers and what awaits them. */
  tick(ms: number): Promise<void>;
  /** Timers that wait. */
  pending(): number;
}

export function fakeClock(): FakeClock {
  const timers = createClock(START);
  return {
    now: () => timers.now,
    after(delayMs, callback) {
      const id = timers.setTimeout(callback, delayMs);
      return () => timers.clearTimeout(id);
    },
    tick: async (ms) => void await timers.tickAsync(ms),
    pending: () => timers.countTimers(),
  };
}

/** Lets promises that are ready run, without any time passing. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        port2.close();
        resolve();
      };
      port2.postMessage(0);
    });
  }
}

/** A cluster that needs no files: its credentials are `tokens` in turn, moved on by a refusal. */
export function fixedCluster(
  server: string,
  overrides: Partial<ResolvedCluster> & { tokens?: string[] } = {},
): ResolvedCluster {
  const { tokens = ["first"], ...rest } = overrides;
  const all: ClusterCredentials[] = tokens.map((token) => ({
    authorization: new Redacted(`Bearer ${token}`),
  }));
  let current = 0;
  return {
    origin: "test",
    server,
    defaultNamespace: "here",
    inCluster: false,
    credentials: {
      get: () => Promise.resolve(all[current]!),
      invalidate(used) {
        if (used === all[current] && current + 1 < all.length) current++;
      },
    },
    tls: () => Promise.resolve({ caCerts: [] }),
    ...rest,
  };
}

/** Stands in for Deno.createHttpClient and remembers what it made. */
export function fakeHttpClients(): { create: HttpClientFactory; made: FakeHttpClient[] } {
  const made: FakeHttpClient[] = [];
  return {
    made,
    create(options) {
      const client = new FakeHttpClient(options);
      made.push(client);
      return client;
    },
  };
}

export class FakeHttpClient {
  closed = false;
  readonly options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.options = options;
  }

  close(): void {
    if (this.closed) throw new Error("closed twice");
    this.closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Environment, files and commands out of tables; remembers what was asked for. */
export function fakeSources(
  given: {
    env?: Record<string, string>;
    files?: Record<string, string | Error>;
    run?: ConfigSources["run"];
    clock?: Clock;
    /** Hosts to which Deno allows connections; all by default. */
    net?: readonly string[];
  },
): ConfigSources & { readonly asked: string[]; readonly files: Record<string, string | Error> } {
  const { env = {}, files = {} } = given;
  const asked: string[] = [];
  return {
    asked,
    files,
    env(name) {
      asked.push(`env ${name}`);
      return env[name];
    },
    readFile(path) {
      asked.push(`file ${path}`);
      const text = files[path] ?? new Deno.errors.NotFound(`no such file: ${path}`);
      return typeof text === "string" ? Promise.resolve(text) : Promise.reject(text);
    },
    run: given.run ?? ((command) => Promise.reject(new Error(`unexpected command ${command}`))),
    mayConnect: (host) => given.net?.includes(host) ?? true,
    clock: given.clock ?? fakeClock(),
    pathListSeparator: ":",
  };
}

/** What a promise was rejected with; fails when it was not. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`rejected with what is no Error: ${String(error)}`);
  }
  throw new Error("was not rejected");
}

/** A text that passes for a certificate until somebody parses it. */
export const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
/** A text that passes for a private key until somebody parses it. */
export const PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n";

/** A token with an `exp` claim, signed by nobody. */
export function jwt(expiresAtMs: number): string {
  const part = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({
      alphabet: "base64url",
      omitPadding: true,
    });
  return `${part({ alg: "none" })}.${part({ exp: expiresAtMs / 1000 })}.sig`;
}

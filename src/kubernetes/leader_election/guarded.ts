import type { JSONValue, KubernetesTunnel, RequestOptions, RestClient } from "../contract.ts";

/**
 * Wraps a client so that `check` is called before each request that may write. The leadership's
 * signal alone is not enough: after a stop of the process or its machine, its timer may run later
 * than whatever else had waited, and another may lead by then.
 */
export function guarded(rest: RestClient, check: () => void): RestClient {
  return new GuardedRestClient(rest, check);
}

const READING: readonly RequestOptions["method"][] = ["GET", "HEAD", "OPTIONS"];

class GuardedRestClient implements RestClient {
  readonly defaultNamespace?: string;
  readonly #rest: RestClient;
  readonly #check: () => void;

  constructor(rest: RestClient, check: () => void) {
    this.#rest = rest;
    this.#check = check;
    if (rest.defaultNamespace !== undefined) this.defaultNamespace = rest.defaultNamespace;
  }

  performRequest(opts: RequestOptions & { expectTunnel: string[] }): Promise<KubernetesTunnel>;
  performRequest(
    opts: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(
    opts: RequestOptions & { expectStream: true },
  ): Promise<ReadableStream<Uint8Array>>;
  performRequest(opts: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(opts: RequestOptions): Promise<Uint8Array>;
  async performRequest(opts: RequestOptions): Promise<unknown> {
    if (!READING.includes(opts.method)) {
      this.#check();
      opts.abortSignal?.throwIfAborted();
    }
    return await this.#rest.performRequest(opts);
  }

  close(): void {
    this.#rest.close?.();
  }

  [Symbol.dispose](): void {
    this.#rest[Symbol.dispose]();
  }
}

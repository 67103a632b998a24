import type { JSONValue, KubernetesTunnel, RequestOptions, RestClient } from "./contract.ts";

/** Does something about one request; `send` is the wrapped client's performRequest. */
export type Perform = (
  send: (opts: RequestOptions) => Promise<unknown>,
  opts: RequestOptions,
) => Promise<unknown>;

/** A client that hands each request to `perform`. Closing it closes `rest`. */
export function wrapRestClient(rest: RestClient, perform: Perform): RestClient {
  return new WrappedRestClient(rest, perform);
}

class WrappedRestClient implements RestClient {
  readonly defaultNamespace?: string;
  readonly #rest: RestClient;
  readonly #perform: Perform;

  constructor(rest: RestClient, perform: Perform) {
    this.#rest = rest;
    this.#perform = perform;
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
  performRequest(opts: RequestOptions): Promise<unknown> {
    return this.#perform((request) => this.#rest.performRequest(request), opts);
  }

  close(): void {
    // A client of the contract may have only one of the two.
    if (this.#rest.close) this.#rest.close();
    else this.#rest[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

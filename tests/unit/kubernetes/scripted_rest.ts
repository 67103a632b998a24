import assert from "node:assert/strict";
import type {
  JSONValue,
  PerformRequest,
  RequestOptions,
  RestClient,
} from "../../../src/kubernetes/http/contract.ts";

/** A request as a test writes it down: the signal left out, the query as text. */
export interface ExpectedRequest {
  method: string;
  path: string;
  query?: string;
  accept?: string;
  contentType?: string;
  body?: unknown;
}

/** One expected request and what it is answered with; an Error is thrown. */
export interface Exchange {
  request: ExpectedRequest;
  answer?: JSONValue | Error;
  stream?: ReadableStream<JSONValue>;
  /** The body of an answer that is asked for as a stream of bytes. */
  text?: string;
}

/** A RestClient that answers a script in its order and fails on any other request. */
export class ScriptedRest implements RestClient, Disposable {
  readonly signals: (AbortSignal | undefined)[] = [];
  readonly #script: Exchange[];

  constructor(...script: Exchange[]) {
    this.#script = script;
  }

  readonly performRequest: PerformRequest =
    ((opts: RequestOptions) => this.#perform(opts)) as PerformRequest;

  // deno-lint-ignore require-await -- what fails here must reject, as a client would
  async #perform(opts: RequestOptions): Promise<unknown> {
    const exchange = this.#script.shift();
    assert(exchange, `unexpected ${opts.method} ${opts.path}`);
    assert.deepEqual(written(opts), exchange.request);
    const asBytes = exchange.text !== undefined;
    assert.equal(opts.expectJson ?? false, !asBytes);
    assert.equal(opts.expectStream ?? false, asBytes || exchange.stream !== undefined);
    this.signals.push(opts.abortSignal);
    if (exchange.answer instanceof Error) throw exchange.answer;
    if (asBytes) return new Blob([exchange.text!]).stream();
    return exchange.stream ?? exchange.answer;
  }

  /** Fails when a request of the script was never sent. */
  [Symbol.dispose](): void {
    assert.deepEqual(this.#script.map(({ request }) => request), [], "requests never sent");
  }
}

function written(opts: RequestOptions): ExpectedRequest {
  const query = opts.querystring?.toString();
  return {
    method: opts.method,
    path: opts.path,
    ...(query ? { query } : {}),
    ...(opts.accept === "application/json" || opts.accept === undefined
      ? {}
      : { accept: opts.accept }),
    ...(opts.contentType === undefined ? {} : { contentType: opts.contentType }),
    ...(opts.bodyJson === undefined ? {} : { body: opts.bodyJson }),
  };
}

import assert from "node:assert/strict";
import type * as contract from "../../../../src/kubernetes/http/contract.ts";
import { withRetries } from "../../../../src/kubernetes/http/retry.ts";
import { FetchRestClient } from "../../../../src/kubernetes/http/transport.ts";
import { fakeClock, fakeHttpClients, fixedCluster } from "./transport_support.ts";

/**
 * The contract as users of @cloudydeno/kubernetes-client know it, told again apart from
 * src/kubernetes/http/contract.ts: what is changed there by mistake no longer fits here.
 */
declare namespace theirs {
  type Leaf = string | number | boolean | null | undefined;
  type Json = Leaf | { [field: string]: Json } | Json[];
  type Verb = "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE";

  interface Request {
    method: Verb;
    path: string;
    querystring?: URLSearchParams;
    abortSignal?: AbortSignal;
    contentType?: string;
    accept?: string;
    bodyJson?: Json;
    bodyRaw?: Uint8Array;
    bodyStream?: ReadableStream<Uint8Array>;
    expectJson?: boolean;
    expectStream?: boolean;
    expectTunnel?: string[];
  }

  type Channel = { index?: number; spdyHeaders?: Record<string, string | number> };

  interface Tunnel extends Disposable {
    readonly subProtocol: string;
    readonly transportProtocol: "WebSocket" | "SPDY" | "Opaque";
    getReadableStream(ids: Channel): ReadableStream<Uint8Array>;
    getWritableStream(ids: Channel): WritableStream<Uint8Array>;
    whenReady(): Promise<void>;
    close(): Promise<void>;
  }

  interface OldTunnel {
    readonly subProtocol: string;
    readonly transportProtocol: "WebSocket" | "SPDY" | "Opaque";
    getChannel<R extends boolean, W extends boolean>(opts: {
      spdyHeaders?: Record<string, string | number>;
      streamIndex?: number;
      readable: R;
      writable: W;
    }): Promise<{
      readable: R extends true ? ReadableStream<Uint8Array> : null;
      writable: W extends true ? WritableStream<Uint8Array> : null;
    }>;
    ready(): Promise<void>;
    stop(): Promise<void>;
  }

  /** Of 0.7.3, whose clients cannot be closed. */
  interface OldClient {
    defaultNamespace?: string;
    performRequest(opts: Request & { expectTunnel: string[] }): Promise<OldTunnel>;
    performRequest(
      opts: Request & { expectStream: true; expectJson: true },
    ): Promise<ReadableStream<Json>>;
    performRequest(opts: Request & { expectStream: true }): Promise<ReadableStream<Uint8Array>>;
    performRequest(opts: Request & { expectJson: true }): Promise<Json>;
    performRequest(opts: Request): Promise<Uint8Array>;
  }

  /** Of 0.8.1. */
  interface Client extends Disposable {
    defaultNamespace?: string;
    close?(): void;
    performRequest(opts: Request & { expectTunnel: string[] }): Promise<Tunnel>;
    performRequest(
      opts: Request & { expectStream: true; expectJson: true },
    ): Promise<ReadableStream<Json>>;
    performRequest(opts: Request & { expectStream: true }): Promise<ReadableStream<Uint8Array>>;
    performRequest(opts: Request & { expectJson: true }): Promise<Json>;
    performRequest(opts: Request): Promise<Uint8Array>;
  }
}

/** Compiles only when the first can stand where the second is asked for. */
type Fits<A, B> = [A] extends [B] ? true : false;
type Same<A, B> = Fits<A, B> extends true ? Fits<B, A> : false;

const SAME_TYPES: [
  Same<contract.RequestOptions, theirs.Request>,
  Same<Required<contract.RequestOptions>, Required<theirs.Request>>,
  Same<contract.JSONValue, theirs.Json>,
  Same<contract.HttpMethods, theirs.Verb>,
  Same<keyof contract.RequestOptions, keyof theirs.Request>,
] = [true, true, true, true, true];

const FITTING: [
  Fits<theirs.OldClient, contract.RestClient>,
  Fits<theirs.Client, contract.RestClient>,
  Fits<FetchRestClient, theirs.OldClient>,
  Fits<FetchRestClient, theirs.Client>,
] = [true, true, true, true];

function ownClient(): FetchRestClient {
  return new FetchRestClient({
    config: fixedCluster("http://127.0.0.1:1"),
    fetch: () => Promise.resolve(Response.json({ kind: "Pod" })),
    clock: fakeClock(),
    userAgent: "test",
    createHttpClient: fakeHttpClients().create,
  });
}

/** Code written for the original client, which sees only its shape. */
async function consumer(client: theirs.Client): Promise<[theirs.Json, Uint8Array]> {
  const json = await client.performRequest({ method: "GET", path: "/x", expectJson: true });
  return [json, await client.performRequest({ method: "GET", path: "/x" })];
}

Deno.test("our restatement and the original contract have one type of request and answer", () => {
  assert.ok(SAME_TYPES.every(Boolean));
});

Deno.test("the original's clients, old and new, fit ours, and our client fits theirs", () => {
  assert.ok(FITTING.every(Boolean));
});

Deno.test("our client stands where the original is asked for", async () => {
  using client = ownClient() satisfies contract.RestClient satisfies theirs.Client;
  const [json, bytes] = await consumer(client);
  assert.deepEqual(json, { kind: "Pod" });
  assert.equal(new TextDecoder().decode(bytes), '{"kind":"Pod"}');
});

Deno.test("the original stands where ours is asked for", async () => {
  const foreign: theirs.Client = {
    performRequest:
      ((opts: theirs.Request) => Promise.resolve(opts.path)) as unknown as theirs.Client[
        "performRequest"
      ],
    [Symbol.dispose]() {},
  };
  using client = withRetries(foreign, { clock: fakeClock(), random: () => 0 });
  assert.equal(await client.performRequest({ method: "GET", path: "/x", expectJson: true }), "/x");
});

Deno.test("a client of 0.7.3, which cannot be closed, stands where ours is asked for", async () => {
  const foreign: theirs.OldClient = {
    performRequest:
      ((opts: theirs.Request) => Promise.resolve(opts.path)) as unknown as theirs.OldClient[
        "performRequest"
      ],
  };
  using client = withRetries(foreign, { clock: fakeClock(), random: () => 0 });
  assert.equal(await client.performRequest({ method: "GET", path: "/x", expectJson: true }), "/x");
});

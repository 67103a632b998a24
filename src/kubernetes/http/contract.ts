/**
 * The one door through which this project speaks to a Kubernetes API server.
 *
 * The shape is that of `RestClient` in JSR's @cloudydeno/kubernetes-client (`lib/contract.ts`),
 * restated here, so that a client of that package can be passed wherever a `RestClient` is asked
 * for. tests/unit/kubernetes/http/contract_test.ts holds our own transport against it.
 */

/** HTTP methods that the contract knows. */
export type HttpMethods = "GET" | "POST" | "DELETE" | "PUT" | "PATCH" | "OPTIONS" | "HEAD";

/** What JSON can hold. `undefined` is dropped when written. */
export type JSONValue = JSONPrimitive | JSONObject | JSONArray;
/** A JSON leaf. */
export type JSONPrimitive = string | number | boolean | null | undefined;
/** A JSON object. */
export type JSONObject = { [key: string]: JSONValue };
/** A JSON array. */
export type JSONArray = JSONValue[];

/** One request. `path` starts with a slash and carries no query. */
export interface RequestOptions {
  method: HttpMethods;
  path: string;
  querystring?: URLSearchParams;
  abortSignal?: AbortSignal;
  contentType?: string;
  bodyRaw?: Uint8Array;
  bodyJson?: JSONValue;
  bodyStream?: ReadableStream<Uint8Array>;
  accept?: string;
  expectTunnel?: string[];
  expectStream?: boolean;
  expectJson?: boolean;
}

/** A port-forward or exec tunnel. Part of the contract only: the operator opens none. */
export interface KubernetesTunnel extends Disposable {
  readonly transportProtocol: "SPDY" | "WebSocket" | "Opaque";
  readonly subProtocol: string;
  getReadableStream(
    ids: { index?: number; spdyHeaders?: Record<string, string | number> },
  ): ReadableStream<Uint8Array>;
  getWritableStream(
    ids: { index?: number; spdyHeaders?: Record<string, string | number> },
  ): WritableStream<Uint8Array>;
  whenReady(): Promise<void>;
  close(): Promise<void>;
}

/** Sends requests to one API server. Errors reject; see errors.ts for what ours rejects with. */
export interface RestClient extends Disposable {
  performRequest(opts: RequestOptions & { expectTunnel: string[] }): Promise<KubernetesTunnel>;
  performRequest(
    opts: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  performRequest(
    opts: RequestOptions & { expectStream: true },
  ): Promise<ReadableStream<Uint8Array>>;
  performRequest(opts: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  performRequest(opts: RequestOptions): Promise<Uint8Array>;
  defaultNamespace?: string;
  close?(): void;
}

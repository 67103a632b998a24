/**
 * How this project speaks to a Kubernetes API server.
 *
 * The shape is the part of `RestClient` in JSR's @cloudydeno/kubernetes-client (`lib/contract.ts`)
 * that is used here, restated. So a client of that package can be passed wherever a `RestClient` is
 * asked for: of 0.7.3, which cannot be closed, and of 0.8.1, which can. Tunnels are left out: the
 * operator opens none, and the two versions have different ones.
 * tests/unit/kubernetes/http/contract_test.ts holds both against it, and our own transport against
 * theirs.
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

/** What our own client knows beside that. Others leave an answer whole. */
export interface CuttingRequest extends RequestOptions {
  /** Of JSON that is large, no string need have more bytes. */
  longestString?: number;
}

/** Sends one request. What comes back is as the options expect it. */
export interface PerformRequest {
  (
    opts: RequestOptions & { expectStream: true; expectJson: true },
  ): Promise<ReadableStream<JSONValue>>;
  (opts: RequestOptions & { expectStream: true }): Promise<ReadableStream<Uint8Array>>;
  (opts: RequestOptions & { expectJson: true }): Promise<JSONValue>;
  (opts: RequestOptions): Promise<Uint8Array>;
}

/** Sends requests to one API server. Errors reject; see errors.ts for what ours rejects with. */
export interface RestClient {
  performRequest: PerformRequest;
  defaultNamespace?: string;
  close?(): void;
}

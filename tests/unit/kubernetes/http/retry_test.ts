import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/kubernetes/config/errors.ts";
import type {
  JSONValue,
  PerformRequest,
  RequestOptions,
  RestClient,
} from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import {
  DEFAULT_RETRY_POLICY,
  isIdempotent,
  retryDelay,
  withRetries,
} from "../../../../src/kubernetes/http/retry.ts";
import { fakeClock, rejection, settle } from "./transport_support.ts";

type Request = Pick<RequestOptions, "method" | "contentType" | "bodyJson" | "bodyStream">;

const GET: Request = { method: "GET" };
const POST: Request = { method: "POST", bodyJson: { kind: "Secret" } };
const VERSIONED: JSONValue = { metadata: { resourceVersion: "5" } };

const IDEMPOTENT: [name: string, request: Request, expected: boolean][] = [
  ["GET", GET, true],
  ["HEAD", { method: "HEAD" }, true],
  ["OPTIONS", { method: "OPTIONS" }, true],
  ["DELETE", { method: "DELETE" }, true],
  ["POST", POST, false],
  ["PUT with a resourceVersion", { method: "PUT", bodyJson: VERSIONED }, true],
  ["PUT without", { method: "PUT", bodyJson: { metadata: { name: "x" } } }, false],
  [
    "PUT with an empty one",
    { method: "PUT", bodyJson: { metadata: { resourceVersion: "" } } },
    false,
  ],
  ["PUT of raw bytes", { method: "PUT" }, false],
  ["merge patch", patch("application/merge-patch+json"), true],
  ["merge patch with a charset", patch("Application/Merge-Patch+JSON; charset=utf-8"), true],
  ["strategic merge patch", patch("application/strategic-merge-patch+json"), true],
  ["apply patch", patch("application/apply-patch+yaml"), true],
  ["patch of unknown kind", { method: "PATCH", bodyJson: {} }, false],
  [
    "JSON patch that adds to a list",
    patch("application/json-patch+json", [{ op: "add", path: "/secrets/-", value: {} }]),
    false,
  ],
  [
    "JSON patch that first tests the resourceVersion",
    patch("application/json-patch+json", [
      { op: "test", path: "/metadata/resourceVersion", value: "5" },
      { op: "add", path: "/secrets/-", value: {} },
    ]),
    true,
  ],
  [
    "JSON patch that tests something else",
    patch("application/json-patch+json", [{ op: "test", path: "/metadata/name", value: "x" }]),
    false,
  ],
];

function patch(contentType: string, bodyJson: JSONValue = {}): Request {
  return { method: "PATCH", contentType, bodyJson };
}

for (const [name, request, expected] of IDEMPOTENT) {
  Deno.test(`${name} is ${expected ? "" : "not "}idempotent`, () => {
    assert.equal(isIdempotent(request), expected);
  });
}

function failure(code: number, reason: string, retryAfterMs?: number): ApiError {
  return new ApiError({ code, reason, message: "no", retryAfterMs });
}

const DELAYS: {
  name: string;
  request?: Request;
  error: ApiError;
  attempt?: number;
  elapsedMs?: number;
  expected: number | undefined;
}[] = [
  {
    name: "the first pause is drawn from the base delay",
    error: failure(500, "InternalError"),
    expected: 100,
  },
  {
    name: "the second from twice as much",
    error: failure(502, "BadGateway"),
    attempt: 2,
    expected: 200,
  },
  {
    name: "the fifth from 16 times as much",
    error: failure(504, "Timeout"),
    attempt: 5,
    expected: 1600,
  },
  {
    name: "the sixth attempt is the last",
    error: failure(500, "InternalError"),
    attempt: 6,
    expected: undefined,
  },
  { name: "no answer", error: failure(0, "Unreachable"), expected: 100 },
  { name: "a timeout", error: failure(0, "Timeout"), expected: 100 },
  { name: "a cut body", error: failure(200, "Truncated"), expected: 100 },
  { name: "a bad answer stays bad", error: failure(200, "BadAnswer"), expected: undefined },
  { name: "not found", error: failure(404, "NotFound"), expected: undefined },
  { name: "a conflict is for the caller", error: failure(409, "Conflict"), expected: undefined },
  { name: "not implemented", error: failure(501, "NotImplemented"), expected: undefined },
  {
    name: "Retry-After is followed to the second",
    error: failure(429, "TooManyRequests", 7000),
    expected: 7000,
  },
  {
    name: "Retry-After of zero leaves the pause to chance",
    error: failure(429, "TooManyRequests", 0),
    expected: 100,
  },
  {
    name: "Retry-After beyond the bound is for the caller's queue",
    error: failure(429, "TooManyRequests", 31_000),
    expected: undefined,
  },
  {
    name: "a pause that would end beyond the bound",
    error: failure(503, "ServiceUnavailable", 2000),
    elapsedMs: 28_001,
    expected: undefined,
  },
  {
    name: "a pause that ends at the bound",
    error: failure(503, "ServiceUnavailable", 2000),
    elapsedMs: 28_000,
    expected: 2000,
  },
  {
    name: "POST after 500",
    request: POST,
    error: failure(500, "InternalError"),
    expected: undefined,
  },
  {
    name: "POST without an answer",
    request: POST,
    error: failure(0, "Unreachable"),
    expected: undefined,
  },
  { name: "POST cut off", request: POST, error: failure(201, "Truncated"), expected: undefined },
  { name: "POST after 429", request: POST, error: failure(429, "TooManyRequests"), expected: 100 },
  {
    name: "POST after 503 without Retry-After",
    request: POST,
    error: failure(503, "ServiceUnavailable"),
    expected: undefined,
  },
  {
    name: "POST after 503 with Retry-After",
    request: POST,
    error: failure(503, "ServiceUnavailable", 1000),
    expected: 1000,
  },
  {
    name: "a streamed body is gone",
    request: { method: "POST", bodyStream: new ReadableStream() },
    error: failure(429, "TooManyRequests"),
    expected: undefined,
  },
];

for (const { name, request = GET, error, attempt = 1, elapsedMs = 0, expected } of DELAYS) {
  Deno.test(`retryDelay: ${name}`, () => {
    const state = { attempt, elapsedMs };
    assert.equal(retryDelay(request, error, state, DEFAULT_RETRY_POLICY, () => 0.5), expected);
  });
}

Deno.test("retryDelay: no pause is drawn from more than the longest", () => {
  const policy = { ...DEFAULT_RETRY_POLICY, maxAttempts: 100 };
  const state = { attempt: 40, elapsedMs: 0 };
  assert.equal(retryDelay(GET, failure(500, "InternalError"), state, policy, () => 0.999), 7992);
});

/** Gives what it was told, one a call: errors are thrown. Fails on a call too many. */
class ScriptedClient implements RestClient, Disposable {
  readonly script: unknown[];
  readonly seen: RequestOptions[] = [];
  readonly defaultNamespace = "here";
  disposed = 0;

  constructor(...script: unknown[]) {
    this.script = script;
  }

  performRequest: PerformRequest =
    ((opts: RequestOptions) => this.#perform(opts)) as PerformRequest;

  #perform(opts: RequestOptions): Promise<unknown> {
    this.seen.push(opts);
    assert.ok(this.script.length > 0, "one call too many");
    const next = this.script.shift();
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  }

  [Symbol.dispose](): void {
    this.disposed++;
  }
}

function retrying(rest: RestClient) {
  const clock = fakeClock();
  return { clock, client: withRetries(rest, { clock, random: () => 0.5 }) };
}

const LIST = { method: "GET", path: "/api", expectJson: true } as const;

Deno.test("withRetries repeats the same request until it succeeds", async () => {
  const busy = failure(503, "ServiceUnavailable", 2000);
  const rest = new ScriptedClient(busy, failure(500, "InternalError"), { ok: true });
  const { clock, client } = retrying(rest);
  const answer = client.performRequest(LIST);
  await clock.tick(1999);
  assert.equal(rest.seen.length, 1);
  await clock.tick(1);
  assert.equal(rest.seen.length, 2);
  await clock.tick(200);
  assert.deepEqual(await answer, { ok: true });
  assert.ok(rest.seen.every((opts) => opts === rest.seen[0]));
  assert.equal(clock.pending(), 0);
});

Deno.test("withRetries gives up after the last attempt with the last error", async () => {
  const errors = Array.from({ length: 6 }, () => failure(500, "InternalError"));
  const rest = new ScriptedClient(...errors);
  const { clock, client } = retrying(rest);
  const failed = rejection(client.performRequest(LIST));
  await clock.tick(30_000);
  assert.equal(await failed, errors[5]);
});

Deno.test("withRetries stops within its bound of time, however slow the attempts are", async () => {
  const clock = fakeClock();
  const rest = new ScriptedClient();
  rest.performRequest = ((opts: RequestOptions) => {
    rest.seen.push(opts);
    return new Promise((_, reject) => clock.after(14_000, () => reject(failure(0, "Timeout"))));
  }) as RestClient["performRequest"];
  const client = withRetries(rest, { clock, random: () => 0.5 });
  const failed = rejection(client.performRequest(LIST));
  await clock.tick(60_000);
  assert.equal((await failed as ApiError).reason, "Timeout");
  assert.equal(rest.seen.length, 3, "the third began within 30 s and no fourth did");
});

Deno.test("withRetries stops within its bound of time also where the wall clock is set back", async () => {
  const clock = fakeClock();
  let offsetMs = 0;
  const busy = failure(429, "TooManyRequests", 3600_000);
  const rest = new ScriptedClient();
  rest.performRequest = ((opts: RequestOptions) => {
    rest.seen.push(opts);
    offsetMs = -2 * 3600_000;
    return Promise.reject<unknown>(busy);
  }) as RestClient["performRequest"];
  const skewed = { ...clock, now: () => clock.now() + offsetMs };
  const client = withRetries(rest, { clock: skewed, random: () => 0.5 });
  const failed = rejection(client.performRequest(LIST));
  await clock.tick(0);
  assert.deepEqual([rest.seen.length, clock.pending()], [1, 0], "it waits for no hour");
  assert.equal(await failed, busy);
});

Deno.test("withRetries knows the original client's errors and throws them as ApiError", async () => {
  const body = {
    kind: "Status",
    code: 404,
    reason: "NotFound",
    message: "secrets x not found",
  };
  const foreign = Object.assign(new Error("HTTP 404"), { httpCode: 404, status: body });
  const { client } = retrying(new ScriptedClient(foreign));
  const error = await rejection(client.performRequest(LIST));
  assert.ok(error instanceof ApiError);
  assert.deepEqual([error.code, error.reason, error.cause], [404, "NotFound", foreign]);
});

Deno.test("withRetries takes an answer that is a failing Status for the failure it is", async () => {
  const status = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code: 403,
    reason: "Forbidden",
    message: "no",
  };
  const { client } = retrying(new ScriptedClient(status));
  const error = await rejection(client.performRequest(LIST));
  assert.deepEqual([(error as ApiError).code, (error as ApiError).reason], [403, "Forbidden"]);
});

Deno.test("withRetries lets a successful Status through", async () => {
  const status = { kind: "Status", apiVersion: "v1", status: "Success" };
  const { client } = retrying(new ScriptedClient(status));
  assert.deepEqual(await client.performRequest(LIST), status);
});

for (const error of [new ConfigError("no token file"), new TypeError("x is not a function")]) {
  Deno.test(`withRetries passes a ${error.name} on as it is`, async () => {
    const { client } = retrying(new ScriptedClient(error));
    assert.equal(await rejection(client.performRequest(LIST)), error);
  });
}

Deno.test("withRetries ends a pause at once when the caller aborts", async () => {
  const { clock, client } = retrying(new ScriptedClient(failure(429, "TooManyRequests", 20_000)));
  const abort = new AbortController();
  const failed = rejection(client.performRequest({ ...LIST, abortSignal: abort.signal }));
  await settle();
  assert.equal(clock.pending(), 1);
  const reason = new Error("shutting down");
  abort.abort(reason);
  assert.equal(await failed, reason);
  assert.equal(clock.pending(), 0);
});

Deno.test("withRetries does not repeat what the caller aborted", async () => {
  const reason = new Error("shutting down");
  const { client } = retrying(new ScriptedClient(new TypeError("fetch failed")));
  const abortSignal = AbortSignal.abort(reason);
  assert.equal(await rejection(client.performRequest({ ...LIST, abortSignal })), reason);
});

Deno.test("withRetries leaves a stream alone once it is there", async () => {
  const stream = new ReadableStream<JSONValue>({
    start: (controller) => controller.error(failure(200, "Truncated")),
  });
  const busy = failure(429, "TooManyRequests", 1000);
  const { clock, client } = retrying(new ScriptedClient(busy, stream));
  const answer = client.performRequest({ ...LIST, expectStream: true });
  await clock.tick(1000);
  assert.equal(await answer, stream);
  const error = await rejection(stream.getReader().read());
  assert.equal((error as ApiError).reason, "Truncated");
});

Deno.test("withRetries closes what it wraps, by whichever way that has", () => {
  const rest = new ScriptedClient();
  const { client } = retrying(rest);
  assert.equal(client.defaultNamespace, "here");
  client.close?.();
  assert.equal(rest.disposed, 1);
  let closed = 0;
  const closing = Object.assign(new ScriptedClient(), { close: () => void closed++ });
  retrying(closing).client[Symbol.dispose]();
  assert.deepEqual([closed, closing.disposed], [1, 0]);
});

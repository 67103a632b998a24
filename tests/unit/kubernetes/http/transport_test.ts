import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/kubernetes/config/errors.ts";
import type { ResolvedCluster } from "../../../../src/kubernetes/config/types.ts";
import type { JSONValue, RequestOptions } from "../../../../src/kubernetes/http/contract.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { FetchRestClient } from "../../../../src/kubernetes/http/transport.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import {
  fakeClock,
  fakeHttpClients,
  fixedCluster,
  rejection,
  settle,
} from "./transport_support.ts";

interface Call {
  url: string;
  init: RequestInit & { client?: unknown };
}

/** Answers one call, as fetch would: it is told of the signal. */
type Handler = (call: Call) => Response | Promise<Response>;

/** A client over a scripted fetch: handlers in turn, and a call too many fails. */
function rig(handlers: Handler[], cluster: Partial<ResolvedCluster> & { tokens?: string[] } = {}) {
  const clock = fakeClock();
  const { create, made } = fakeHttpClients();
  const calls: Call[] = [];
  const client = new FetchRestClient({
    config: fixedCluster(cluster.server ?? "https://k8s:6443", cluster),
    fetch: async (input, init) => {
      const call = { url: String(input), init: init ?? {} };
      calls.push(call);
      const handler = handlers[calls.length - 1];
      assert.ok(handler, `one call too many: ${call.url}`);
      return await handler(call);
    },
    clock,
    userAgent: "operator/1",
    createHttpClient: create,
  });
  return { client, clock, calls, made };
}

/** A handler that answers only by failing when its signal aborts. */
const silent: Handler = ({ init }) =>
  new Promise((_, reject) =>
    init.signal!.addEventListener("abort", () => reject(init.signal!.reason), { once: true })
  );

const encoder = new TextEncoder();

/** A body under the test's control, which does not look at any signal. */
function openBody() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const state = {
    cancelled: false,
    send: (text: string) => controller.enqueue(encoder.encode(text)),
  };
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: () => void (state.cancelled = true),
  });
  return { stream, state, end: () => controller.close(), fail: (e: Error) => controller.error(e) };
}

const GET_JSON = { method: "GET", path: "/api/v1/pods", expectJson: true } as const;
const WATCH = { ...GET_JSON, expectStream: true } as const;

const REQUESTS: {
  name: string;
  server?: string;
  opts: RequestOptions;
  url: string;
  method: string;
  headers: Record<string, string>;
  body: unknown;
}[] = [
  {
    name: "a GET of JSON",
    opts: { ...GET_JSON, querystring: new URLSearchParams({ labelSelector: "a=b" }) },
    url: "https://k8s:6443/api/v1/pods?labelSelector=a%3Db",
    method: "GET",
    headers: {
      accept: "application/json",
      authorization: "Bearer first",
      "user-agent": "operator/1",
    },
    body: undefined,
  },
  {
    name: "a path in the server's URL is kept, and an empty query left out",
    server: "https://rancher/k8s/clusters/c-1",
    opts: { method: "GET", path: "/version", querystring: new URLSearchParams() },
    url: "https://rancher/k8s/clusters/c-1/version",
    method: "GET",
    headers: { authorization: "Bearer first", "user-agent": "operator/1" },
    body: undefined,
  },
  {
    name: "a PATCH with its own types",
    opts: {
      method: "PATCH",
      path: "/x",
      contentType: "application/merge-patch+json",
      accept: "application/json;as=PartialObjectMetadata",
      bodyJson: { a: 1 },
      expectJson: true,
    },
    url: "https://k8s:6443/x",
    method: "PATCH",
    headers: {
      accept: "application/json;as=PartialObjectMetadata",
      authorization: "Bearer first",
      "content-type": "application/merge-patch+json",
      "user-agent": "operator/1",
    },
    body: '{"a":1}',
  },
  {
    name: "JSON that is null is a body too",
    opts: { method: "POST", path: "/x", bodyJson: null, expectJson: true },
    url: "https://k8s:6443/x",
    method: "POST",
    headers: {
      accept: "application/json",
      authorization: "Bearer first",
      "content-type": "application/json",
      "user-agent": "operator/1",
    },
    body: "null",
  },
];

for (const { name, server, opts, url, method, headers, body } of REQUESTS) {
  Deno.test(`request: ${name}`, async () => {
    const { client, calls, made } = rig([() => Response.json({})], server ? { server } : {});
    await client.performRequest(opts);
    const { init } = calls[0]!;
    assert.deepEqual(
      [calls[0]!.url, init.method, Object.fromEntries(new Headers(init.headers)), init.body],
      [url, method, headers, body],
    );
    assert.equal(init.redirect, "error");
    assert.equal(init.client, made[0]);
    client.close();
    assert.equal(made[0]!.closed, true, "nothing holds the client after the answer");
  });
}

for (const path of ["api", "/a?b", "/a#b", "/api/../secrets", "/a/%2E%2e/b", "/a/.", "/a/.."]) {
  Deno.test(`the path ${path} is refused before anything is sent`, async () => {
    const { client, calls } = rig([]);
    const error = await rejection(client.performRequest({ ...GET_JSON, path }));
    assert.equal(error.message, `not a path of the API: ${path}`);
    assert.equal(calls.length, 0);
  });
}

Deno.test("a name with dots within is a path like any other", async () => {
  const { client, calls } = rig([() => Response.json({})]);
  await client.performRequest({ ...GET_JSON, path: "/a/..b/c..d/e." });
  assert.equal(calls[0]!.url, "https://k8s:6443/a/..b/c..d/e.");
});

const status = (fields: Record<string, unknown>) => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  ...fields,
});

const REFUSALS: { name: string; response: () => Response; expected: Partial<ApiError> }[] = [
  {
    name: "a Status, with Retry-After of the header before that of its details",
    response: () =>
      Response.json(
        status({
          code: 429,
          reason: "TooManyRequests",
          message: "slow down",
          details: { retryAfterSeconds: 1 },
        }),
        { status: 429, headers: { "retry-after": "5" } },
      ),
    expected: {
      code: 429,
      reason: "TooManyRequests",
      message: "GET /api/v1/pods: 429 TooManyRequests: slow down",
      retryable: true,
      retryAfterMs: 5000,
    },
  },
  {
    name: "the API server's own plain text",
    response: () =>
      new Response("Too many requests, please try again later.", {
        status: 429,
        statusText: "Too Many Requests",
        headers: { "content-type": "text/plain", "retry-after": "1" },
      }),
    expected: {
      code: 429,
      reason: "TooManyRequests",
      message: "GET /api/v1/pods: 429 Too Many Requests without a Kubernetes Status " +
        "(content type text/plain)",
      retryable: true,
      retryAfterMs: 1000,
    },
  },
  {
    name: "a proxy's page",
    response: () =>
      new Response("<html><h1>secret</h1></html>", {
        status: 502,
        headers: { "content-type": "text/html" },
      }),
    expected: {
      code: 502,
      reason: "BadGateway",
      message: "GET /api/v1/pods: 502 without a Kubernetes Status (content type text/html)",
      retryable: true,
      retryAfterMs: undefined,
    },
  },
  {
    name: "a proxy's 404, which is no word about the object",
    response: () => new Response("not here", { status: 404 }),
    expected: {
      code: 404,
      reason: "BadAnswer",
      message: "GET /api/v1/pods: 404 without a Kubernetes Status " +
        "(content type text/plain;charset=UTF-8)",
      retryable: false,
      retryAfterMs: undefined,
    },
  },
  {
    name: "JSON that is no Status",
    response: () => Response.json({ error: "secret" }, { status: 403 }),
    expected: {
      code: 403,
      reason: "BadAnswer",
      message: "GET /api/v1/pods: 403 without a Kubernetes Status (content type application/json)",
      retryable: false,
      retryAfterMs: undefined,
    },
  },
  {
    name: "a 200 that is a page",
    response: () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    expected: {
      code: 200,
      reason: "BadAnswer",
      message: "GET /api/v1/pods: 200 with a body that is not JSON (content type text/html, " +
        "6 bytes): something else than the API server may have answered",
      retryable: false,
      retryAfterMs: undefined,
    },
  },
  {
    name: "a 200 without a body",
    response: () => new Response(null),
    expected: {
      code: 200,
      reason: "BadAnswer",
      message: "GET /api/v1/pods: 200 with a body that is not JSON (no content type, 0 bytes): " +
        "something else than the API server may have answered",
      retryable: false,
      retryAfterMs: undefined,
    },
  },
  {
    name: "fewer bytes than announced",
    response: () => new Response('{"a":1}', { headers: { "content-length": "9" } }),
    expected: {
      code: 200,
      reason: "Truncated",
      message: "GET /api/v1/pods: the body has 7 of 9 bytes",
      retryable: true,
      retryAfterMs: undefined,
    },
  },
  {
    name: "JSON without an announced end, cut",
    response: () => new Response('{"kind":"PodLi'),
    expected: {
      code: 200,
      reason: "Truncated",
      message: "GET /api/v1/pods: the JSON ends after 14 bytes",
      retryable: true,
      retryAfterMs: undefined,
    },
  },
];

for (const { name, response, expected } of REFUSALS) {
  Deno.test(`answer: ${name}`, async () => {
    const { client, clock, made } = rig([response]);
    const error = await rejection(client.performRequest(GET_JSON));
    assert.ok(error instanceof ApiError);
    const { code, reason, message, retryable, retryAfterMs } = error;
    assert.deepEqual({ code, reason, message, retryable, retryAfterMs }, expected);
    assert.equal(clock.pending(), 0);
    client.close();
    assert.equal(made[0]!.closed, true);
  });
}

Deno.test("an unreadable error page is let go, and an endless one is not read to its end", async () => {
  const page = openBody();
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
  });
  const json = { "content-type": "application/json" };
  const { client } = rig([
    () => new Response(page.stream, { status: 500, headers: { "content-type": "text/html" } }),
    () => new Response(endless, { status: 500, headers: json }),
  ]);
  assert.equal((await rejection(client.performRequest(GET_JSON)) as ApiError).code, 500);
  assert.equal(page.state.cancelled, true);
  assert.equal((await rejection(client.performRequest(GET_JSON)) as ApiError).code, 500);
});

/** Sends the same chunk again and again, and counts the bytes. */
function endless(first: string) {
  const state = { sent: 0, cancelled: false };
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(first)),
    pull: (controller) => {
      state.sent += 65_536;
      controller.enqueue(new Uint8Array(65_536).fill(0x61));
    },
    cancel: () => void (state.cancelled = true),
  }, { highWaterMark: 0 });
  return { stream, state };
}

Deno.test("a refusal whose message repeats a whole object is told with its reason", async () => {
  const status = {
    ...{ kind: "Status", apiVersion: "v1", status: "Failure" },
    message: `spec.scope: Invalid value: "${"s".repeat(1_500_000)}"`,
    ...{ reason: "Invalid", details: { causes: [{ field: "spec.scope" }] }, code: 422 },
  };
  const bytes = encoder.encode(JSON.stringify(status));
  const halves = [bytes.subarray(0, 1_200_000), bytes.subarray(1_200_000)];
  const body = () => ReadableStream.from(halves);
  const headers = { "content-type": "application/json" };
  const { client } = rig([() => new Response(body(), { status: 422, headers })]);
  const error = await rejection(client.performRequest(GET_JSON)) as ApiError;
  assert.deepEqual([error.code, error.reason], [422, "Invalid"]);
  assert.deepEqual(error.details, { causes: [{ field: "spec.scope" }] });
  assert.match(
    error.message,
    /^GET \/api\/v1\/pods: 422 Invalid: spec\.scope: Invalid value: "sss/,
  );
});

Deno.test("a refusal of many words is given up at 64 KiB, one of a single word without end at 16 MiB", async () => {
  const json = { "content-type": "application/json" };
  const words = endless('{"kind":"Status","message":[');
  const word = endless('{"kind":"Status","message":"');
  const { client } = rig(
    [words, word].map(({ stream }) => () => new Response(stream, { status: 403, headers: json })),
  );
  for (const { state } of [words, word]) {
    const error = await rejection(client.performRequest(GET_JSON)) as ApiError;
    assert.deepEqual([error.code, state.cancelled], [403, true]);
  }
  assert.ok(words.state.sent < 200_000, `${words.state.sent} bytes`);
  assert.ok(word.state.sent < 17_000_000, `${word.state.sent} bytes`);
});

Deno.test("an answer that no object can have is given up, with an error that says so", async () => {
  const unannounced = endless('{"a":"');
  const announced = endless('{"a":"');
  const headers = { "content-length": "20000000" };
  const { client } = rig([
    () => new Response(unannounced.stream),
    () => new Response(announced.stream, { headers }),
  ]);
  for (const { state } of [unannounced, announced]) {
    const error = await rejection(client.performRequest(GET_JSON)) as ApiError;
    assert.deepEqual(
      [error.reason, error.retryable, error.message],
      [
        "BadAnswer",
        false,
        "GET /api/v1/pods: the body has more than 16777216 bytes, which no object has",
      ],
    );
    assert.equal(state.cancelled, true);
    assert.ok(state.sent < 17_000_000, `${state.sent} bytes`);
  }
});

Deno.test("a compressed body's length is not that of the bytes we read", async () => {
  const headers = { "content-length": "3", "content-encoding": "gzip" };
  const { client } = rig([() => new Response('{"a":1}', { headers })]);
  assert.deepEqual(await client.performRequest(GET_JSON), { a: 1 });
});

Deno.test("a HEAD announces a length and carries nothing", async () => {
  const { client } = rig([() => new Response(null, { headers: { "content-length": "9" } })]);
  const bytes = await client.performRequest({ method: "HEAD", path: "/x" });
  assert.equal(bytes.length, 0);
});

Deno.test("a tunnel is refused with a sentence", async () => {
  const { client } = rig([]);
  const error = await rejection(client.performRequest({ ...GET_JSON, expectTunnel: ["v4"] }));
  assert.equal(error.message, "this client opens no tunnels (expectTunnel)");
});

Deno.test("no headers within their limit: Timeout, and the next request has a new client", async () => {
  const { client, clock, made, calls } = rig([silent, () => Response.json({ ok: true })]);
  const failed = rejection(client.performRequest(GET_JSON));
  await settle();
  await clock.tick(29_999);
  assert.equal(calls[0]!.init.signal!.aborted, false);
  await clock.tick(1);
  const error = await failed as ApiError;
  assert.deepEqual(
    [error.code, error.reason, error.retryable, error.message],
    [0, "Timeout", true, "GET /api/v1/pods: no answer within 30 s from https://k8s:6443"],
  );
  assert.deepEqual(await client.performRequest(GET_JSON), { ok: true });
  assert.deepEqual(made.map((each) => each.closed), [true, false]);
  assert.equal(clock.pending(), 0);
});

Deno.test("a body that does not end within its limit: Timeout, and a new client", async () => {
  const body = openBody();
  const { client, clock, made } = rig([
    ({ init }) => {
      init.signal!.addEventListener("abort", () => body.fail(init.signal!.reason));
      return new Response(body.stream);
    },
    () => Response.json({}),
  ]);
  const failed = rejection(client.performRequest(GET_JSON));
  await settle();
  body.state.send("{");
  await clock.tick(60_000);
  const error = await failed as ApiError;
  assert.deepEqual(
    [error.reason, error.message],
    ["Timeout", "GET /api/v1/pods: the body did not end within 60 s from https://k8s:6443"],
  );
  await client.performRequest(GET_JSON);
  assert.deepEqual(made.map((each) => each.closed), [true, false]);
});

Deno.test("the caller's abort is rejected with its own reason and costs no client", async () => {
  const { client, made, clock } = rig([silent, () => Response.json({})]);
  const abort = new AbortController();
  const failed = rejection(client.performRequest({ ...GET_JSON, abortSignal: abort.signal }));
  await settle();
  const reason = new Error("shutting down");
  abort.abort(reason);
  assert.equal(await failed, reason);
  await client.performRequest(GET_JSON);
  assert.equal(made.length, 1);
  assert.equal(clock.pending(), 0);
});

Deno.test("a signal that has aborted before sends nothing", async () => {
  const { client, calls } = rig([]);
  const reason = new Error("too late");
  const abortSignal = AbortSignal.abort(reason);
  assert.equal(await rejection(client.performRequest({ ...GET_JSON, abortSignal })), reason);
  assert.equal(calls.length, 0);
});

Deno.test("a signal that outlives its requests keeps no listener of theirs", async () => {
  const { signal } = new AbortController();
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    listeners--;
    removeEventListener.apply(signal, args);
  };
  const { client } = rig([
    () => Response.json({}),
    () => new Response("no", { status: 500 }),
    () => Promise.reject(new TypeError("fetch failed")),
    () => new Response("1\n"),
    () => new Response("1\n2\n"),
  ]);
  await client.performRequest({ ...GET_JSON, abortSignal: signal });
  await rejection(client.performRequest({ ...GET_JSON, abortSignal: signal }));
  await rejection(client.performRequest({ ...GET_JSON, abortSignal: signal }));
  const whole = await client.performRequest({ ...WATCH, abortSignal: signal });
  assert.equal(listeners, 1);
  assert.deepEqual(await Array.fromAsync(whole), [1]);
  const part = await client.performRequest({ ...WATCH, abortSignal: signal });
  await part.cancel();
  assert.equal(listeners, 0);
});

Deno.test("an unreachable server is named with the cause, and the next request has a new client", async () => {
  const cause = new Error(
    "error sending request for url (https://k8s:6443/api?x=y): client error (Connect): " +
      "invalid peer certificate: UnknownIssuer",
  );
  const { client, made } = rig([
    () => Promise.reject(new TypeError("fetch failed", { cause })),
    () => Response.json({}),
  ]);
  const error = await rejection(client.performRequest(GET_JSON)) as ApiError;
  assert.deepEqual([error.code, error.reason, error.retryable, error.message], [
    0,
    "Unreachable",
    true,
    "GET /api/v1/pods: no answer from https://k8s:6443: client error (Connect): " +
    "invalid peer certificate: UnknownIssuer",
  ]);
  await client.performRequest(GET_JSON);
  assert.equal(made.length, 2);
});

Deno.test("a stream has no limit after its headers and gives values as they come", async () => {
  const body = openBody();
  const { client, clock, made } = rig([() => new Response(body.stream)]);
  const reader = (await client.performRequest(WATCH)).getReader();
  await clock.tick(3_600_000);
  assert.equal(clock.pending(), 0);
  body.state.send('{"a":1}\n{"a":');
  assert.deepEqual(await reader.read(), { done: false, value: { a: 1 } });
  body.state.send("2}\n");
  body.end();
  assert.deepEqual(await reader.read(), { done: false, value: { a: 2 } });
  assert.deepEqual(await reader.read(), { done: true, value: undefined });
  client.close();
  assert.equal(made[0]!.closed, true);
});

Deno.test("an abort ends a stream at once, though the network stays silent", async () => {
  const body = openBody();
  const { client, made } = rig([() => new Response(body.stream)]);
  const abort = new AbortController();
  const stream = await client.performRequest({ ...WATCH, abortSignal: abort.signal });
  const failed = rejection(stream.getReader().read());
  const reason = new Error("watchdog");
  abort.abort(reason);
  assert.equal(await failed, reason);
  assert.equal(body.state.cancelled, true);
  client.close();
  assert.equal(made[0]!.closed, true);
});

Deno.test("a stream that breaks off fails with Truncated", async () => {
  const body = openBody();
  const { client } = rig([() => new Response(body.stream)]);
  const reader = (await client.performRequest(WATCH)).getReader();
  body.fail(new TypeError("error reading a body from connection"));
  const error = await rejection(reader.read()) as ApiError;
  assert.deepEqual([error.code, error.reason, error.message], [
    200,
    "Truncated",
    "GET /api/v1/pods: the stream broke off",
  ]);
});

Deno.test("cancelling a stream cancels the body, whether of bytes or of JSON", async () => {
  for (const expectJson of [true, false]) {
    const body = openBody();
    const { client, made } = rig([() => new Response(body.stream)]);
    const stream: ReadableStream<JSONValue | Uint8Array> = await client.performRequest({
      ...WATCH,
      expectJson: expectJson as true,
    });
    await stream.cancel();
    client.close();
    assert.deepEqual([body.state.cancelled, made[0]!.closed], [true, true]);
  }
});

Deno.test("renew leaves a stream its client until the stream has ended", async () => {
  const body = openBody();
  const { client, made } = rig([() => new Response(body.stream), () => Response.json({})]);
  const stream = await client.performRequest(WATCH);
  client.renew();
  await client.performRequest(GET_JSON);
  assert.deepEqual(made.map((each) => each.closed), [false, false]);
  await stream.cancel();
  assert.deepEqual(made.map((each) => each.closed), [true, false]);
});

const unauthorized = () =>
  Response.json(status({ code: 401, reason: "Unauthorized", message: "Unauthorized" }), {
    status: 401,
  });

function authorizations(calls: Call[]): (string | null)[] {
  return calls.map((call) => new Headers(call.init.headers).get("authorization"));
}

Deno.test("a 401 leads to new credentials, a new connection and one repetition", async () => {
  const { client, calls, made } = rig([unauthorized, () => Response.json({ ok: true })], {
    tokens: ["old", "new"],
  });
  const opts = { method: "POST", path: "/x", bodyJson: {}, expectJson: true } as const;
  assert.deepEqual(await client.performRequest(opts), { ok: true });
  assert.deepEqual(authorizations(calls), ["Bearer old", "Bearer new"]);
  assert.deepEqual(made.map((each) => each.closed), [true, false]);
});

Deno.test("a second 401 is the answer", async () => {
  const { client, calls } = rig([unauthorized, unauthorized], { tokens: ["old", "new", "third"] });
  const error = await rejection(client.performRequest(GET_JSON)) as ApiError;
  assert.deepEqual([error.code, error.reason, error.retryable], [401, "Unauthorized", false]);
  assert.equal(calls.length, 2);
});

Deno.test("a request whose body was a stream is not repeated", async () => {
  const { client, calls } = rig([unauthorized]);
  const bodyStream = new Blob(["x"]).stream();
  const opts = { method: "POST", path: "/x", bodyStream, expectJson: true } as const;
  assert.equal((await rejection(client.performRequest(opts)) as ApiError).code, 401);
  assert.equal(calls.length, 1);
});

Deno.test("credentials that cannot be had are the configuration's error", async () => {
  const fault = new ConfigError("token file is empty");
  const { client, calls } = rig([], {
    credentials: { get: () => Promise.reject(fault), invalidate() {} },
  });
  assert.equal(await rejection(client.performRequest(GET_JSON)), fault);
  assert.equal(calls.length, 0);
});

Deno.test("a closed client sends nothing more and ends its plugin", async () => {
  let closed = 0;
  const { client } = rig([], {
    credentials: {
      get: () => Promise.resolve({ authorization: new Redacted("Bearer x") }),
      invalidate() {},
      close: () => void closed++,
    },
  });
  client[Symbol.dispose]();
  const error = await rejection(client.performRequest(GET_JSON));
  assert.equal(error.message, "the client for https://k8s:6443 is closed");
  assert.equal(closed, 1);
});

Deno.test("no error shows the token", async () => {
  const { client, clock } = rig([silent, unauthorized, unauthorized], { tokens: ["s3cr3t"] });
  const timeout = rejection(client.performRequest(GET_JSON));
  await settle();
  await clock.tick(30_000);
  const errors = [await timeout, await rejection(client.performRequest(GET_JSON)), client];
  assert.ok(!Deno.inspect(errors, { depth: 10, showHidden: true }).includes("s3cr3t"));
});

Deno.test("an error of fetch that quotes the Authorization header is told without it", async () => {
  const quoting: Handler = ({ init }) => {
    const { authorization } = init.headers as Record<string, string>;
    return Promise.reject(new TypeError(`Invalid header value: "${authorization}"`));
  };
  const { client } = rig([quoting], { tokens: ["opaque-secret"] });
  const error = await rejection(
    client.performRequest({ method: "GET", path: "/version", expectJson: true }),
  );
  assert.match(error.message, /Invalid header value: "\[redacted\]"/);
  assert.ok(!Deno.inspect(error, { depth: 9 }).includes("opaque-secret"));
});

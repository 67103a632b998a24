import assert from "node:assert/strict";
import type { AzureEndpoint, AzureError } from "../../../src/azure/errors.ts";
import { callAzure } from "../../../src/azure/http.ts";
import type { AzureRequest } from "../../../src/azure/request.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { rejection, requestTo, settle } from "./support.ts";

type Seen = { readonly url: string; readonly init: RequestInit };

function transportOf(time: FakeTime, answer: (init: RequestInit) => Promise<Response>) {
  const seen: Seen[] = [];
  const calls: [AzureEndpoint, number, number][] = [];
  return {
    seen,
    calls,
    clock: time.clock,
    fetch: (input: string | URL | Request, init: RequestInit = {}) => {
      seen.push({ url: String(input), init });
      return answer(init);
    },
    onCall: (...call: [AzureEndpoint, number, number]) => void calls.push(call),
  };
}

const never = () => new Promise<never>(() => {});

Deno.test("http: without a form a call is a GET that follows no redirect", async () => {
  const time = new FakeTime();
  const transport = transportOf(time, () => Promise.resolve(new Response("yes")));
  const request = requestTo("imds", { headers: { metadata: "true" } });
  const response = await callAzure(transport, request);
  const { signal, ...init } = transport.seen[0]!.init;
  assert.deepEqual(init, { method: "GET", redirect: "manual", headers: { metadata: "true" } });
  assert.equal(signal?.aborted, false);
  assert.deepEqual({ status: response.status, body: response.body }, { status: 200, body: "yes" });
  assert.equal(time.pending, 0);
});

Deno.test("http: a form is posted as it stands", async () => {
  const transport = transportOf(new FakeTime(), () => Promise.resolve(new Response("")));
  const form = new URLSearchParams({ a: "1 2", b: "&" });
  await callAzure(transport, requestTo("exchange", { form }));
  const { method, body, redirect } = transport.seen[0]!.init;
  assert.deepEqual([method, String(body), redirect], ["POST", "a=1+2&b=%26", "manual"]);
});

Deno.test("http: redirects really come back as such from the runtime's fetch", async () => {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    return new Response("moved", { status: 307, headers: { location: "http://example.net/" } });
  });
  try {
    const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
    const transport = { clock: new FakeTime().clock, fetch };
    const error = await rejection(callAzure(transport, requestTo("exchange", { url })));
    assert.deepEqual([error.failure.reason, error.failure.status], ["Redirected", 307]);
  } finally {
    await server.shutdown();
  }
});

Deno.test("http: the body of a redirect is given up, so that its connection is free", async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
  const headers = { location: "http://example.net/" };
  const answer = new Response(body, { status: 302, headers });
  const transport = transportOf(new FakeTime(), () => Promise.resolve(answer));
  const error = await rejection(callAzure(transport, requestTo("token")));
  assert.deepEqual([error.failure.reason, cancelled], ["Redirected", true]);
});

Deno.test("http: a call that nobody answers ends at its timeout, and the request with it", async () => {
  const time = new FakeTime();
  let aborted = false;
  const transport = transportOf(time, (init) => {
    init.signal!.addEventListener("abort", () => aborted = true);
    return never();
  });
  const outcome = rejection(callAzure(transport, requestTo("imds", { timeoutMs: 15_000 })));
  await time.pass(14_999);
  assert.deepEqual([aborted, transport.calls], [false, []]);
  await time.pass(1);
  const { failure } = await outcome;
  assert.deepEqual([aborted, failure.reason, failure.class, failure.status], [
    true,
    "TimedOut",
    "transient",
    undefined,
  ]);
  assert.deepEqual(transport.calls, [["imds", 0, 15_000]]);
  assert.equal(time.pending, 0);
});

/** Begins its body, and then does what `rest` does. */
function begun(status: number, rest: Partial<UnderlyingDefaultSource<Uint8Array>>): Response {
  const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    controller.enqueue(new TextEncoder().encode("{"));
  };
  return new Response(new ReadableStream<Uint8Array>({ start, ...rest }), { status });
}

Deno.test("http: a body that does not end is bound by the same timeout, and no silence", async () => {
  const time = new FakeTime();
  let cancelled = false;
  const cancel = () => void (cancelled = true);
  const transport = transportOf(time, () => Promise.resolve(begun(200, { cancel })));
  const call = rejection(callAzure(transport, requestTo("token")));
  const { failure, message } = await settle(time, call, 15_000);
  assert.deepEqual([failure.reason, failure.status, cancelled], ["TimedOut", 200, true]);
  assert.equal(
    message,
    "bench.azurecr.io began an answer (HTTP 200) that did not end within 15 s. " +
      "Look for a proxy or a firewall between the operator and this host.",
  );
  assert.deepEqual(transport.calls, [["token", 200, 15_000]]);
});

Deno.test("http: a body that is broken off is told apart from no answer, with its status", async () => {
  const time = new FakeTime();
  const broken = new TypeError("error reading a body from connection");
  const pull = () => Promise.reject(broken);
  const transport = transportOf(time, () => Promise.resolve(begun(503, { pull })));
  const { failure, message, cause } = await rejection(callAzure(transport, requestTo("imds")));
  assert.deepEqual([failure.reason, failure.class, failure.status, cause], [
    "Truncated",
    "transient",
    503,
    broken,
  ]);
  assert.equal(
    message,
    "IMDS began an answer (HTTP 503) and broke it off. " +
      "Look for a proxy or a firewall between the operator and this host.",
  );
  assert.deepEqual(transport.calls, [["imds", 503, 0]]);
});

Deno.test("http: the caller's abort ends a call at once with the caller's reason", async () => {
  const stop = new AbortController();
  const reason = new Error("the operator ends");
  const time = new FakeTime();
  const transport = transportOf(time, never);
  const outcome = rejection<Error>(
    callAzure(transport, requestTo("entra", { signal: stop.signal })),
  );
  stop.abort(reason);
  assert.equal(await outcome, reason);
  assert.equal(time.pending, 0);
});

Deno.test("http: a call that is aborted before it begins is never sent to its end", async () => {
  const reason = new Error("the operator ends");
  const transport = transportOf(new FakeTime(), () => Promise.resolve(new Response("x")));
  const request = requestTo("entra", { signal: AbortSignal.abort(reason) });
  assert.equal(await rejection<Error>(callAzure(transport, request)), reason);
});

Deno.test("http: a fetch that throws at once is a service that cannot be reached", async () => {
  const transport = transportOf(new FakeTime(), () => {
    throw new TypeError("error sending request");
  });
  const { failure, cause } = await rejection(callAzure(transport, requestTo("exchange")));
  assert.deepEqual([failure.reason, failure.class, failure.status], [
    "Unreachable",
    "transient",
    undefined,
  ]);
  assert.match(String((cause as Error).message), /error sending request/);
});

Deno.test("http: a host that Deno does not allow is named, and asked for again late", async () => {
  const endpoints: readonly AzureEndpoint[] = ["imds", "entra", "exchange", "token"];
  const refusal = new Deno.errors.NotCapable("Requires net access to ..., run again with ...");
  const hosts = ["169.254.169.254:80", "login.microsoftonline.com:443", "bench.azurecr.io:443"];
  const remedy = "Correct the host, or make an executable that may, with `deno task compile " +
    "--allow-host`, or an image with the build argument ALLOW_HOSTS.";
  for (const [index, endpoint] of endpoints.entries()) {
    const transport = transportOf(new FakeTime(), () => Promise.reject(refusal));
    const { message, failure, cause } = await rejection(callAzure(transport, requestTo(endpoint)));
    const host = hosts[Math.min(index, 2)]!;
    assert.equal(message, `This executable may not connect to ${host}. ${remedy}`);
    assert.deepEqual([failure.reason, failure.class, failure.healsInCluster, failure.status], [
      "HostNotAllowed",
      "permanent-user-error",
      true,
      undefined,
    ]);
    assert.equal(cause, refusal);
    assert.deepEqual(transport.calls, [[endpoint, 0, 0]]);
  }
});

Deno.test({
  name: "http: Deno's own refusal is known as such",
  permissions: { net: ["127.0.0.1:1"] },
  fn: async () => {
    const transport = { clock: new FakeTime().clock, fetch };
    const url = new URL("https://registry.example:8443/oauth2/exchange");
    const error = await rejection(callAzure(transport, requestTo("exchange", { url })));
    assert.match(error.message, /^This executable may not connect to registry\.example:8443\. /);
  },
});

const LONGEST = 64 * 1024;

Deno.test("http: an answer of exactly 64 KiB is read whole, and one byte more is refused", async () => {
  const lengths: Promise<number | string>[] = [LONGEST, LONGEST + 1].map(async (length) => {
    const transport = transportOf(
      new FakeTime(),
      () => Promise.resolve(new Response(new Uint8Array(length).fill(65))),
    );
    return await callAzure(transport, requestTo("token")).then(
      ({ body }) => body.length,
      (error: AzureError) => error.failure.problem,
    );
  });
  assert.deepEqual(await Promise.all(lengths), [
    LONGEST,
    "bench.azurecr.io sent an answer of more than 64 KiB",
  ]);
});

Deno.test("http: an answer whose token names 200 groups is read whole", async () => {
  const groups = Array.from({ length: 200 }, () => crypto.randomUUID());
  const payload = new TextEncoder().encode(JSON.stringify({ groups })).toBase64();
  const answer = JSON.stringify({ access_token: `head.${payload}.${"s".repeat(512)}` });
  const transport = transportOf(new FakeTime(), () => Promise.resolve(new Response(answer)));
  assert.equal((await callAzure(transport, requestTo("entra"))).body, answer);
});

/** Never ends, and counts what is asked of it. */
function endless(chunk: number): { body: ReadableStream<Uint8Array>; asked: () => number } {
  let asked = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    asked += chunk;
    controller.enqueue(new Uint8Array(chunk).fill(65));
  };
  return { body: new ReadableStream({ pull }, { highWaterMark: 0 }), asked: () => asked };
}

Deno.test("http: of an answer without end 64 KiB are read; a refusal's status still tells", async () => {
  const outcomes = [200, 403, 503].map(async (status) => {
    const { body, asked } = endless(10_000);
    const transport = transportOf(
      new FakeTime(),
      () => Promise.resolve(new Response(body, { status })),
    );
    const outcome = await callAzure(transport, requestTo("token")).then(
      (response) => [response.status, response.body.length],
      (error: AzureError) => [error.failure.reason],
    );
    return [...outcome, asked()];
  });
  assert.deepEqual(await Promise.all(outcomes), [
    ["BadAnswer", 70_000],
    [403, LONGEST, 70_000],
    [503, LONGEST, 70_000],
  ]);
});

Deno.test("http: each endpoint says where to look when it cannot be reached", async () => {
  const endpoints: readonly AzureEndpoint[] = ["imds", "entra", "exchange", "token"];
  const registry = "bench.azurecr.io could not be reached, or gave no answer. Check the " +
    "registry's name, and DNS, firewall and private endpoint on the way to it.";
  const messages = await Promise.all(endpoints.map(async (endpoint) => {
    const transport = transportOf(
      new FakeTime(),
      () => Promise.reject(new TypeError("something new")),
    );
    return (await rejection(callAzure(transport, requestTo(endpoint)))).message;
  }));
  assert.deepEqual(messages, [
    "IMDS could not be reached, or gave no answer. Check that the operator runs on an " +
    "Azure node and that no network policy blocks 169.254.169.254.",
    "login.microsoftonline.com could not be reached, or gave no answer. Check DNS, " +
    "firewall and proxy on the way to this host.",
    registry,
    registry,
  ]);
});

Deno.test("http: the observer hears of every call with its status and duration", async () => {
  const time = new FakeTime();
  const transport = transportOf(time, async () => {
    await new Promise<void>((resolve) => time.clock.after(30, resolve));
    return new Response("", { status: 503 });
  });
  const request: AzureRequest = requestTo("exchange");
  await settle(time, callAzure(transport, request), 30);
  assert.deepEqual(transport.calls, [["exchange", 503, 30]]);
});

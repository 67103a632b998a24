import assert from "node:assert/strict";
import type { RequestOptions, RestClient } from "../../../../src/kubernetes/http/contract.ts";
import { type Perform, wrapRestClient } from "../../../../src/kubernetes/http/wrap_rest_client.ts";

const GET: RequestOptions = { method: "GET", path: "/api/v1/secrets" };
const passOn: Perform = (send, opts) => send(opts);

/** A client that notes what it is asked; `ends` are the ways in which it can be closed. */
function client(ends: readonly ("close" | "dispose")[], more: Partial<RestClient> = {}) {
  const heard: unknown[] = [];
  const rest = {
    ...more,
    performRequest: (opts: RequestOptions) => {
      heard.push(opts);
      return Promise.resolve("answer");
    },
    ...(ends.includes("close") ? { close: () => void heard.push("close") } : {}),
    ...(ends.includes("dispose") ? { [Symbol.dispose]: () => void heard.push("dispose") } : {}),
  } as unknown as RestClient;
  return { rest, heard };
}

Deno.test("wrapped client: a request goes through as it is, and so does its answer", async () => {
  const { rest, heard } = client(["close"]);
  assert.equal(await wrapRestClient(rest, passOn).performRequest(GET), "answer");
  assert.deepEqual(heard, [GET]);
  assert.equal(heard[0], GET, "not even copied");
});

Deno.test("wrapped client: whoever wraps may send another request, several, or none", async () => {
  const { rest, heard } = client(["close"]);
  const twice = wrapRestClient(rest, async (send, opts) => {
    const first = await send(opts);
    return [first, await send({ ...opts, path: "/second" })];
  });
  assert.deepEqual(await twice.performRequest(GET), ["answer", "answer"]);
  assert.deepEqual(heard, [GET, { ...GET, path: "/second" }]);
  const none = wrapRestClient(rest, () => Promise.resolve("instead"));
  assert.equal(await none.performRequest(GET), "instead");
  assert.equal(heard.length, 2);
});

Deno.test("wrapped client: what either side rejects with is passed on", async () => {
  const failure = new Error("no");
  const failing = { performRequest: () => Promise.reject(failure) } as unknown as RestClient;
  await assert.rejects(wrapRestClient(failing, passOn).performRequest(GET), failure);
  const { rest, heard } = client(["close"]);
  const refusing = wrapRestClient(rest, () => Promise.reject(failure));
  await assert.rejects(refusing.performRequest(GET), failure);
  assert.deepEqual(heard, []);
});

Deno.test("wrapped client: the default namespace is the wrapped client's, or none", () => {
  const named = wrapRestClient(client(["close"], { defaultNamespace: "team-a" }).rest, passOn);
  assert.equal(named.defaultNamespace, "team-a");
  const bare = wrapRestClient(client(["close"]).rest, passOn);
  assert.equal(bare.defaultNamespace, undefined);
});

const ENDS: readonly [ends: readonly ("close" | "dispose")[], heard: string][] = [
  [["close"], "close"],
  [["dispose"], "dispose"],
  [["close", "dispose"], "close"],
];

for (const [ends, told] of ENDS) {
  Deno.test(`wrapped client: one that knows ${ends.join(" and ")} is ended once, by ${told}`, () => {
    for (const end of ["close", "dispose"] as const) {
      const { rest, heard } = client(ends);
      const wrapped = wrapRestClient(rest, passOn);
      if (end === "close") wrapped.close!();
      else wrapped[Symbol.dispose]();
      assert.deepEqual(heard, [told]);
    }
  });
}

Deno.test("wrapped client: wrappers nest, the outermost first", async () => {
  const order: string[] = [];
  const noting = (name: string): Perform => async (send, opts) => {
    order.push(`${name} begins`);
    const answer = await send(opts);
    order.push(`${name} ends`);
    return answer;
  };
  const { rest, heard } = client(["close"]);
  using both = wrapRestClient(wrapRestClient(rest, noting("inner")), noting("outer"));
  await both.performRequest(GET);
  assert.deepEqual(order, ["outer begins", "inner begins", "inner ends", "outer ends"]);
  assert.deepEqual(heard, [GET]);
});

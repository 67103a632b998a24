import assert from "node:assert/strict";
import type { RequestOptions, RestClient } from "../../../../src/kubernetes/http/contract.ts";
import { guarded } from "../../../../src/kubernetes/leader_election/guarded.ts";

const METHODS: readonly [method: RequestOptions["method"], writes: boolean][] = [
  ["GET", false],
  ["HEAD", false],
  ["OPTIONS", false],
  ["POST", true],
  ["PUT", true],
  ["PATCH", true],
  ["DELETE", true],
];

function bench(check: () => void) {
  const sent: string[] = [];
  const rest = {
    performRequest: ({ method }: RequestOptions) => {
      sent.push(method);
      return Promise.resolve("answer");
    },
    close: () => {},
  } as unknown as RestClient;
  return { sent, client: guarded(rest, check) };
}

for (const [method, writes] of METHODS) {
  const what = writes ? "is checked and refused without the Lease" : "is never held up";
  Deno.test(`guarded client: ${method} ${what}`, async () => {
    const lost = new Error("the Lease is lost");
    let checks = 0;
    const { sent, client } = bench(() => {
      checks += 1;
      throw lost;
    });
    const outcome = client.performRequest({ method, path: "/" }).catch((error: unknown) => error);
    assert.equal(await outcome, writes ? lost : "answer");
    assert.deepEqual([checks, sent], writes ? [1, []] : [0, [method]]);
  });

  Deno.test(`guarded client: ${method} goes through with the Lease`, async () => {
    const { sent, client } = bench(() => {});
    assert.equal(await client.performRequest({ method, path: "/" }), "answer");
    assert.deepEqual(sent, [method]);
  });
}

Deno.test("guarded client: a write whose signal the check itself has aborted is not sent", async () => {
  const stop = new AbortController();
  const reason = new Error("the Lease has run out");
  const { sent, client } = bench(() => stop.abort(reason));
  const write = { method: "POST", path: "/", abortSignal: stop.signal } as const;
  await assert.rejects(client.performRequest(write), reason);
  assert.deepEqual(sent, []);
});

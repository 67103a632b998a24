import assert from "node:assert/strict";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { withTimeLimit } from "../../../../src/kubernetes/http/time_limit.ts";
import { FakeTime } from "../fake_time.ts";

function limits(time: FakeTime, signal?: AbortSignal) {
  return { clock: time.clock, limitMs: 5_000, what: "get of Lease a/b", signal };
}

Deno.test("work that ends in time gives its result and leaves no timer", async () => {
  const time = new FakeTime();
  assert.equal(await withTimeLimit(limits(time), () => Promise.resolve(7)), 7);
  assert.equal(time.pending, 0);
});

Deno.test("work that heeds nothing is left behind when its time is over", async () => {
  const time = new FakeTime();
  let told: AbortSignal | undefined;
  const outcome = withTimeLimit(limits(time), (signal) => {
    told = signal;
    return new Promise<never>(() => {});
  }).catch((error) => error);
  await time.pass(5_000);
  const error = await outcome;
  assert.ok(error instanceof ApiError);
  assert.deepEqual([error.reason, error.message, error.retryable], [
    "Timeout",
    "get of Lease a/b: no answer within 5 s",
    true,
  ]);
  assert.equal(told?.aborted, true);
  assert.equal(time.pending, 0);
});

Deno.test("the caller's abort ends it with the caller's reason", async () => {
  const time = new FakeTime();
  const caller = new AbortController();
  const reason = new Error("terminated");
  const outcome = withTimeLimit(limits(time, caller.signal), () => new Promise<never>(() => {}));
  caller.abort(reason);
  await assert.rejects(outcome, reason);
  assert.equal(time.pending, 0);
});

Deno.test("nothing is begun once the caller has aborted", async () => {
  const time = new FakeTime();
  const reason = new Error("terminated");
  let begun = false;
  const outcome = withTimeLimit(limits(time, AbortSignal.abort(reason)), () => {
    begun = true;
    return Promise.resolve();
  });
  await assert.rejects(outcome, reason);
  assert.equal(begun, false);
});

Deno.test("the error of another client becomes an ApiError", async () => {
  const time = new FakeTime();
  const foreign = Object.assign(new Error("409"), {
    httpCode: 409,
    status: { kind: "Status", code: 409, reason: "Conflict", message: "modified" },
  });
  await assert.rejects(
    withTimeLimit(limits(time), () => Promise.reject(foreign)),
    { name: "ApiError", reason: "Conflict", cause: foreign },
  );
});

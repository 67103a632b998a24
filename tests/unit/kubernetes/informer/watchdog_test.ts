import assert from "node:assert/strict";
import { withWatchdog } from "../../../../src/kubernetes/informer/watchdog.ts";
import { settle, TestClock } from "./informer_harness.ts";

function setUp() {
  const clock = new TestClock();
  const told: string[] = [];
  const options = { clock, silentAfterMs: 1_000, onSilent: () => void told.push("silent") };
  return { clock, told, options, stop: new AbortController() };
}

Deno.test("a connection that is heard in time goes on, and leaves nothing behind at its end", async () => {
  const { clock, told, options, stop } = setUp();
  const { promise, resolve } = Promise.withResolvers<string>();
  let connection: { signal: AbortSignal; heard(): void } | undefined;
  const result = withWatchdog(stop.signal, options, (given) => {
    connection = given;
    return promise;
  });
  await clock.advance(999);
  connection?.heard();
  await clock.advance(999);
  resolve("done");
  assert.equal(await result, "done");
  stop.abort();
  assert.deepEqual(
    { told, timers: clock.timers, aborted: connection?.signal.aborted },
    { told: [], timers: 0, aborted: false },
  );
});

Deno.test("a silent connection is ended once, with an error that says so", async () => {
  const { clock, told, options, stop } = setUp();
  const result = withWatchdog(stop.signal, options, ({ signal }) => {
    return new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  });
  const ended = assert.rejects(result, {
    name: "ApiError",
    reason: "Timeout",
    message: "nothing was heard for 1 s, so the connection was ended",
  });
  await clock.advance(5_000);
  await ended;
  assert.deepEqual({ told, timers: clock.timers }, { told: ["silent"], timers: 0 });
});

Deno.test("the caller's abort ends a connection with the caller's reason", async () => {
  const { clock, options, stop } = setUp();
  let reason: unknown;
  const { promise, resolve } = Promise.withResolvers<void>();
  const result = withWatchdog(stop.signal, options, ({ signal }) => {
    signal.addEventListener("abort", () => resolve(reason = signal.reason), { once: true });
    return promise;
  });
  stop.abort("enough");
  await result;
  await settle();
  assert.deepEqual({ reason, timers: clock.timers }, { reason: "enough", timers: 0 });
});

Deno.test("nothing begins under a signal that has aborted", async () => {
  const { options } = setUp();
  const aborted = AbortSignal.abort("before");
  const result = withWatchdog(aborted, options, () => assert.fail("it began"));
  assert.equal(await result.catch((reason) => reason), "before");
});

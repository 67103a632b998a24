import assert from "node:assert/strict";
import { Renewals } from "./lease.ts";

Deno.test("renewals of the Lease: the watch ends with its user, though the API server holds it open", async () => {
  const ended = Promise.withResolvers<void>();
  await using server = Deno.serve({ port: 0, onListen() {} }, ({ signal }) => {
    signal.addEventListener("abort", () => ended.resolve());
    const lease = { type: "ADDED", object: { spec: { renewTime: "2026-01-01T00:00:00Z" } } };
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`${JSON.stringify(lease)}\n`));
      },
    });
    return new Response(body);
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  {
    await using renewals = await Renewals.watch({
      adminFetch: (path, init) => fetch(`${origin}${path}`, init),
    });
    assert.equal(renewals.longestGapSeconds(), undefined);
  }
  await ended.promise;
});

import assert from "node:assert/strict";
import { sleep } from "../../src/runtime/clock.ts";
import { StillRig } from "./still_rig.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const NOISY = 300;

/** What kube-apiserver answers where a webhook with `timeoutSeconds: 30` does not. */
const TIMED_OUT = {
  apiVersion: "v1",
  kind: "Status",
  status: "Failure",
  reason: "InternalError",
  code: 500,
  message: 'Internal error occurred: failed calling webhook "slow.example.com": failed to call ' +
    'webhook: Post "https://slow.example:443/?timeout=30s": context deadline exceeded',
};

/** Has updates of ServiceAccounts in `noisy` meet a webhook that times out. */
function hangWebhook(rig: StillRig): { readonly underWay: () => number } {
  let underWay = 0;
  rig.intercept = (request) => {
    const { pathname } = new URL(request.url);
    const meets = request.method === "PATCH" && pathname.includes("/noisy/serviceaccounts/");
    if (!meets) return undefined;
    underWay++;
    return sleep(rig.time.clock, 30 * SECOND, request.signal)
      .then(() => Response.json(TIMED_OUT, { status: 500 }))
      .finally(() => underWay--);
  };
  return { underWay: () => underWay };
}

for (const shared of [false, true]) {
  const accounts = shared ? "one account" : "accounts of their own";
  Deno.test(`fairness: 300 bindings on ${accounts} behind a webhook that times out keep no other namespace waiting`, async () => {
    await using rig = new StillRig();
    await rig.start();
    rig.bind("due", "app");
    await rig.untilReady("due", "app", 5 * SECOND);
    const { mintedAt, expiresAt } = rig.lifetime("due", "app");
    // v1beta1 refreshes at the latest 30 minutes before expiry.
    const dueAt = expiresAt - 30 * MINUTE;
    await rig.time.pass(dueAt - 5 * MINUTE - rig.time.clock.now());
    assert.equal(rig.lifetime("due", "app").mintedAt, mintedAt, "it is not due yet");

    const webhook = hangWebhook(rig);
    for (let index = 0; index < NOISY; index++) {
      rig.bind("noisy", `app-${index}`, shared ? { serviceAccountName: "app-0" } : {});
    }
    await rig.time.pass(10 * SECOND);
    assert.ok(webhook.underWay() >= (shared ? 1 : 20), `${webhook.underWay()} calls hang`);

    for (let index = 0; index < 3; index++) {
      const name = `new-${index}`;
      rig.bind("quiet", name);
      const tookMs = await rig.untilReady("quiet", name, 60 * SECOND);
      assert.ok(tookMs <= 5 * SECOND, `${name} was ready after ${tookMs} ms`);
      await rig.time.pass(13 * SECOND);
    }
    await rig.time.pass(dueAt - rig.time.clock.now());
    assert.ok(webhook.underWay() > 0, "calls still hang");
    assert.ok(rig.lifetime("due", "app").mintedAt > mintedAt, "the refresh is late");
  });
}

import assert from "node:assert/strict";
import { refreshAt } from "../../src/controller/plan/schedule.ts";
import { sleep } from "../../src/runtime/time/clock.ts";
import { hangWebhook } from "./slow_webhook.ts";
import { StillRig } from "./still_rig.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const NOISY = 300;

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
    assert.ok(webhook.underWay() >= (shared ? 1 : 10), `${webhook.underWay()} calls hang`);

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

/** Another namespace's new binding, and a refresh that is due, while `noisy` keeps Azure busy. */
async function othersAreServed(rig: StillRig, makeNoise: () => void): Promise<void> {
  rig.bind("due", "app");
  await rig.untilReady("due", "app", 5 * SECOND);
  const { mintedAt, expiresAt } = rig.lifetime("due", "app");
  const dueAt = expiresAt - 30 * MINUTE;
  await rig.time.pass(dueAt - 5 * MINUTE - rig.time.clock.now());
  assert.equal(rig.lifetime("due", "app").mintedAt, mintedAt, "it is not due yet");
  makeNoise();
  for (let index = 0; index < 3; index++) {
    await rig.time.pass(2 * SECOND);
    const name = `new-${index}`;
    // An identity and a registry of its own: nothing is shared with those that are there.
    rig.bind("quiet", name, {
      acrServer: `quiet${index}.azurecr.io`,
      managedIdentityClientID: `1b461305-28be-5271-beda-00000000000${index}`,
    });
    const tookMs = await rig.untilReady("quiet", name, 3 * MINUTE);
    assert.ok(tookMs <= 5 * SECOND, `${name} was ready after ${tookMs} ms`);
  }
  await rig.time.pass(dueAt + 5 * SECOND - rig.time.clock.now());
  assert.ok(rig.lifetime("due", "app").mintedAt > mintedAt, "the refresh is late");
}

Deno.test("fairness: bindings with invented client IDs keep no other namespace waiting for IMDS", async () => {
  const known = /^1b461305-28be-5271-beda-/;
  await using rig = new StillRig({ identities: (id) => known.test(id) });
  await rig.start();
  await othersAreServed(rig, () => {
    for (let index = 0; index < 600; index++) {
      const managedIdentityClientID = `deadbeef-0000-4000-8000-${`${index}`.padStart(12, "0")}`;
      rig.bind("noisy", `app-${index}`, { managedIdentityClientID });
    }
  });
});

Deno.test("fairness: registries that hang keep no other namespace waiting for theirs", async () => {
  await using rig = new StillRig();
  const answer = rig.azure.fetch;
  rig.azureFetch = (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input);
    if (!hostname.startsWith("hangs")) return answer(input, init);
    return sleep(rig.time.clock, 60 * MINUTE, init?.signal ?? undefined) as Promise<never>;
  };
  await rig.start();
  await othersAreServed(rig, () => {
    for (let index = 0; index < 300; index++) {
      rig.bind("noisy", `app-${index}`, { acrServer: `hangs${index}.azurecr.io` });
    }
  });
});

Deno.test("fairness: a refresh near expiry goes before the work of many namespaces that hangs", async () => {
  const lifeMs = 12 * MINUTE;
  await using rig = new StillRig({ tokenLifetimeMs: { refresh: lifeMs } });
  await rig.start();
  rig.bind("due", "app");
  await rig.untilReady("due", "app", 5 * SECOND);
  const { mintedAt, expiresAt } = rig.lifetime("due", "app");
  const rotation = { kind: "beforeExpiry", marginMs: 30 * MINUTE } as const;
  const lifetime = { refreshedAt: mintedAt, expiresAt };
  const dueAt = refreshAt(lifetime, rotation, rig.uid("due", "app"));
  await rig.time.pass(dueAt - 5 * SECOND - rig.time.clock.now());
  const webhook = hangWebhook(
    rig,
    ({ method, pathname }) => method === "POST" && /\/noisy-[0-9]{1,2}\/secrets$/.test(pathname),
  );
  for (let index = 0; index < 40 * 12; index++) {
    rig.bind(`noisy-${index % 40}`, `app-${index}`);
  }
  await rig.time.pass(4 * SECOND);
  assert.ok(webhook.underWay() >= 32, `${webhook.underWay()} calls hang`);
  assert.equal(rig.lifetime("due", "app").mintedAt, mintedAt, "it is not due yet");
  await rig.time.pass(3 * SECOND);
  assert.ok(rig.lifetime("due", "app").mintedAt > mintedAt, "the refresh is late");
});

for (const hostile of [1, 2, 3]) {
  Deno.test(`fairness: ${hostile} namespaces that claim to expire soon, behind a webhook that times out, delay no refresh`, async () => {
    const lifeMs = 12 * MINUTE;
    await using rig = new StillRig({ tokenLifetimeMs: { refresh: lifeMs } });
    await rig.start();
    const claims = Array.from({ length: hostile * 40 }, (_, index) => ({
      namespace: `noisy-${Math.floor(index / 40)}`,
      name: `app-${index}`,
    }));
    for (const { namespace, name } of claims) rig.bind(namespace, name);
    await rig.time.pass(10 * SECOND);
    rig.bind("due", "app");
    await rig.untilReady("due", "app", 5 * SECOND);
    const { mintedAt, expiresAt } = rig.lifetime("due", "app");
    const rotation = { kind: "beforeExpiry", marginMs: 30 * MINUTE } as const;
    const lifetime = { refreshedAt: mintedAt, expiresAt };
    const dueAt = refreshAt(lifetime, rotation, rig.uid("due", "app"));
    await rig.time.pass(dueAt - 10 * SECOND - rig.time.clock.now());
    const webhook = hangWebhook(rig, ({ pathname }) => /\/noisy-\d\/secrets/.test(pathname));
    for (const { namespace, name } of claims) {
      rig.sayItExpires(namespace, name, rig.time.clock.now() + 4 * MINUTE);
    }
    await rig.time.pass(9 * SECOND);
    assert.ok(webhook.underWay() >= 5, `${webhook.underWay()} calls hang`);
    assert.equal(rig.lifetime("due", "app").mintedAt, mintedAt, "it is not due yet");
    await rig.time.pass(3 * SECOND);
    assert.ok(rig.lifetime("due", "app").mintedAt > mintedAt, "the refresh is late");
  });
}

import assert from "node:assert/strict";
import { sleep } from "../../src/runtime/time/clock.ts";
import { freePort } from "../suites/operator_process.ts";
import { StillRig } from "./still_rig.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A rig whose health is asked for on a port of this machine. */
async function probed(rig: StillRig): Promise<() => Promise<string>> {
  const address = `127.0.0.1:${freePort()}`;
  await rig.start(`--health-probe-bind-address=${address}`);
  return async () => await (await fetch(`http://${address}/healthz`)).text();
}

Deno.test("liveness: a thousand identities behind a slow registry leave a healthy pod alone", async () => {
  const identities = 1000;
  await using rig = new StillRig({ latencyMs: { acr: 29 * SECOND } });
  const probe = await probed(rig);
  for (let index = 0; index < identities; index++) {
    const managedIdentityClientID = `1b461305-28be-5271-beda-${`${index}`.padStart(12, "0")}`;
    rig.bind("team", `app-${index}`, { managedIdentityClientID });
  }
  const ready = () =>
    rig.kubernetes.list({ apiVersion: "v1", kind: "Secret" }).length === identities;
  let minutes = 0;
  for (; minutes < 60 && !ready(); minutes++) {
    await rig.time.pass(MINUTE);
    assert.equal(await probe(), "ok\n", `after ${minutes} minutes`);
  }
  assert.ok(ready(), "not all were served");
  assert.ok(minutes > 15, `the wait was to be longer than any work may stand: ${minutes} minutes`);
});

Deno.test("liveness: hundreds of registries that hang for hours leave a healthy pod alone", async () => {
  await using rig = new StillRig();
  const answer = rig.azure.fetch;
  rig.azureFetch = (input, init) => {
    const { hostname } = new URL(input instanceof Request ? input.url : input);
    if (!hostname.startsWith("hangs")) return answer(input, init);
    return sleep(rig.time.clock, 24 * 60 * MINUTE, init?.signal ?? undefined) as Promise<never>;
  };
  const probe = await probed(rig);
  for (let index = 0; index < 600; index++) {
    rig.bind("team", `app-${index}`, { acrServer: `hangs${index}.azurecr.io` });
  }
  for (let minutes = 0; minutes < 100; minutes += 5) {
    await rig.time.pass(5 * MINUTE);
    assert.equal(await probe(), "ok\n", `after ${minutes} minutes`);
  }
});

Deno.test("liveness: many writes of one binding, each of them slow, leave a healthy pod alone", async () => {
  await using rig = new StillRig();
  let slow = 0;
  rig.intercept = (request) => {
    const { pathname } = new URL(request.url);
    const isSlow = request.method === "PATCH" && pathname.includes("/team/serviceaccounts/");
    if (!isSlow) return undefined;
    slow++;
    return sleep(rig.time.clock, 29 * SECOND, request.signal)
      .then(() => rig.kubernetes.fetch(request));
  };
  const probe = await probed(rig);
  rig.bind("team", "app");
  await rig.untilReady("team", "app", 2 * MINUTE);
  for (let index = 0; index < 40; index++) {
    rig.kubernetes.apply({
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { namespace: "team", name: `further-${index}` },
      imagePullSecrets: [{ name: "app-msi-acrpull-secret" }],
    });
  }
  for (let minute = 0; minute < 25; minute++) {
    await rig.time.pass(MINUTE);
    assert.equal(await probe(), "ok\n", `after ${minute} minutes`);
  }
  assert.ok(slow >= 40, `${slow} slow writes`);
});

const MANY_NAMES = Array.from({ length: 40 }, (_, index) => ({ name: `other-${index}` }));

for (
  const { what, account, minutes } of [
    {
      what: "large accounts",
      account: { metadata: { annotations: { note: "a".repeat(40_000) } } },
      minutes: 20,
    },
    { what: "accounts of many names", account: { imagePullSecrets: MANY_NAMES }, minutes: 75 },
  ]
) {
  Deno.test(`liveness: ${what} that change while a slow webhook keeps each write leave a healthy pod alone`, async () => {
    await using rig = new StillRig();
    let slow = 0;
    const touch = (name: string) =>
      rig.kubernetes.apply({
        apiVersion: "v1",
        kind: "ServiceAccount",
        ...account,
        metadata: {
          namespace: "noisy",
          name,
          annotations: { ...account.metadata?.annotations, touched: `${slow}` },
        },
      });
    rig.intercept = (request) => {
      const { pathname } = new URL(request.url);
      const name = /\/noisy\/serviceaccounts\/([^/]+)$/.exec(pathname)?.[1];
      if (request.method !== "PATCH" || name === undefined) return undefined;
      slow++;
      return sleep(rig.time.clock, 29 * SECOND, request.signal).then(() => {
        touch(name);
        return rig.kubernetes.fetch(request);
      });
    };
    const probe = await probed(rig);
    for (let index = 0; index < 60; index++) {
      rig.bind("noisy", `app-${index}`);
      touch(`app-${index}`);
    }
    for (let minute = 0; minute < minutes; minute++) {
      await rig.time.pass(MINUTE);
      assert.equal(await probe(), "ok\n", `after ${minute} minutes`);
    }
    assert.ok(slow >= 60, `${slow} slow writes`);
  });
}

Deno.test("liveness: a worker that stands for ever fails it, though the others move on", async () => {
  await using rig = new StillRig();
  const stuck = Promise.withResolvers<Response>();
  rig.intercept = (request) =>
    request.method === "PATCH" && new URL(request.url).pathname.endsWith("/stuck")
      ? stuck.promise
      : undefined;
  const probe = await probed(rig);
  rig.bind("team", "stuck");
  for (let minute = 0; minute < 15; minute++) {
    assert.equal(await probe(), "ok\n", `after ${minute} minutes`);
    rig.bind("team", `app-${minute}`);
    await rig.untilReady("team", `app-${minute}`, 5 * SECOND);
    await rig.time.pass(MINUTE);
  }
  assert.match(
    await probe(),
    /^\[-\]reconciling failed: work on v1beta1\/team\/stuck has lasted for 9\d\d s\n/,
  );
  stuck.resolve(new Response(null, { status: 500 }));
});

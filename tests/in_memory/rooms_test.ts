import assert from "node:assert/strict";
import { hangWebhook } from "./slow_webhook.ts";
import { StillRig } from "./still_rig.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const ACCOUNT = { apiVersion: "v1", kind: "ServiceAccount" };

/** An account of more text than any that serves its purpose. */
const LARGE = { annotations: { note: "a".repeat(40_000) } };
/** Of a crowd of names no cache keeps the names themselves. */
const CROWD = Array.from({ length: 40 }, (_, index) => ({ name: `other-${index}` }));

const isOfNoisyAccount = ({ pathname }: { readonly pathname: string }) =>
  /\/noisy-\d\/serviceaccounts\//.test(pathname);

for (const hostile of [1, 2, 3]) {
  Deno.test(`rooms: large accounts of ${hostile} namespaces behind a webhook that times out keep nobody's altered Secrets waiting`, async () => {
    await using rig = new StillRig();
    await rig.start();
    const quiet = Array.from({ length: 72 }, (_, index) => ({
      namespace: `quiet-${index % 12}`,
      name: `app-${index}`,
    }));
    for (const { namespace, name } of quiet) rig.bind(namespace, name);
    await rig.time.pass(20 * SECOND);
    const webhook = hangWebhook(rig, isOfNoisyAccount);
    for (let index = 0; index < hostile * 40; index++) {
      const metadata = { namespace: `noisy-${Math.floor(index / 40)}`, name: `app-${index}` };
      rig.bind(metadata.namespace, metadata.name);
      rig.kubernetes.apply({ ...ACCOUNT, metadata: { ...metadata, ...LARGE } });
    }
    await rig.time.pass(40 * SECOND);
    assert.ok(webhook.underWay() >= hostile, `${webhook.underWay()} calls hang`);

    const data = { ".dockerconfigjson": btoa('{"auths":{}}') };
    const alteredAt = rig.time.elapsed();
    for (const { namespace, name } of quiet) rig.changeSecret(namespace, name, { data });
    await rig.time.pass(2 * SECOND);
    rig.bind("new", "app");
    const tookMs = await rig.untilReady("new", "app", MINUTE);
    assert.ok(tookMs <= SECOND, `the newcomer was ready after ${tookMs} ms`);
    const altered = () =>
      quiet.filter(({ namespace, name }) =>
        rig.secretData(namespace, name) === data[".dockerconfigjson"]
      );
    await rig.time.waitFor(() => altered().length === 0, MINUTE);
    const restoredMs = rig.time.elapsed() - alteredAt;
    assert.ok(restoredMs <= 5 * SECOND, `${altered().length} altered after ${restoredMs} ms`);
  });

  Deno.test(`rooms: accounts of many names in ${hostile} namespaces behind a webhook that times out keep nobody's such account waiting`, async () => {
    await using rig = new StillRig();
    await rig.start();
    const webhook = hangWebhook(rig, isOfNoisyAccount);
    for (let index = 0; index < hostile * 40; index++) {
      const metadata = { namespace: `noisy-${Math.floor(index / 40)}`, name: `app-${index}` };
      rig.bind(metadata.namespace, metadata.name);
      rig.kubernetes.apply({ ...ACCOUNT, metadata, imagePullSecrets: CROWD });
    }
    await rig.time.pass(40 * SECOND);
    assert.ok(webhook.underWay() >= hostile, `${webhook.underWay()} calls hang`);
    for (let round = 0; round < 3; round++) {
      const metadata = { namespace: `quiet-${round}`, name: "app" };
      rig.bind(metadata.namespace, metadata.name);
      rig.kubernetes.apply({ ...ACCOUNT, metadata, imagePullSecrets: CROWD });
      const tookMs = await rig.untilReady(metadata.namespace, "app", 2 * MINUTE);
      assert.ok(tookMs <= SECOND, `ready after ${tookMs} ms`);
      await rig.time.pass(13 * SECOND);
    }
  });
}

Deno.test("rooms: an account that is large and a crowd keeps its names and their order, and is read as it is", async () => {
  await using rig = new StillRig();
  await rig.start();
  const metadata = { namespace: "team", name: "shared" };
  const names = ["acr-pull-m", ...CROWD.map(({ name }) => name)];
  rig.bind("team", "shared");
  rig.kubernetes.apply({
    ...ACCOUNT,
    metadata: { ...metadata, ...LARGE },
    imagePullSecrets: names.map((name) => ({ name })),
  });
  await rig.untilReady("team", "shared", 5 * SECOND);
  for (const name of ["b", "a"]) {
    rig.bind("team", name, { serviceAccountName: "shared" });
    await rig.untilReady("team", name, 5 * SECOND);
  }
  assert.deepEqual(rig.pullSecrets("team", "shared"), [
    ...names,
    "a-msi-acrpull-secret",
    "b-msi-acrpull-secret",
    "shared-msi-acrpull-secret",
  ]);
});

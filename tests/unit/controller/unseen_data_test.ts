import assert from "node:assert/strict";

import { HOUR, MINUTE, SECOND } from "./builders.ts";
import { azureError, BINDING_PATH, ReconcilerRig, SECRET, SECRET_PATH } from "./reconciler_rig.ts";
import { NAMESPACE, V2 } from "./rig.ts";

const EMPTY = { ".dockerconfigjson": btoa('{"auths":{}}') };
const LABEL = "acr.microsoft.com/binding";
const V2_SECRET = "acr-pull-two";
const V2_KEY = `v1beta2/${NAMESPACE}/two`;
const CLIENT_ID = "1b461305-28be-5271-beda-bd9fd2e24251";
const OPERATOR = "msi-acrpull-deno";

function readiness(rig: ReconcilerRig): string {
  return `${rig.ready().status}/${rig.ready().reason}`;
}

/** How often the Secret was read whole. */
function countingReads(rig: ReconcilerRig): { readonly of: () => number } {
  let reads = 0;
  rig.beforeRequest = ({ method, url }) => {
    if (method === "GET" && new URL(url).pathname.includes("/secrets/")) reads++;
  };
  return { of: () => reads };
}

/** Another puts into the Secret what pulls nothing. */
async function spoil(rig: ReconcilerRig, n: number): Promise<void> {
  const body = { data: EMPTY, metadata: { annotations: { "example.com/n": `${n}` } } };
  await rig.send("PATCH", `${SECRET_PATH}?fieldManager=tenant`, body);
  await rig.sync();
}

/** Has admission put what pulls nothing into the Secrets that the operator writes. */
function emptying(rig: ReconcilerRig): void {
  rig.kube.admit({
    mutate: ({ manager, resource, object }) => {
      if (resource === "secrets" && manager === OPERATOR) object!.data = EMPTY;
    },
  });
}

Deno.test("unseen data: from a new binding to its refresh, and after a restart, nothing is read", async () => {
  await using rig = await new ReconcilerRig().start();
  const reads = countingReads(rig);
  await rig.reconcile();
  await rig.sync();
  await rig.reconcile();
  await rig.passUntilRefresh();
  await rig.reconcile();
  await rig.sync();
  await rig.reconcileAnew();
  assert.equal(readiness(rig), "True/CredentialAttached");
  assert.equal(rig.minted.length, 2);
  assert.equal(reads.of(), 0);
});

Deno.test("unseen data: a label is put back, and what admission made of the data is told", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.sync();
  emptying(rig);
  await rig.send("PATCH", SECRET_PATH, { metadata: { labels: null } });
  await rig.sync();
  await rig.reconcile();
  assert.equal(rig.secret(SECRET)!.metadata.labels?.[LABEL], "pull");
  assert.equal(readiness(rig), "False/ChangesUndone");
});

/** What becomes of the Secret before it can be looked at, once the answer to its adoption is lost. */
const MEANWHILE: readonly { readonly what: string; readonly code?: number; readonly due?: true }[] =
  [
    { what: "the API server is away" },
    { what: "reading it is forbidden", code: 403 },
    { what: "reading it is put off", code: 429 },
    { what: "a refresh is due before it is read, and fails", due: true },
  ];

for (const { what, code, due } of MEANWHILE) {
  Deno.test(`unseen data: where the answer to a label put back is lost and ${what}, what admission made of the data is told once it can be read`, async () => {
    await using rig = await new ReconcilerRig().start();
    await rig.reconcile();
    await rig.sync();
    await rig.reconcile();
    emptying(rig);
    await rig.send("PATCH", SECRET_PATH, { metadata: { labels: null } });
    await rig.sync();
    let isLost = false;
    rig.afterRequest = ({ method, url }) => {
      if (isLost || method !== "PATCH" || !url.includes("/secrets")) return;
      isLost = true;
      throw new TypeError("connection reset");
    };
    let left = due ? 1 : 2;
    rig.admit = ({ method, url }) => {
      const isRead = method === "GET" && new URL(url).pathname.endsWith(`/secrets/${SECRET}`);
      if (!isRead || !isLost || left-- <= 0) return Promise.resolve(undefined);
      if (code === undefined) return Promise.reject(new TypeError("connection reset"));
      const body = { kind: "Status", apiVersion: "v1", status: "Failure", code, message: "no" };
      return Promise.resolve(Response.json(body, { status: code }));
    };
    if (due) {
      rig.beforeMint = () => {
        throw azureError();
      };
      await rig.time.pass(Math.ceil(rig.refreshIn()) - SECOND);
    }
    for (let n = 0; n < 4; n++) {
      await rig.reconcile();
      await rig.sync();
      await rig.time.pass(MINUTE);
    }
    assert.ok(isLost);
    assert.equal(rig.ready().status, "False");
  });
}

for (const when of ["create", "update"] as const) {
  for (const restarted of [false, true]) {
    const what = restarted ? ", and the operator starts anew" : "";
    Deno.test(`unseen data: where the answer to a ${when} is lost${what}, what admission made of it is seen`, async () => {
      await using rig = await new ReconcilerRig().start();
      if (when === "update") {
        await rig.reconcile();
        await rig.passUntilRefresh();
      }
      emptying(rig);
      let isLost = false;
      rig.afterRequest = ({ method, url }) => {
        if (isLost || !url.includes("/secrets") || method === "GET") return;
        isLost = true;
        throw new TypeError("connection reset");
      };
      await rig.reconcile();
      assert.ok(isLost);
      await rig.sync();
      for (let minute = 0; minute < 3; minute++) {
        await (restarted && minute === 0 ? rig.reconcileAnew() : rig.reconcile());
        assert.equal(rig.ready().status, "False");
        await rig.time.pass(MINUTE);
        await rig.sync();
      }
      assert.equal(readiness(rig), "False/ChangesUndone");
    });
  }
}

Deno.test("unseen data: where the answer is lost and admission changed nothing, the binding is ready after one look", async () => {
  await using rig = await new ReconcilerRig().start();
  const reads = countingReads(rig);
  let isLost = false;
  rig.afterRequest = ({ method, url }) => {
    if (isLost || !url.includes("/secrets") || method === "GET") return;
    isLost = true;
    throw new TypeError("connection reset");
  };
  await rig.reconcile();
  await rig.sync();
  await rig.reconcile();
  await rig.reconcile();
  assert.equal(readiness(rig), "True/CredentialAttached");
  assert.equal(reads.of(), 1);
  assert.equal(rig.minted.length, 1);
});

Deno.test("unseen data: while what never settles rests, what another put into the Secret is no credential", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  let n = 0;
  await spoil(rig, ++n);
  rig.beforeRequest = async ({ method, url }) => {
    const body = { data: EMPTY, metadata: { annotations: { "example.com/n": `${++n}` } } };
    if (method === "PATCH" && new URL(url).pathname.endsWith(`/secrets/${SECRET}`)) {
      await rig.send("PATCH", `${SECRET_PATH}?fieldManager=tenant`, body);
    }
  };
  await rig.reconcile();
  assert.equal(readiness(rig), "False/NotSettling");
  await spoil(rig, ++n);
  await rig.reconcile();
  assert.equal(readiness(rig), "False/NotSettling");
});

Deno.test("unseen data: while a label that does not stay rests, what another put into the Secret is no credential", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  for (let n = 0; n < 4; n++) {
    const body = { metadata: { labels: { [LABEL]: "other" } } };
    await rig.send("PATCH", `${SECRET_PATH}?fieldManager=tenant`, body);
    await rig.sync();
    await rig.reconcile();
  }
  assert.equal(readiness(rig), "True/ChangesUndone");
  await spoil(rig, 1);
  await rig.reconcile();
  assert.equal(readiness(rig), "False/ChangesUndone");
});

Deno.test("unseen data: while a refresh fails, what another put into the Secret is no credential", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.passUntilRefresh();
  await spoil(rig, 1);
  rig.beforeMint = () => {
    throw new Error("no credential today");
  };
  await rig.reconcile();
  assert.equal(rig.ready().status, "False");
});

Deno.test("unseen data: a Secret that cannot be read while a refresh fails is asked for once, and keeps what was told of it", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.passUntilRefresh();
  await spoil(rig, 1);
  rig.beforeMint = () => {
    throw new Error("no credential today");
  };
  let reads = 0;
  rig.beforeRequest = ({ method, url }) => {
    if (method !== "GET" || !new URL(url).pathname.includes("/secrets/")) return;
    reads++;
    throw new TypeError("connection reset");
  };
  await rig.reconcile();
  assert.equal(reads, 1);
  assert.equal(readiness(rig), "True/KubernetesRefused");
});

for (const restarted of [false, true]) {
  Deno.test(`unseen data: who takes away that scopes are lacking${restarted ? " before a restart" : ""} makes nothing ready`, async () => {
    await using rig = await new ReconcilerRig().start();
    rig.apply({ ...V2, metadata: { name: "two" }, spec: specOf("bench.azurecr.io") });
    await rig.sync();
    rig.lacking = ["repository:b:pull"];
    rig.claims = { access: [] };
    await rig.reconcile(V2_KEY);
    assert.equal(readinessOfV2(rig), "False/ScopeNotGranted");
    const path = SECRET_PATH.replace(SECRET, V2_SECRET);
    const annotations = { "acr.microsoft.com/token.lacking": null };
    await rig.send("PATCH", `${path}?fieldManager=pruner`, { metadata: { annotations } });
    await rig.sync();
    await (restarted ? rig.reconcileAnew(V2_KEY) : rig.reconcile(V2_KEY));
    assert.equal(readinessOfV2(rig), "False/ScopeNotGranted");
    await rig.time.pass(HOUR / 2);
    await rig.reconcileAnew(V2_KEY);
    assert.equal(readinessOfV2(rig), "False/ScopeNotGranted");
  });
}

Deno.test("unseen data: the credential of another registry makes no spec ready that cannot be minted for", async () => {
  await using rig = await new ReconcilerRig().start();
  const ids = {
    "azure.workload.identity/client-id": CLIENT_ID,
    "azure.workload.identity/tenant-id": CLIENT_ID,
  };
  const account = { apiVersion: "v1", kind: "ServiceAccount" };
  rig.apply({ ...account, metadata: { name: "fit", annotations: ids } });
  rig.apply({ ...account, metadata: { name: "bare" } });
  const workload = (serviceAccountRef: string) => ({ workloadIdentity: { serviceAccountRef } });
  rig.apply({ ...V2, metadata: { name: "two" }, spec: specOf("old.azurecr.io", workload("fit")) });
  await rig.sync();
  await rig.reconcile(V2_KEY);
  assert.equal(readinessOfV2(rig), "True/CredentialAttached");
  const spec = { acr: { server: "new.azurecr.io" }, auth: workload("bare") };
  await rig.send("PATCH", V2_PATH, { spec });
  await rig.sync();
  await rig.reconcile(V2_KEY);
  assert.equal(readinessOfV2(rig), "False/ServiceAccountIncomplete");
});

const V2_PATH = BINDING_PATH.replace(
  "msi-acrpull.microsoft.com/v1beta1",
  "acrpull.microsoft.com/v1beta2",
)
  .replace(/pull$/, "two");

function specOf(server: string, auth: object = { managedIdentity: { clientID: CLIENT_ID } }) {
  const scope = "repository:a:pull repository:b:pull";
  return {
    acr: { server, environment: "PublicCloud", scope },
    auth,
    serviceAccountName: "default",
  };
}

function readinessOfV2(rig: ReconcilerRig): string {
  const { status } = rig.get<
    { status: { conditions: { type: string; status: string; reason: string }[] } }
  >(V2, "two")!;
  const ready = status.conditions.find(({ type }) => type === "Ready")!;
  return `${ready.status}/${ready.reason}`;
}

Deno.test("unseen data: while a spec is invalid, what another put into the Secret is no credential", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.sync();
  await rig.reconcile();
  await rig.send("PATCH", BINDING_PATH, { spec: { acrServer: "not a host" } });
  await rig.sync();
  await rig.reconcile();
  assert.equal(readiness(rig), "True/InvalidSpec");
  await spoil(rig, 1);
  await rig.reconcile();
  assert.equal(readiness(rig), "False/InvalidSpec");
});

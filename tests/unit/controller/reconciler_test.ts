import assert from "node:assert/strict";
import { Reconciler } from "../../../src/controller/reconciler.ts";
import type { ReconcileReport } from "../../../src/controller/report.ts";
import { CLIENT_ID, HOUR, MINUTE, SCOPE, SECOND, SERVER } from "./builders.ts";
import {
  ACCOUNT_PATH,
  azureError,
  BINDING_PATH,
  KEY,
  ReconcilerRig,
  SECRET,
  SECRET_PATH,
  type Status,
} from "./reconciler_rig.ts";
import { NAMESPACE, type Rig, V1, V2 } from "./rig.ts";

const CREATED = [
  { request: "PATCH acrpullbindings/pull", status: 200 },
  { request: "POST secrets", status: 201 },
  { request: "PATCH serviceaccounts/default", status: 200 },
  { request: "PATCH acrpullbindings/pull/status", status: 200 },
];

Deno.test("reconciler: a new binding costs four writes, and none after that", async () => {
  await using rig = await new ReconcilerRig().start();
  assert.equal(await rig.reconcile(), rig.refreshIn());
  assert.deepEqual(rig.writes, CREATED);
  await rig.sync();
  assert.equal(await rig.reconcile(), rig.refreshIn());
  assert.equal(rig.writes.length, 4);
  assert.deepEqual(rig.references(), [SECRET]);
  assert.equal(rig.ready().status, "True");
});

const B = "repository:b:pull";
const LACKING = `${SERVER} granted less than the scope asks for; the token lacks ${B}. Grant the ` +
  "identity AcrPull, or on a registry with ABAC Container Registry Repository Reader for these " +
  "repositories; a new grant takes up to 10 minutes.";

Deno.test("reconciler: a credential that lacks scopes is attached, and the binding is not ready", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.lacking = [B];
  const wait = await rig.reconcile();
  assert.deepEqual(rig.writes, CREATED);
  assert.deepEqual(rig.references(), [SECRET]);
  const { status, reason, message } = rig.ready();
  assert.deepEqual([status, reason, message, rig.status().error], [
    "False",
    "ScopeNotGranted",
    LACKING,
    LACKING,
  ]);
  assert.ok(wait! <= 10 * SECOND, `${wait}`);
});

Deno.test("reconciler: a grant is asked for ever more rarely, without a write, until it is there", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.random = 1;
  rig.lacking = [B, "repository:c:pull"];
  const waits: number[] = [];
  for (let tries = 0; tries < 8; tries++) {
    waits.push((await rig.reconcile())! / SECOND);
    await rig.time.pass(waits.at(-1)! * SECOND);
    await rig.sync();
  }
  assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300, 300]);
  assert.equal(rig.writes.length, CREATED.length, "what is there does as well");
  rig.lacking = [B];
  await rig.time.pass((await rig.reconcile())!);
  await rig.sync();
  const { annotations } = rig.secret(SECRET)!.metadata;
  assert.equal(annotations!["acr.microsoft.com/token.lacking"], "1", "what does better is written");
  rig.lacking = undefined;
  await rig.reconcile();
  await rig.sync();
  assert.equal(await rig.reconcile(), rig.refreshIn());
  assert.deepEqual([rig.ready().status, rig.status().error], ["True", undefined]);
  assert.equal(
    rig.secret(SECRET)!.metadata.annotations!["acr.microsoft.com/token.lacking"],
    undefined,
  );
});

Deno.test("reconciler: a credential that lacks scopes is not written over one that serves, but for its last moment", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.sync();
  const before = rig.secret(SECRET)!;
  const expiresAt = Date.parse(before.metadata.annotations!["acr.microsoft.com/token.expiry"]!);
  rig.lacking = [B];
  await rig.passUntilRefresh();
  for (let wait = 0; rig.time.clock.now() + wait < expiresAt - 20 * SECOND;) {
    await rig.time.pass(wait);
    wait = (await rig.reconcile())!;
    await rig.sync();
    assert.equal(rig.secret(SECRET)!.metadata.resourceVersion, before.metadata.resourceVersion);
    assert.deepEqual([rig.ready().status, rig.ready().reason], ["True", "RefreshFailing"]);
    assert.ok(rig.ready().message.endsWith(LACKING));
  }
  await rig.time.pass(expiresAt - 20 * SECOND - rig.time.clock.now());
  await rig.reconcile();
  assert.deepEqual([rig.ready().status, rig.ready().reason], ["False", "ScopeNotGranted"]);
  assert.notEqual(rig.secret(SECRET)!.metadata.resourceVersion, before.metadata.resourceVersion);
});

Deno.test("reconciler: a credential that lacks scopes is renewed by its like before it expires", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.lacking = [B];
  await rig.reconcile();
  await rig.sync();
  const first = rig.secret(SECRET)!.metadata.annotations!;
  const dueAt = rig.time.clock.now() + rig.refreshIn();
  while (rig.time.clock.now() < dueAt) {
    await rig.time.pass(Math.max(1, Math.ceil((await rig.reconcile())!)));
    await rig.sync();
  }
  await rig.reconcile();
  const { annotations } = rig.secret(SECRET)!.metadata;
  const expiry = "acr.microsoft.com/token.expiry";
  assert.ok(annotations![expiry]! > first[expiry]!);
  assert.equal(rig.ready().reason, "ScopeNotGranted");
});

Deno.test("reconciler: a refresh costs two writes", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.passUntilRefresh();
  assert.equal(await rig.reconcile(), rig.refreshIn());
  assert.deepEqual(rig.writes.slice(4), [
    { request: `PATCH secrets/${SECRET}`, status: 200 },
    { request: "PATCH acrpullbindings/pull/status", status: 200 },
  ]);
});

Deno.test("reconciler: after a restart nothing is minted or written again", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  const { cluster, executor, time } = rig;
  await rig.sync();
  const again = new Reconciler({
    cluster,
    executor,
    keepsConditions: () => true,
    clock: time.clock,
    random: () => 0,
    report: new Proxy({} as ReconcileReport, { get: () => () => {} }),
  });
  const slot = {
    outside: <T>(wait: () => Promise<T>) => wait(),
    caughtUp: () => {},
    moved: () => {},
  };
  const wakeAt = await again.reconcile(KEY, { signal: rig.stop.signal, slot });
  assert.equal(wakeAt, time.clock.now() + rig.refreshIn());
  assert.deepEqual([rig.writes.length, rig.minted.length], [4, 1]);
});

Deno.test("reconciler: a binding that is gone is forgotten", async () => {
  await using rig = await new ReconcilerRig().start();
  assert.equal(await rig.reconcile(`v1beta1/${NAMESPACE}/other`), undefined);
  assert.deepEqual(rig.told, ["gone", "settled"]);
});

Deno.test("reconciler: a deleted binding takes everything with it", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.send("DELETE", BINDING_PATH);
  await rig.sync();
  assert.equal(await rig.reconcile(), undefined);
  assert.deepEqual(rig.writes.slice(4).map(({ request }) => request), [
    "PATCH serviceaccounts/default",
    `DELETE secrets/${SECRET}`,
    "PATCH acrpullbindings/pull",
  ]);
  assert.deepEqual([rig.get(V1, "pull"), rig.secret(SECRET), rig.references()], [
    undefined,
    undefined,
    [],
  ]);
  assert.equal(rig.told.at(-2), "gone");
});

Deno.test("reconciler: a binding that changed unseen is read again, and decided anew", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.send("PATCH", BINDING_PATH, { spec: { scope: SCOPE } });
  await rig.reconcile();
  assert.deepEqual(rig.minted.map(({ scope }) => scope), [SCOPE]);
  assert.equal(rig.told[0], "raced addFinalizer Conflict");
  assert.equal(rig.ready().observedGeneration, 2);
});

Deno.test("reconciler: a spec that changes while Azure is asked is decided on anew at once", async () => {
  await using rig = await new ReconcilerRig().start();
  let changed = false;
  rig.beforeMint = async () => {
    if (changed) return;
    changed = true;
    await rig.send("PATCH", BINDING_PATH, { spec: { scope: SCOPE } });
    await rig.sync();
  };
  await rig.reconcile();
  assert.deepEqual(rig.minted.map(({ scope }) => scope), ["", SCOPE]);
  assert.equal(rig.ready().observedGeneration, 2);
  assert.ok(!rig.told.some((line) => line.startsWith("failed ")), rig.told.join("; "));
});

Deno.test("reconciler: another's condition that comes while Azure is asked is not overwritten", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.passUntilRefresh();
  const theirs = { ...rig.ready(), type: "Audited" };
  rig.beforeMint = async () => {
    const conditions = [...rig.status().conditions, theirs];
    await rig.send("PATCH", `${BINDING_PATH}/status`, { status: { conditions } });
    await rig.sync();
  };
  await rig.reconcile();
  assert.deepEqual(rig.status().conditions.map(({ type }) => type), ["Ready", "Audited"]);
});

Deno.test("reconciler: a finalizer that another takes away in the midst of a deletion stays away", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  const ours = "msi-acrpull.microsoft.com";
  await rig.send("PATCH", BINDING_PATH, { metadata: { finalizers: ["theirs/x", ours] } });
  await rig.send("DELETE", BINDING_PATH);
  await rig.sync();
  rig.told.length = 0;
  rig.beforeRequest = async ({ method, url }) => {
    if (method !== "PATCH" || !url.includes("/serviceaccounts/")) return;
    await rig.send("PATCH", BINDING_PATH, { metadata: { finalizers: [ours] } });
    await rig.sync();
  };
  await rig.reconcile();
  assert.deepEqual(rig.told, [
    "acted removeReferences",
    "acted deleteSecret",
    "acted removeFinalizer",
    "gone",
    "settled",
  ]);
  assert.equal(rig.get(V1, "pull"), undefined);
});

Deno.test("reconciler: a Secret that is there unseen is looked at, and left when it is a user's", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: SECRET },
    type: "Opaque",
    data: { mine: "eA==" },
  });
  assert.equal(await rig.reconcile(), 5 * MINUTE);
  assert.deepEqual(rig.told, [
    "acted addFinalizer",
    "raced mint AlreadyExists",
    "acted writeStatus",
    "settled",
  ]);
  assert.equal(rig.ready().reason, "SecretNameTaken");
  assert.deepEqual(rig.secret(SECRET)!.data, { mine: "eA==" });
  await rig.send("DELETE", SECRET_PATH);
  await rig.time.pass(5 * MINUTE);
  assert.equal(await rig.reconcile(), rig.refreshIn(), "once it has gone, the binding has its own");
});

Deno.test("reconciler: a Secret of the seed's era is adopted in place, and not minted again", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.sync();
  const { data, metadata: { uid } } = rig.secret(SECRET)!;
  await rig.send("PATCH", SECRET_PATH, { metadata: { labels: null, annotations: null } });
  await rig.sync();
  assert.equal(await rig.reconcile(), rig.refreshIn());
  const adopted = rig.secret(SECRET)!;
  assert.deepEqual([adopted.metadata.uid, adopted.data], [uid, data]);
  assert.equal(adopted.metadata.labels!["acr.microsoft.com/binding"], "pull");
  assert.equal(rig.minted.length, 1);
  await rig.sync();
  assert.equal(await rig.reconcile(), rig.refreshIn());
});

Deno.test("reconciler: a Secret that was adopted and is deleted then is minted anew", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  const { ".dockerconfigjson": config } = rig.secret(SECRET)!.data;
  await rig.send("PATCH", SECRET_PATH, { data: { ".dockerconfigjson": btoa("{}") } });
  await rig.send("PATCH", SECRET_PATH, { data: { ".dockerconfigjson": config } });
  await rig.sync();
  await rig.reconcile();
  assert.equal(rig.minted.length, 1, "whoever wrote it, the data are intact");
  await rig.send("DELETE", SECRET_PATH);
  await rig.sync();
  await rig.reconcile();
  assert.equal(rig.minted.length, 2);
  assert.ok(rig.secret(SECRET) !== undefined);
});

Deno.test("reconciler: data that somebody altered are read once and minted anew", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.time.pass(MINUTE);
  await rig.send("PATCH", SECRET_PATH, { data: { ".dockerconfigjson": btoa("{}") } });
  await rig.sync();
  rig.told.length = 0;
  await rig.reconcile();
  assert.deepEqual(rig.told, ["acted inspectSecret", "acted mint", "acted writeStatus", "settled"]);
  assert.equal(rig.minted.length, 2);
  assert.notEqual(rig.secret(SECRET)!.data[".dockerconfigjson"], btoa("{}"));
});

Deno.test("reconciler: a Secret that vanishes between decision and write is made anew", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.passUntilRefresh();
  let deleted = false;
  rig.beforeMint = async () => {
    if (!deleted) await rig.send("DELETE", SECRET_PATH);
    deleted = true;
  };
  await rig.reconcile();
  assert.deepEqual(rig.told.slice(5), [
    "raced mint NotFound",
    "acted mint",
    "acted writeStatus",
    "settled",
  ]);
  assert.ok(rig.secret(SECRET) !== undefined);
});

Deno.test("reconciler: an account that vanishes between decision and write is told as missing", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.beforeMint = async () => void await rig.send("DELETE", ACCOUNT_PATH);
  await rig.reconcile();
  assert.deepEqual(rig.told, [
    "acted addFinalizer",
    "acted mint",
    "raced addReference NotFound",
    "acted writeStatus",
    "settled",
  ]);
  assert.equal(rig.ready().reason, "ServiceAccountNotFound");
});

Deno.test("reconciler: others' references that come unseen are kept", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.send("PATCH", ACCOUNT_PATH, {
    imagePullSecrets: [{ name: "z" }, { name: "a" }, { name: "z" }],
  });
  await rig.reconcile();
  assert.deepEqual(rig.references(), ["z", "a", "z", SECRET]);
});

Deno.test("reconciler: a failure of Azure is told in the status, rests, and grows apart", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.random = 0.999;
  rig.beforeMint = () => {
    throw azureError();
  };
  const waits: (number | undefined)[] = [];
  for (let n = 0; n < 4; n++) {
    waits.push(await rig.reconcile());
    await rig.time.pass(waits.at(-1)!);
  }
  assert.deepEqual(waits, [1998, 3996, 7992, 15984]);
  assert.equal(rig.status().error, "IMDS did not answer within 15 s. Wait.");
  assert.deepEqual([rig.ready().status, rig.ready().reason], ["False", "Timeout"]);
  const statusWrites = rig.writes.filter(({ request }) => request.endsWith("/status"));
  assert.equal(statusWrites.length, 1, "the same failure is not written again");
});

Deno.test("reconciler: while it rests nothing is asked, and a changed spec is tried at once", async () => {
  await using rig = await new ReconcilerRig().start();
  let asked = 0;
  rig.beforeMint = () => {
    asked++;
    throw azureError({ retryAfterMs: HOUR });
  };
  await rig.reconcile();
  await rig.sync();
  await rig.reconcile();
  assert.equal(asked, 1);
  await rig.send("PATCH", BINDING_PATH, { spec: { scope: SCOPE } });
  await rig.sync();
  await rig.reconcile();
  assert.equal(asked, 2);
  assert.equal(rig.told.at(-3)!.split(" ")[3], "1", "the history of another spec does not count");
});

Deno.test("reconciler: Retry-After is obeyed to the second", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.beforeMint = () => {
    throw azureError({ class: "throttled", retryAfterMs: 77 * SECOND });
  };
  const wait = await rig.reconcile();
  assert.ok(wait! >= 77 * SECOND && wait! <= 78 * SECOND, `${wait}`);
});

Deno.test("reconciler: while a refresh fails the credential stays and serves to its end", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.passUntilRefresh();
  const before = rig.secret(SECRET)!.data;
  rig.beforeMint = () => {
    throw azureError();
  };
  const { annotations } = rig.secret(SECRET)!.metadata;
  const end = Date.parse(annotations!["acr.microsoft.com/token.expiry"]!);
  let tries = 0;
  while (rig.time.clock.now() < end) {
    const wait = (await rig.reconcile())!;
    if (rig.time.clock.now() < end) {
      assert.deepEqual([rig.ready().status, rig.ready().reason], ["True", "RefreshFailing"]);
    }
    await rig.time.pass(Math.max(1, wait));
    tries++;
  }
  await rig.reconcile();
  assert.deepEqual([rig.ready().status, rig.ready().reason], ["False", "CredentialExpired"]);
  assert.ok(
    rig.ready().message.startsWith(
      `Pulls fail since ${annotations!["acr.microsoft.com/token.expiry"]}, `,
    ),
  );
  assert.deepEqual(rig.secret(SECRET)!.data, before);
  assert.deepEqual(rig.references(), [SECRET]);
  assert.ok(tries > 5, `${tries}`);
  rig.beforeMint = () => {};
  await rig.time.pass(5 * MINUTE);
  assert.equal(await rig.reconcile(), rig.refreshIn());
  assert.deepEqual([rig.ready().status, rig.status().error], ["True", undefined]);
});

Deno.test("reconciler: a write that RBAC forbids is told with its place, and rests", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.kube.inject({
    verb: "patch",
    resource: "serviceaccounts",
    times: 9,
    action: { status: 403, reason: "Forbidden", message: "not yours" },
  });
  const wait = await rig.reconcile();
  assert.ok(wait! > 0);
  assert.deepEqual(rig.told.slice(0, 2), ["acted addFinalizer", "acted mint"]);
  assert.match(
    rig.status().error!,
    /^Changing service account default failed: PATCH .*serviceaccounts\/default: 403 Forbidden: not yours$/,
  );
  assert.equal(rig.ready().reason, "KubernetesRefused");
  assert.equal(rig.minted.length, 1);
});

Deno.test("reconciler: in a namespace that is being deleted it waits quietly to be deleted too", async () => {
  const rest = new ReconcilerRig();
  rest.apply({
    ...V1,
    metadata: { name: "pull", finalizers: ["msi-acrpull.microsoft.com"] },
    spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
  });
  await using rig = await rest.start();
  await rig.send("DELETE", `/api/v1/namespaces/${NAMESPACE}`);
  const wait = await rig.reconcile();
  const wanted = [
    "acted inspectSecret",
    `failed mint Forbidden 1 in ${wait}`,
    "settled",
  ];
  assert.deepEqual(rig.told, wanted);
  assert.ok(wait! >= 10 * MINUTE && wait! <= 11 * MINUTE, `${wait}`);
  assert.equal(await rig.reconcile(), wait, "whatever else changes, it waits");
  for (const { metadata } of [...rig.informers.serviceAccounts.values()]) {
    rig.informers.serviceAccounts.forget(metadata.namespace, metadata.name, metadata.uid);
  }
  const seen = rig.informers.bindings.get("v1beta1")!.get(NAMESPACE, "pull")!;
  const resourceVersion = String(Number(seen.metadata.resourceVersion) + 1);
  rig.informers.bindings.get("v1beta1")!.observe({
    ...seen,
    metadata: { ...seen.metadata, resourceVersion, generation: 2 },
    spec: { acrServer: "bench" },
  });
  for (let looks = 0; looks < 2; looks++) assert.equal(await rig.reconcile(), wait);
  assert.deepEqual(rig.told, [...wanted, "settled", "settled", "settled"]);
  assert.equal(rig.minted.length, 1);
  assert.deepEqual(rig.get<{ status?: Status }>(V1, "pull")!.status, { observedGeneration: -1 });

  await rig.sync();
  assert.equal(await rig.reconcile(), undefined);
  assert.deepEqual(rig.told.slice(-4), [
    "acted inspectSecret",
    "acted removeFinalizer",
    "gone",
    "settled",
  ]);
  const namespace = { apiVersion: "v1", kind: "Namespace" };
  assert.equal(rig.kube.get(namespace, "", NAMESPACE), undefined);
});

Deno.test("reconciler: a kind that admission does not know yet is told as such, and soon tried again", async () => {
  await using rig = await new ReconcilerRig().start();
  const message = 'secrets "x" is forbidden: cannot set blockOwnerDeletion in this case because ' +
    "cannot find RESTMapping for APIVersion msi-acrpull.microsoft.com/v1beta1 Kind " +
    'AcrPullBinding: no matches for kind "AcrPullBinding" in version "msi-acrpull.microsoft.com/v1beta1"';
  const action = { status: 403, reason: "Forbidden", message };
  rig.kube.inject({ verb: "create", resource: "secrets", action });
  const wait = await rig.reconcile();
  assert.equal(wait, SECOND);
  assert.equal(rig.ready().reason, "KindNotKnownYet");
  assert.equal(
    rig.status().error,
    "Writing Secret pull-msi-acrpull-secret failed: admission in the API server does not know " +
      "the kind AcrPullBinding; it learns of a new CRD within 30 s, and the operator tries again " +
      "by itself. If this stays, install the CRD of that kind.",
  );
  await rig.time.pass(wait);
  assert.equal(await rig.reconcile(), rig.refreshIn());
});

Deno.test("reconciler: a kind that is named by another refusal is told of as it stands", async () => {
  await using rig = await new ReconcilerRig().start();
  const message = 'no matches for kind "Widget"';
  const action = { status: 400, reason: "BadRequest", message };
  rig.kube.inject({ verb: "create", resource: "secrets", action });
  await rig.reconcile();
  assert.equal(rig.ready().reason, "KubernetesRefused");
  assert.match(
    rig.status().error!,
    /^Writing Secret .* failed: POST .*no matches for kind "Widget"$/,
  );
});

const SPEAKS_OF_KINDS = 'no matches for kind "Widget" in the list of allowed owners';

for (
  const [who, denial] of [
    [
      "webhook",
      `admission webhook "validation.gatekeeper.sh" denied the request: [owner] ${SPEAKS_OF_KINDS}`,
    ],
    [
      "webhook that speaks as the API server does of policies",
      'admission webhook "w.example.com" denied the request: w denied request: failed to configure ' +
      SPEAKS_OF_KINDS,
    ],
    [
      "policy",
      `ValidatingAdmissionPolicy 'owners' with binding 'all' denied request: ${SPEAKS_OF_KINDS}`,
    ],
  ] as const
) {
  Deno.test(`reconciler: a denial of a ${who} is told of as it stands, though it names a kind`, async () => {
    await using rig = await new ReconcilerRig().start();
    const action = { status: 403, reason: "Forbidden", message: denial };
    rig.kube.inject({ verb: "create", resource: "secrets", action });
    await rig.reconcile();
    assert.equal(rig.ready().reason, "PolicyDenied");
    assert.equal(
      rig.status().error,
      `Writing Secret pull-msi-acrpull-secret failed: ${denial}`,
    );
  });
}

Deno.test("reconciler: a kind that a policy's parameters are of is told as not known yet", async () => {
  await using rig = await new ReconcilerRig().start();
  const message = "secrets \"x\" is forbidden: policy 'tenants' with binding 'tenants' denied " +
    'request: failed to configure binding: no matches for kind "Tenant" in version "example.com/v1"';
  const action = { status: 403, reason: "Forbidden", message };
  rig.kube.inject({ verb: "create", resource: "secrets", action });
  await rig.reconcile();
  assert.equal(rig.ready().reason, "KindNotKnownYet");
  assert.match(rig.status().error!, /does not know the kind Tenant; /);
});

Deno.test("reconciler: a status that cannot be written says nothing of the credential", async () => {
  await using rig = await new ReconcilerRig().start();
  const action = { status: 422, reason: "Invalid", message: "no" };
  rig.kube.inject({ verb: "patch", subresource: "status", times: 2, action });
  const first = await rig.reconcile();
  const second = await rig.reconcile();
  assert.ok(first! > 0 && second! > 0);
  assert.deepEqual(
    rig.told.filter((line) => line.startsWith("failed ")).map((line) => line.split(" ")[3]),
    ["1", "2"],
  );
  assert.equal(await rig.reconcile(), rig.refreshIn());
  assert.deepEqual([rig.ready().reason, rig.status().error], ["CredentialAttached", undefined]);
  assert.equal(rig.minted.length, 1);
});

Deno.test("reconciler: a status that cannot be written does not delay the refresh", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.time.pass(Math.floor(rig.refreshIn() - 20 * SECOND));
  rig.random = 0.999;
  const action = { status: 422, reason: "Invalid", message: "no" };
  await rig.send("PATCH", `${BINDING_PATH}/status`, { status: { conditions: [] } });
  await rig.sync();
  rig.kube.inject({ verb: "patch", subresource: "status", times: Infinity, action });
  const waits: number[] = [];
  for (let tries = 0; rig.minted.length === 1 && tries < 20; tries++) {
    assert.ok(rig.refreshIn() > -1, "the refresh is late");
    waits.push((await rig.reconcile())!);
    assert.ok(waits.at(-1)! > 0, `${waits}`);
    await rig.time.pass(Math.ceil(waits.at(-1)!));
  }
  assert.equal(rig.minted.length, 2, `${waits}`);
  assert.ok(waits.length <= 4, `${waits}`);
});

Deno.test("reconciler: a refresh that came due while a status failed makes no hot loop", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.time.pass(Math.floor(rig.refreshIn() - 20 * SECOND));
  const action = { status: 422, reason: "Invalid", message: "no" };
  await rig.send("PATCH", `${BINDING_PATH}/status`, { status: { conditions: [] } });
  await rig.sync();
  rig.kube.inject({ verb: "patch", subresource: "status", times: Infinity, action });
  rig.beforeRequest = async ({ url }) => {
    if (url.includes("/status")) await rig.time.pass(30 * SECOND);
  };
  rig.beforeMint = () => {
    throw azureError();
  };
  assert.ok((await rig.reconcile())! <= 0, "the refresh is due at once");
  for (let tries = 0; tries < 5; tries++) {
    const wait = await rig.reconcile();
    const lines = rig.told.filter((line) => line.startsWith("failed mint"));
    assert.equal(lines.length, tries + 1, rig.told.join("; "));
    await rig.time.pass(Math.max(0, Math.ceil(wait!)));
  }
});

Deno.test("reconciler: a clock set back while it rests has it tried again, and the trouble forgotten", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.beforeMint = () => {
    throw azureError();
  };
  await rig.reconcile();
  rig.offsetMs = -5 * HOUR;
  rig.beforeMint = () => {};
  await rig.reconcile();
  assert.deepEqual([rig.ready().status, rig.told.at(-1)], ["True", "settled"]);
  rig.offsetMs = 0;
  await rig.reconcile();
  assert.deepEqual([rig.ready().reason, rig.told.at(-1)], ["CredentialAttached", "settled"]);
});

/** What somebody does to a settled binding, so that the operator writes what is then refused. */
const RESTS: readonly { readonly name: string; readonly meddle: (rig: Rig) => Promise<unknown> }[] =
  [
    {
      name: "a reference that cannot be added",
      meddle: (rig) => rig.send("PATCH", ACCOUNT_PATH, { imagePullSecrets: null }),
    },
    {
      name: "a reference that cannot be removed",
      meddle: (rig) =>
        Promise.resolve(rig.apply({
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata: { name: "other" },
          imagePullSecrets: [{ name: SECRET }],
        })),
    },
  ];

for (const { name, meddle } of RESTS) {
  Deno.test(`reconciler: ${name} does not keep a credential from its last try`, async () => {
    await using rig = await new ReconcilerRig().start();
    await rig.reconcile();
    await rig.time.pass(Math.floor(rig.refreshIn() - SECOND));
    await meddle(rig);
    await rig.sync();
    const action = { status: 429, reason: "TooManyRequests", retryAfter: 3600 };
    const match = { verb: "patch", resource: "serviceaccounts" };
    rig.kube.inject({ ...match, times: Infinity, action });
    const expiry = rig.secret(SECRET)!.metadata.annotations!["acr.microsoft.com/token.expiry"]!;
    const lastTryIn = Date.parse(expiry) - 20 * SECOND - rig.time.clock.now();
    assert.equal(await rig.reconcile(), lastTryIn);
    assert.equal(rig.minted.length, 1, "it rests");
    // Whatever brings it back meanwhile.
    await rig.time.pass(MINUTE);
    assert.equal(await rig.reconcile(), lastTryIn - MINUTE);
    await rig.time.pass(lastTryIn - MINUTE);
    await rig.reconcile();
    assert.equal(rig.minted.length, 2);
  });
}

Deno.test("reconciler: a fault in the cluster beside a write that is refused makes no hot loop", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.send("PATCH", BINDING_PATH, {
    metadata: { finalizers: null },
    spec: { serviceAccountName: "missing" },
  });
  await rig.sync();
  const action = { status: 403, reason: "Forbidden", message: "no" };
  const match = { verb: "patch", resource: "acrpullbindings", subresource: "" };
  rig.kube.inject({ ...match, times: 99, action });
  const before = rig.writes.length;
  const wait = await rig.reconcile();
  assert.ok(wait! >= 500, `${wait}`);
  assert.ok(rig.writes.length - before <= 3, `${rig.writes.length - before} writes`);
  assert.equal(rig.ready().reason, "ServiceAccountNotFound");
});

const REFUSAL = { status: 403, reason: "Forbidden", message: "not yours" };

/** What may be refused when a binding is taken back, and what is told of it. */
const HELD_UP: readonly {
  readonly what: string;
  readonly match: {
    readonly verb: string;
    readonly resource: string;
    readonly subresource?: string;
  };
  readonly told: RegExp;
}[] = [
  {
    what: "to delete the Secret",
    match: { verb: "delete", resource: "secrets" },
    told: /Deleting Secret pull-msi-acrpull-secret failed: .*not yours$/,
  },
  {
    what: "to take the reference away",
    match: { verb: "patch", resource: "serviceaccounts" },
    told: /Changing service account default failed: .*not yours$/,
  },
  {
    what: "to let the binding go",
    match: { verb: "patch", resource: "acrpullbindings", subresource: "" },
    told: /Changing the binding failed: .*not yours$/,
  },
];

for (const { what, match, told } of HELD_UP) {
  Deno.test(`reconciler: that it is refused ${what} is told on the binding, and tried again`, async () => {
    await using rig = await new ReconcilerRig().start();
    await rig.reconcile();
    await rig.send("DELETE", BINDING_PATH);
    await rig.sync();
    rig.kube.inject({ ...match, times: Infinity, action: REFUSAL });
    const wait = await rig.reconcile();
    assert.ok(wait! >= 500);
    assert.equal(await rig.reconcile(), wait, "it rests");
    assert.deepEqual([rig.ready().status, rig.ready().reason], ["False", "KubernetesRefused"]);
    assert.match(rig.ready().message, /^The binding is being deleted, which is held up\. /);
    assert.match(rig.status().error!, told);
    await rig.time.pass(Math.ceil(wait!));
    await rig.reconcile();
    const statuses = rig.writes.filter(({ request }) => request.endsWith("/status"));
    assert.equal(statuses.length, 2, "the same refusal is told once");
    rig.kube.clearFaults();
    await rig.time.pass(5 * MINUTE);
    assert.equal(await rig.reconcile(), undefined);
    assert.equal(rig.get(V1, "pull"), undefined);
  });
}

/** Somebody writes the binding before each of the operator's writes to it, so that none holds. */
function contend(rig: ReconcilerRig, where: (url: string) => boolean): void {
  let writes = 0;
  rig.beforeRequest = async ({ method, url }) => {
    if (method !== "PATCH" || !url.includes("/acrpullbindings/") || !where(url)) return;
    await rig.send("PATCH", BINDING_PATH, { metadata: { labels: { n: String(++writes) } } });
  };
}

Deno.test("reconciler: a binding that never settles is a failure like any other", async () => {
  await using rig = await new ReconcilerRig().start();
  contend(rig, (url) => !url.includes("/status"));
  const waits: number[] = [];
  for (let n = 0; n < 4; n++) {
    waits.push((await rig.reconcile())!);
    await rig.time.pass(Math.ceil(waits.at(-1)!));
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000], "it grows");
  const raced = rig.told.filter((line) => line === "raced addFinalizer Conflict");
  assert.equal(raced.length, 4 * 16);
  assert.deepEqual(
    rig.told.filter((line) => line.startsWith("failed ")),
    [1, 2, 3, 4].map((n) => `failed addFinalizer UnsettledError ${n} in ${2 ** (n - 1) * 1000}`),
  );
  assert.equal(rig.told.at(-1), "failed");
  assert.deepEqual([rig.ready().status, rig.ready().reason], ["False", "NotSettling"]);
  assert.match(
    rig.status().error!,
    /^Something else changes what belongs to this binding as fast /,
  );
  const told = rig.writes.filter(({ request }) => request.endsWith("/status"));
  assert.equal(told.length, 1, "and is told once");
  rig.beforeRequest = () => {};
  await rig.reconcile();
  assert.equal(rig.ready().reason, "CredentialAttached");
});

Deno.test("reconciler: one whose status is written by others as fast is told by the log alone", async () => {
  await using rig = await new ReconcilerRig().start();
  contend(rig, (url) => url.includes("/status"));
  const wait = await rig.reconcile();
  assert.equal(wait, 1000);
  const last = `failed writeStatus UnsettledError 1 in ${wait}`;
  assert.deepEqual(rig.told.slice(-2), [last, "failed"]);
  assert.deepEqual(rig.get<{ status?: Status }>(V1, "pull")!.status, { observedGeneration: -1 });
});

Deno.test("reconciler: an account that is contended for long is a failure, and not tried for ever", async () => {
  await using rig = await new ReconcilerRig().start();
  let theirs = 0;
  rig.beforeRequest = async ({ method, url }) => {
    if (method !== "PATCH" || !url.includes("/serviceaccounts/")) return;
    await rig.send("PATCH", ACCOUNT_PATH, { metadata: { labels: { n: String(++theirs) } } });
  };
  assert.ok((await rig.reconcile())! >= 500);
  assert.equal(theirs, 8, "it is tried so often at once");
  assert.equal(rig.ready().reason, "KubernetesRefused");
  assert.match(rig.status().error!, /^Changing service account default failed: .*Conflict/);
});

Deno.test("reconciler: a binding made anew under the same name does not inherit what failed before", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.beforeMint = () => {
    throw azureError({ retryAfterMs: HOUR });
  };
  await rig.reconcile();
  const failed = rig.told.length;
  // Gone and made anew before anybody has looked.
  await rig.send("PATCH", BINDING_PATH, { metadata: { finalizers: null } });
  await rig.send("DELETE", BINDING_PATH);
  rig.apply({
    ...V1,
    metadata: { name: "pull" },
    spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
  });
  await rig.sync();
  rig.beforeMint = () => {};
  assert.equal(await rig.reconcile(), rig.refreshIn());
  assert.equal(rig.ready().status, "True");
  assert.ok(
    !rig.told.slice(failed).some((line) => line.startsWith("failed ")),
    rig.told.join("; "),
  );
});

Deno.test("reconciler: neither does one in a namespace that was deleted and made anew", async () => {
  await using rig = await new ReconcilerRig().start();
  const message = "unable to create new content in namespace team-a because it is being terminated";
  rig.kube.inject({
    verb: "create",
    resource: "secrets",
    action: {
      status: 403,
      body: JSON.stringify({
        kind: "Status",
        apiVersion: "v1",
        status: "Failure",
        code: 403,
        reason: "Forbidden",
        message,
        details: { name: SECRET, kind: "secrets", causes: [{ reason: "NamespaceTerminating" }] },
      }),
    },
  });
  assert.ok((await rig.reconcile())! >= 10 * MINUTE);
  await rig.send("PATCH", BINDING_PATH, { metadata: { finalizers: null } });
  await rig.send("DELETE", BINDING_PATH);
  rig.apply({
    ...V1,
    metadata: { name: "pull" },
    spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
  });
  await rig.sync();
  assert.equal(await rig.reconcile(), rig.refreshIn());
});

/** A denial in which everything but the message says what the API server itself would say. */
function denial(code: number, reason: string, name: string, kind: string) {
  const message = 'admission webhook "deny.example.com" denied the request: not now';
  const status = { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message };
  const body = JSON.stringify({ ...status, details: { name, kind } });
  return { status: code, reason, message, body };
}

for (
  const [code, reason] of [[404, "NotFound"], [409, "Conflict"], [409, "AlreadyExists"]] as const
) {
  Deno.test(`reconciler: a webhook's denial with reason ${reason} is a failure and no race`, async () => {
    await using rig = await new ReconcilerRig().start();
    const action = denial(code, reason, SECRET, "secrets");
    rig.kube.inject({ verb: "create", resource: "secrets", times: Infinity, action });
    const wait = await rig.reconcile();
    assert.ok(wait! >= 500, `${wait}`);
    assert.equal(rig.minted.length, 1, "nothing is minted in a loop");
    assert.ok(!rig.told.some((line) => line.startsWith("raced")), rig.told.join("; "));
    assert.equal(rig.ready().reason, "PolicyDenied");
    assert.match(rig.status().error!, /admission webhook "deny.example.com" denied the request/);
  });
}

Deno.test("reconciler: a webhook that denies a deletion as NotFound has deleted nothing", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  await rig.send("DELETE", BINDING_PATH);
  await rig.sync();
  const action = denial(404, "NotFound", SECRET, "secrets");
  rig.kube.inject({ verb: "delete", resource: "secrets", action });
  const wait = await rig.reconcile();
  assert.ok(rig.secret(SECRET) !== undefined);
  assert.ok(rig.get(V1, "pull") !== undefined, "the binding is not let go");
  await rig.time.pass(wait!);
  await rig.reconcile();
  assert.deepEqual([rig.secret(SECRET), rig.get(V1, "pull")], [undefined, undefined]);
});

Deno.test("reconciler: a ResourceQuota that is counted into at the same moment is a failure that heals", async () => {
  await using rig = await new ReconcilerRig().start();
  const message =
    'Operation cannot be fulfilled on resourcequotas "q": the object has been modified';
  const status = { kind: "Status", apiVersion: "v1", status: "Failure", code: 409 };
  const details = { name: "q", kind: "resourcequotas" };
  const body = JSON.stringify({ ...status, reason: "Conflict", message, details });
  rig.kube.inject({ verb: "create", resource: "secrets", action: { status: 409, body } });
  const wait = await rig.reconcile();
  assert.equal(wait, SECOND, "as what heals by itself");
  await rig.time.pass(wait!);
  assert.equal(await rig.reconcile(), rig.refreshIn());
});

Deno.test("reconciler: the operator's end rejects with its reason and leaves no trouble behind", async () => {
  await using rig = await new ReconcilerRig().start();
  const reason = new Error("the operator ends");
  rig.beforeMint = () => {
    rig.stop.abort(reason);
    throw reason;
  };
  await assert.rejects(rig.reconcile(), reason);
  assert.deepEqual(rig.told, ["acted addFinalizer"]);
});

Deno.test("reconciler: a credential that comes after the operator's end is not written", async () => {
  await using rig = await new ReconcilerRig().start();
  const reason = new Error("the operator ends");
  rig.beforeMint = () => rig.stop.abort(reason);
  await assert.rejects(rig.reconcile(), reason);
  assert.equal(rig.secret(SECRET), undefined);
});

Deno.test("reconciler: bindings of one name in both APIs both settle, with four writes each", async () => {
  await using rig = await new ReconcilerRig().start();
  rig.apply({
    ...V2,
    metadata: { name: "pull" },
    spec: {
      acr: { server: SERVER, scope: SCOPE, environment: "PublicCloud" },
      auth: { managedIdentity: { clientID: CLIENT_ID } },
      serviceAccountName: "default",
    },
  });
  await rig.sync();
  await Promise.all([rig.reconcile(), rig.reconcile(`v1beta2/${NAMESPACE}/pull`)]);
  await rig.sync();
  await Promise.all([rig.reconcile(), rig.reconcile(`v1beta2/${NAMESPACE}/pull`)]);
  assert.equal(rig.writes.length, 8);
  assert.deepEqual(rig.references(), ["acr-pull-pull", SECRET]);
});

Deno.test("reconciler: where no watch tells of Secrets, each is read by name, and looked at again", async () => {
  await using rig = await new ReconcilerRig(true).start();
  const wait = await rig.reconcile();
  assert.ok(wait! >= 5 * MINUTE && wait! <= 10 * MINUTE, `${wait}`);
  assert.deepEqual(rig.writes, CREATED);
  await rig.send("DELETE", SECRET_PATH);
  await rig.time.pass(wait!);
  await rig.reconcile();
  assert.ok(rig.secret(SECRET) !== undefined, "the deletion is seen without a watch");
  await rig.send("PATCH", SECRET_PATH, { metadata: { labels: null } });
  await rig.reconcile();
  assert.equal(rig.secret(SECRET)!.metadata.labels!["acr.microsoft.com/binding"], "pull");
  assert.equal(rig.minted.length, 2);
});

Deno.test("reconciler: where a Secret cannot be read, the status says so and nothing is minted", async () => {
  await using rig = await new ReconcilerRig(true).start();
  const action = { status: 403, reason: "Forbidden", message: "not yours" };
  rig.kube.inject({ verb: "get", resource: "secrets", times: 9, action });
  const wait = await rig.reconcile();
  assert.ok(wait! >= 500, `${wait}`);
  assert.match(rig.status().error!, /^Reading Secret pull-msi-acrpull-secret failed: .*not yours$/);
  assert.equal(rig.minted.length, 0);
});

Deno.test("reconciler: no token is in any report, status or error", async () => {
  await using rig = await new ReconcilerRig().start();
  await rig.reconcile();
  const { ".dockerconfigjson": config } = rig.secret(SECRET)!.data;
  const { auths } = JSON.parse(atob(config!)) as { auths: Record<string, { password: string }> };
  const token = auths[SERVER]!.password;
  rig.beforeMint = () => {
    throw azureError({ problem: `IMDS said ${token}` });
  };
  await rig.time.pass(2 * HOUR + 31 * MINUTE);
  await rig.reconcile();
  const shown = JSON.stringify([rig.status(), rig.told, [...rig.informers.secrets.values()]]);
  assert.match(rig.status().error!, /^IMDS said \[redacted\]\. Wait\.$/);
  assert.ok(!shown.includes(token.split(".")[1]!));
});

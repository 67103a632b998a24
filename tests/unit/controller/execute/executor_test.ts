import assert from "node:assert/strict";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import type { Need } from "../../../../src/azure/credentials.ts";
import type {
  BindingStatus,
  BindingView,
  Condition,
} from "../../../../src/controller/binding/view.ts";
import type { Action, MintAction } from "../../../../src/controller/plan/actions.ts";
import type { SecretState } from "../../../../src/controller/plan/snapshot.ts";
import { type Clients, Executor } from "../../../../src/controller/execute/executor.ts";
import { SupersededError } from "../../../../src/controller/execute/superseded.ts";
import type { ServiceAccountWriter } from "../../../../src/controller/execute/service_account_writer.ts";
import { dockerConfig } from "../../../../src/azure/docker_config.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { isConflict, isNotFound } from "../../../../src/kubernetes/http/errors.ts";
import { CLIENT_ID, SERVER, TENANT_ID, time } from "../builders.ts";
import { decodeJwt, encodeJwt } from "../../../sandbox/azure/jwt.ts";
import { NAMESPACE, Rig, V1 } from "../rig.ts";

const SECRET = "pull-msi-acrpull-secret";
const ID = { api: "v1beta1", namespace: NAMESPACE, name: "pull" } as const;
const PATH = `/apis/msi-acrpull.microsoft.com/v1beta1/namespaces/${NAMESPACE}/acrpullbindings/pull`;
const ACCOUNT = { apiVersion: "v1", kind: "ServiceAccount" };
const ACCOUNT_PATH = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/default`;

const MINT: MintAction = {
  kind: "mint",
  request: {
    identity: { kind: "managedIdentity", clientId: CLIENT_ID },
    audience: "https://management.azure.com/",
    server: SERVER,
    scope: "",
  },
  write: { mode: "create" },
  reason: "a test",
};

class ExecutorRig extends Rig {
  readonly stop = new AbortController();
  /** What happened in and out of the work's place. */
  readonly steps: string[] = [];

  async begin(): Promise<this> {
    this.apply({
      ...V1,
      metadata: { name: "pull", finalizers: ["theirs/first"] },
      spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
    });
    this.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } });
    return await this.start();
  }

  view(): BindingView {
    return this.cluster.view(ID)!;
  }

  execute(action: Action, binding: BindingView = this.view()) {
    const outside = async <T>(wait: () => Promise<T>) => {
      this.steps.push("leaves its place");
      const result = await wait();
      this.steps.push("comes back");
      return result;
    };
    return this.executor.execute(binding, action, {
      signal: this.stop.signal,
      slot: { outside, caughtUp: () => {}, moved: () => {} },
    });
  }

  finalizers(): string[] | undefined {
    return this.get(V1, "pull")?.metadata?.finalizers;
  }
}

Deno.test("executor: finalizers of others stay where they are", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.execute({ kind: "addFinalizer" });
  assert.deepEqual(rig.finalizers(), ["theirs/first", "msi-acrpull.microsoft.com"]);
  assert.deepEqual(rig.view().finalizers, rig.finalizers(), "the cache knows at once");
  await rig.execute({ kind: "removeFinalizer" });
  assert.deepEqual(rig.finalizers(), ["theirs/first"]);
});

Deno.test("executor: a binding that goes with its last finalizer leaves the cache at once", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.send("PATCH", PATH, { metadata: { finalizers: ["msi-acrpull.microsoft.com"] } });
  await rig.send("DELETE", PATH);
  await rig.sync();
  await rig.execute({ kind: "removeFinalizer" });
  assert.deepEqual([rig.get(V1, "pull"), rig.cluster.view(ID)], [undefined, undefined]);
});

Deno.test("executor: a finalizer that is gone with its binding needs no removal", async () => {
  await using rig = await new ExecutorRig().begin();
  const binding = { ...rig.view(), deleting: true, finalizers: ["msi-acrpull.microsoft.com"] };
  await rig.send("PATCH", PATH, { metadata: { finalizers: null } });
  await rig.send("DELETE", PATH);
  await rig.execute({ kind: "removeFinalizer" }, binding);
  assert.equal(rig.cluster.view(ID), undefined);
});

Deno.test("executor: a write from an old state of the binding is refused", async () => {
  await using rig = await new ExecutorRig().begin();
  const old = rig.view();
  await rig.send("PATCH", PATH, { metadata: { labels: { theirs: "x" } } });
  await assert.rejects(rig.execute({ kind: "addFinalizer" }, old), isConflict);
  await assert.rejects(rig.execute({ kind: "writeStatus", status: {} }, old), isConflict);
  assert.deepEqual(rig.finalizers(), ["theirs/first"]);
});

Deno.test("executor: minting waits outside of the place, and only that", async () => {
  await using rig = await new ExecutorRig().begin();
  rig.beforeMint = () => void rig.steps.push("asks Azure");
  rig.beforeRequest = ({ method, url }) =>
    void rig.steps.push(`${method} ${new URL(url).pathname.split("/").at(-1)}`);
  await rig.execute(MINT);
  assert.deepEqual(rig.steps, ["leaves its place", "asks Azure", "comes back", "POST secrets"]);
});

Deno.test("executor: a credential is never written after the operator's end", async () => {
  await using rig = await new ExecutorRig().begin();
  const reason = new Error("the operator ends");
  rig.beforeMint = () => rig.stop.abort(reason);
  await assert.rejects(rig.execute(MINT), reason);
  assert.deepEqual(rig.writes, []);
});

Deno.test("executor: after the operator's end no write is even begun, whatever the client makes of it", async () => {
  await using rig = await new ExecutorRig().begin();
  const reason = new Error("the operator ends");
  const begun: string[] = [];
  const deaf = new Proxy({}, {
    get: (_, name) => (...args: unknown[]) => {
      begun.push(`${String(name)} ${args[0]}`);
      throw new Error("a write was begun");
    },
  });
  const executor = new Executor({
    apis: APIS,
    clients: { secretMetadata: deaf, secrets: deaf } as unknown as Clients,
    caches: rig.informers,
    serviceAccounts: deaf as ServiceAccountWriter,
    clock: rig.time.clock,
    mint: () => {
      rig.stop.abort(reason);
      return Promise.resolve({ password: new Redacted("t.o.k"), mintedAt: 0, expiresAt: 1 });
    },
    conditionsKept: () => true,
  });
  const slot = {
    caughtUp: () => {},
    moved: () => {},
    outside: <T>(wait: () => Promise<T>) => wait(),
  };
  const context = { signal: rig.stop.signal, slot };
  await assert.rejects(executor.execute(rig.view(), MINT, context), reason);
  assert.deepEqual(begun, []);
});

Deno.test("executor: a Secret whose token names another registry is told of once it is looked at", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.execute(MINT);
  const { ".dockerconfigjson": config } = rig.secret(SECRET)!.data;
  const { auths } = JSON.parse(atob(config!));
  const [entry] = Object.values(auths) as { password: string }[];
  const claims = { ...decodeJwt(entry!.password), aud: "other.azurecr.io" };
  const other = dockerConfig(SERVER, new Redacted(encodeJwt(claims))).reveal();
  const path = `/api/v1/namespaces/${NAMESPACE}/secrets/${SECRET}`;
  await rig.send("PATCH", path, { data: { ".dockerconfigjson": btoa(other) } });
  await rig.execute({ kind: "inspectSecret", name: SECRET });
  assert.deepEqual(rig.otherAudiences, ["other.azurecr.io"]);
});

Deno.test("executor: no datum of a Secret is in the cache, neither after a write nor after a look", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.execute(MINT);
  const inspection = await rig.execute({ kind: "inspectSecret", name: SECRET });
  const { ".dockerconfigjson": config } = rig.secret(SECRET)!.data;
  const token = atob(config!).split('"password":"')[1]!.split('"')[0]!;
  const held = JSON.stringify([inspection, ...rig.informers.secrets.values()]);
  assert.ok(held.includes(SECRET));
  assert.ok(
    !held.includes(token) && !held.includes(config!) && !held.includes(token.split(".")[1]!),
  );
});

Deno.test("executor: a look at a Secret that is not there clears the cache of it", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.execute(MINT);
  await rig.send("DELETE", `/api/v1/namespaces/${NAMESPACE}/secrets/${SECRET}`);
  const { inspection } = await rig.execute({ kind: "inspectSecret", name: SECRET });
  assert.deepEqual(inspection, { kind: "absent" });
  assert.equal(rig.informers.secrets.get(NAMESPACE, SECRET), undefined);
});

Deno.test("executor: a deleted Secret is gone from the cache at once, though the watch still has it", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.execute(MINT);
  await rig.sync();
  const [secret] = rig.cluster.snapshot(ID)!.secrets;
  await rig.execute({ kind: "deleteSecret", secret: secret!, reason: "a test" });
  assert.deepEqual([rig.secret(SECRET), rig.cluster.snapshot(ID)!.secrets], [undefined, []]);
});

Deno.test("executor: an account that is not there leaves the cache, and the failure is told", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.send("DELETE", ACCOUNT_PATH);
  const attach = { kind: "addReference", serviceAccount: "default", secret: SECRET } as const;
  await assert.rejects(rig.execute(attach), isNotFound);
  assert.equal(rig.cluster.serviceAccount(NAMESPACE, "default"), undefined);
});

/** An answer 404 that the watch overtakes: it tells of one made anew before the answer arrives. */
function overtaken(
  rig: ExecutorRig,
  hit: (request: Request) => boolean,
  remove: () => Promise<unknown>,
  makeAnew: () => void,
): void {
  let removed = false;
  rig.beforeRequest = async (request) => {
    if (removed || !hit(request)) return;
    removed = true;
    await remove();
  };
  rig.afterRequest = async (_, { status }) => {
    if (status !== 404) return;
    makeAnew();
    await rig.sync();
  };
}

Deno.test("executor: a 404 that the watch overtakes leaves the account that was made anew in the cache", async () => {
  await using rig = await new ExecutorRig().begin();
  overtaken(
    rig,
    ({ method }) => method === "PATCH",
    () => rig.send("DELETE", ACCOUNT_PATH),
    () => rig.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }),
  );
  const attach = { kind: "addReference", serviceAccount: "default", secret: SECRET } as const;
  await assert.rejects(rig.execute(attach), isNotFound);
  const anew = rig.account("default")!;
  assert.equal(rig.cluster.serviceAccount(NAMESPACE, "default")?.uid, anew.metadata!.uid);
  await rig.execute(attach);
  assert.deepEqual(rig.account("default")!.imagePullSecrets, [{ name: SECRET }]);
});

Deno.test("executor: so it is where the account goes after a conflict", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.send("PATCH", ACCOUNT_PATH, { metadata: { labels: { theirs: "x" } } });
  overtaken(
    rig,
    ({ method }) => method === "GET",
    () => rig.send("DELETE", ACCOUNT_PATH),
    () => rig.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }),
  );
  const attach = { kind: "addReference", serviceAccount: "default", secret: SECRET } as const;
  await assert.rejects(rig.execute(attach), isNotFound);
  const uid = rig.account("default")!.metadata!.uid;
  assert.equal(rig.cluster.serviceAccount(NAMESPACE, "default")?.uid, uid);
});

Deno.test("executor: an account that goes after a conflict leaves the cache", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.send("PATCH", ACCOUNT_PATH, { metadata: { labels: { theirs: "x" } } });
  rig.beforeRequest = async ({ method }) => {
    if (method === "GET") await rig.send("DELETE", ACCOUNT_PATH);
  };
  const attach = { kind: "addReference", serviceAccount: "default", secret: SECRET } as const;
  await assert.rejects(rig.execute(attach), isNotFound);
  assert.equal(rig.cluster.serviceAccount(NAMESPACE, "default"), undefined);
});

/** Whatever reads a Secret by its name. */
const LOOKS: readonly (readonly [string, (rig: ExecutorRig) => Promise<unknown>])[] = [
  ["looked at in full", (rig) => rig.execute({ kind: "inspectSecret", name: SECRET })],
  ["read by its name", (rig) => rig.executor.readSecret(rig.view(), rig.stop.signal)],
];

for (const [how, look] of LOOKS) {
  Deno.test(`executor: a Secret that is made anew while it is ${how} stays in the cache`, async () => {
    await using rig = await new ExecutorRig().begin();
    await rig.execute(MINT);
    await rig.sync();
    const { data, metadata: { labels } } = rig.secret(SECRET)!;
    overtaken(
      rig,
      ({ method }) => method === "GET",
      () => rig.send("DELETE", `/api/v1/namespaces/${NAMESPACE}/secrets/${SECRET}`),
      () =>
        rig.apply({
          apiVersion: "v1",
          kind: "Secret",
          type: "kubernetes.io/dockerconfigjson",
          metadata: { name: SECRET, labels },
          data,
        }),
    );
    await look(rig);
    const { uid } = rig.secret(SECRET)!.metadata;
    assert.equal(rig.informers.secrets.get(NAMESPACE, SECRET)?.metadata.uid, uid);
    await rig.send("PATCH", `/api/v1/namespaces/${NAMESPACE}/secrets/${SECRET}`, {
      metadata: { annotations: { theirs: "x" } },
    });
    await rig.sync();
    const { resourceVersion } = rig.secret(SECRET)!.metadata;
    const seen = rig.informers.secrets.get(NAMESPACE, SECRET)?.metadata.resourceVersion;
    assert.equal(seen, resourceVersion, "and it is followed");
  });
}

/** What may become of a binding while its credential is minted. */
const CHANGES: readonly (readonly [string, (rig: ExecutorRig) => Promise<unknown> | void])[] = [
  [
    "whose spec changes",
    (rig) => rig.send("PATCH", PATH, { spec: { scope: "repository:a:pull" } }),
  ],
  ["that is being deleted", (rig) => rig.send("DELETE", PATH)],
  ["that is gone", async (rig) => {
    await rig.send("PATCH", PATH, { metadata: { finalizers: null } });
    await rig.send("DELETE", PATH);
  }],
  ["that is made anew", async (rig) => {
    await rig.send("PATCH", PATH, { metadata: { finalizers: null } });
    await rig.send("DELETE", PATH);
    rig.apply({ ...V1, metadata: { name: "pull" }, spec: { acrServer: SERVER } });
  }],
];

for (const [what, change] of CHANGES) {
  Deno.test(`executor: a credential for a binding ${what} meanwhile is not written`, async () => {
    await using rig = await new ExecutorRig().begin();
    rig.beforeMint = async () => {
      await change(rig);
      await rig.sync();
    };
    await assert.rejects(rig.execute(MINT), SupersededError);
    assert.equal(rig.secret(SECRET), undefined);
    assert.deepEqual(rig.writes, []);
  });
}

Deno.test("executor: a binding that others only write beside keeps its credential", async () => {
  await using rig = await new ExecutorRig().begin();
  rig.beforeMint = async () => {
    await rig.send("PATCH", PATH, { metadata: { labels: { theirs: "x" } } });
    await rig.sync();
  };
  await rig.execute(MINT);
  assert.ok(rig.secret(SECRET) !== undefined);
});

Deno.test("executor: a credential by an account that is made anew meanwhile is not written", async () => {
  await using rig = await new ExecutorRig().begin();
  const { uid } = rig.cluster.serviceAccount(NAMESPACE, "default")!;
  const serviceAccount = { namespace: NAMESPACE, name: "default", uid };
  const identity = {
    kind: "workloadIdentity",
    authorityHost: "login.microsoftonline.com",
    tenantId: TENANT_ID,
    clientId: CLIENT_ID,
    serviceAccount,
  } as const;
  const action: Action = { ...MINT, request: { ...MINT.request, identity } };
  rig.beforeMint = async () => {
    await rig.send("DELETE", ACCOUNT_PATH);
    rig.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } });
    await rig.sync();
  };
  await assert.rejects(rig.execute(action), SupersededError);
  assert.equal(rig.secret(SECRET), undefined);
});

const CONDITION = {
  type: "Ready",
  status: "True",
  lastTransitionTime: time(0),
  reason: "CredentialAttached",
  message: "Attached.",
} as const;

Deno.test("executor: a status keeps what it does not name, but for an error that is over", async () => {
  await using rig = await new ExecutorRig().begin();
  const write = (status: BindingStatus) => rig.execute({ kind: "writeStatus", status });
  await write({ error: "Slow.", tokenExpirationTime: time(0) });
  await write({ conditions: [CONDITION], observedGeneration: 1 });
  assert.deepEqual(rig.get<{ status: unknown }>(V1, "pull")!.status, {
    tokenExpirationTime: time(0),
    conditions: [CONDITION],
    observedGeneration: 1,
  });
  assert.deepEqual(rig.kept.at(-1), ["v1beta1", true]);
});

Deno.test("executor: reading a binding anew brings the cache in step, also when it is gone", async () => {
  await using rig = await new ExecutorRig().begin();
  const old = rig.view();
  await rig.send("PATCH", PATH, { metadata: { finalizers: null } });
  await rig.executor.refresh(old, rig.stop.signal);
  assert.deepEqual(rig.view().finalizers, []);
  await rig.send("DELETE", PATH);
  await rig.executor.refresh(old, rig.stop.signal);
  assert.equal(rig.cluster.view(ID), undefined);
});

const names = (prefix: string, count: number) =>
  [...Array(count).keys()].map((each) => `${prefix}${each}`);

Deno.test("executor: an account that names very many Secrets is read before it is written", async () => {
  await using rig = await new ExecutorRig().begin();
  const others = [...names("theirs-", 300), ...names("acr-pull-", 3)];
  const imagePullSecrets = others.map((name) => ({ name }));
  rig.apply({ ...ACCOUNT, metadata: { name: "default" }, imagePullSecrets });
  await rig.sync();
  const steps: string[] = [];
  rig.beforeRequest = ({ method }) => void steps.push(method);
  const change = { serviceAccount: "default" } as const;
  await rig.execute({ kind: "addReference", ...change, secret: SECRET });
  const written = () => rig.account("default")!.imagePullSecrets!.map(({ name }) => name);
  assert.deepEqual(written(), [...others, SECRET]);
  const { pullSecrets } = rig.cluster.serviceAccount(NAMESPACE, "default", [SECRET])!;
  assert.deepEqual(pullSecrets, [SECRET], "the cache knows at once");
  await rig.execute({ kind: "removeReferences", ...change, secrets: [SECRET] });
  assert.deepEqual(written(), others);
  assert.deepEqual(steps, ["GET", "PATCH", "GET", "PATCH"]);
});

Deno.test("executor: finalizers that the cache left out are read, and stay", async () => {
  await using rig = await new ExecutorRig().begin();
  const theirs = names("theirs/", 100);
  await rig.send("PATCH", PATH, { metadata: { finalizers: theirs } });
  await rig.sync();
  assert.deepEqual([rig.view().finalizers, rig.view().isIncomplete], [[], true]);
  await rig.execute({ kind: "addFinalizer" });
  assert.deepEqual(rig.finalizers(), [...theirs, "msi-acrpull.microsoft.com"]);
  assert.deepEqual(rig.view().finalizers, ["msi-acrpull.microsoft.com"]);
  await rig.execute({ kind: "removeFinalizer" });
  assert.deepEqual(rig.finalizers(), theirs);
});

Deno.test("executor: a binding that others keep by very many finalizers stays in the cache", async () => {
  await using rig = await new ExecutorRig().begin();
  const theirs = names("theirs/", 100);
  const finalizers = [...theirs, "msi-acrpull.microsoft.com"];
  await rig.send("PATCH", PATH, { metadata: { finalizers } });
  await rig.send("DELETE", PATH);
  await rig.sync();
  await rig.execute({ kind: "removeFinalizer" });
  assert.deepEqual(rig.finalizers(), theirs);
  assert.equal(rig.view().deleting, true);
});

Deno.test("executor: conditions that the cache left out are read, and stay", async () => {
  await using rig = await new ExecutorRig().begin();
  const condition = (type: string): Condition => ({
    ...{ type, status: "True", reason: "Fine", message: "m".repeat(2_000) },
    lastTransitionTime: time(0),
  });
  const theirs = names("Theirs", 10).map(condition);
  const stalled = condition("Stalled");
  await rig.send("PATCH", `${PATH}/status`, { status: { conditions: [...theirs, stalled] } });
  await rig.sync();
  assert.deepEqual(rig.view().status.conditions, [stalled]);
  const ready = condition("Ready");
  await rig.execute({ kind: "writeStatus", status: { conditions: [ready] } });
  const stored = rig.get<{ status: BindingStatus }>(V1, "pull")!.status.conditions;
  assert.deepEqual(stored, [...theirs, ready]);
});

Deno.test("executor: what was read of a binding that has changed since is not written over it", async () => {
  await using rig = await new ExecutorRig().begin();
  await rig.send("PATCH", PATH, { metadata: { finalizers: names("theirs/", 100) } });
  await rig.sync();
  const old = rig.view();
  const theirs = names("others/", 100);
  await rig.send("PATCH", PATH, { metadata: { finalizers: theirs } });
  await assert.rejects(rig.execute({ kind: "addFinalizer" }, old), isConflict);
  assert.deepEqual(rig.finalizers(), theirs);
});

const EXPIRY = "2026-06-01T14:00:00Z";
const HELD: SecretState = {
  name: SECRET,
  uid: "u",
  resourceVersion: "1",
  ownedByOthers: false,
  expiry: EXPIRY,
  refresh: "2026-06-01T11:00:00Z",
  dataIsOurs: true,
};

const NEEDS: readonly [what: string, change: Partial<MintAction>, need: Partial<Need>][] = [
  ["nothing", {}, {}],
  ["a credential that is to be refreshed", { write: { mode: "update", secret: HELD } }, {
    expiresAt: Date.parse(EXPIRY),
    newerThan: Date.parse("2026-06-01T11:00:00Z") + 999,
  }],
  ["one that must be replaced", { write: { mode: "replace", secret: HELD, serves: true } }, {
    expiresAt: Date.parse(EXPIRY),
  }],
  ["one whose end nobody knows", {
    write: { mode: "update", secret: { ...HELD, expiry: "soon" } },
  }, {}],
];

for (const [what, change, need] of NEEDS) {
  Deno.test(`executor: Azure is asked in the binding's namespace, by one that has ${what}`, async () => {
    await using rig = await new ExecutorRig().begin();
    rig.beforeMint = () => Promise.reject(new Error("enough"));
    await assert.rejects(rig.execute({ ...MINT, ...change } as Action), /enough/);
    assert.deepEqual(rig.needs, [{ namespace: NAMESPACE, ...need }]);
  });
}

Deno.test("executor: conditions that one status lacks were pruned, or somebody took them away", async () => {
  await using rig = await new ExecutorRig().begin();
  rig.kube.admit({
    mutate: ({ subresource, object }) => {
      if (subresource === "status") delete (object!.status as { conditions?: unknown }).conditions;
    },
  });
  const write: Action = { kind: "writeStatus", status: { conditions: [CONDITION] } };
  await assert.rejects(rig.execute(write), /status\.conditions did not stay/);
  rig.keepsConditions = false;
  await rig.execute(write);
  assert.deepEqual(rig.kept, [["v1beta1", false], ["v1beta1", false]]);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import type { BindingView } from "../../../../src/controller/binding/view.ts";
import {
  bindingV1,
  bindingV2,
  CLIENT_ID,
  federatedV2,
  HOUR,
  MINUTE,
  NOW,
  TENANT_ID,
  time,
} from "../builders.ts";
import { isValid, World, type WorldBinding, type WorldSecret } from "./world.ts";
import { plan } from "./planning.ts";

const OTHER_ID = "2c571416-39cf-4382-8feb-ce0ae3f35362";
const LONG = `${"a".repeat(222)}.${"b".repeat(9)}.${"c".repeat(20)}`;

/**
 * Names of bindings. One in both APIs; two whose Secrets have the same name; one that is cut for
 * Secret and label.
 */
const BINDINGS: readonly (readonly [api: "v1beta1" | "v1beta2" | "federated", name: string])[] = [
  ["v1beta1", "pull"],
  ["v1beta2", "pull"],
  ["v1beta1", "acr-pull-x"],
  ["v1beta2", "x-msi-acrpull-secret"],
  ["federated", "fed"],
  ["v1beta1", LONG],
  ["v1beta2", LONG],
];
const ACCOUNTS = ["default", "builder"];

/** Builds one of the bindings; a later `life` is another object of the same name. */
function makeBinding(index: number, life: number, target: string): WorldBinding {
  const [api, name] = BINDINGS[index]!;
  const metadata = { name, uid: `uid-${index}-${life}`, finalizers: [] };
  if (api === "v1beta1") {
    return { api, object: bindingV1({ metadata, spec: { serviceAccountName: target } }) };
  }
  const change = { metadata, spec: { serviceAccountName: target } };
  return {
    api: "v1beta2",
    object: api === "v1beta2" ? bindingV2(change) : federatedV2({}, change),
  };
}

/** A change that somebody else makes, or the passing of time. Numbers choose whom it meets. */
type Event =
  | {
    readonly kind: "create" | "delete" | "changeSpec";
    readonly which: number;
    readonly how: number;
  }
  | { readonly kind: "account" | "annotate"; readonly which: number; readonly how: number }
  | { readonly kind: "secret" | "finalizer"; readonly which: number; readonly how: number }
  | { readonly kind: "foreignSecret"; readonly which: number; readonly how: number }
  | { readonly kind: "references"; readonly which: number; readonly how: number }
  | {
    readonly kind: "azure" | "rbac" | "wake" | "prune";
    readonly which: number;
    readonly how: number;
  };

const KINDS = [
  "create",
  "create",
  "delete",
  "changeSpec",
  "account",
  "annotate",
  "secret",
  "secret",
  "finalizer",
  "foreignSecret",
  "references",
  "foreignSecret",
  "azure",
  "rbac",
  "wake",
  "wake",
  "prune",
] as const;

const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom(...KINDS),
  which: fc.nat({ max: 99 }),
  how: fc.nat({ max: 9_999 }),
});

const pick = <T>(items: readonly T[], number: number): T | undefined =>
  items.length === 0 ? undefined : items[number % items.length];

function happen(world: World, { kind, which, how }: Event, wakeAt: number): void {
  switch (kind) {
    case "create": {
      const index = which % BINDINGS.length;
      const binding = makeBinding(index, world.nextId(), pick(ACCOUNTS, how)!);
      const key = `${binding.api}/${binding.object.metadata.name}`;
      if (!world.bindings.has(key)) world.addBinding(binding);
      return;
    }
    case "delete": {
      const key = pick([...world.bindings.keys()], which);
      if (key === undefined) return;
      const { object } = world.bindings.get(key)!;
      Object.assign(object.metadata, { deletionTimestamp: time(world.now) });
      if ((object.metadata.finalizers ?? []).length === 0) world.bindings.delete(key);
      return;
    }
    case "changeSpec":
      return changeSpec(pick([...world.bindings.values()], which), how);
    case "account": {
      const name = pick(ACCOUNTS, which)!;
      const uid = `uid-sa-${world.nextId()}`;
      if (how % 3 === 0) world.accounts.delete(name);
      else if (!world.accounts.has(name)) {
        const pullSecrets = how % 3 === 1 ? [] : ["regcred", "other", "regcred"];
        world.accounts.set(name, { name, uid, pullSecrets });
      }
      return;
    }
    case "annotate": {
      const account = pick([...world.accounts.values()], which);
      if (account === undefined) return;
      const values = [undefined, CLIENT_ID, OTHER_ID, "nonsense"];
      const clientId = pick(values, how);
      if (clientId === undefined) delete account.clientId;
      else account.clientId = clientId;
      account.tenantId = TENANT_ID;
      return;
    }
    case "secret":
      return alterSecret(world, pick([...world.secrets.values()], which), how);
    case "finalizer":
      return holdSecret(world, pick([...world.secrets.values()], which), how);
    case "foreignSecret":
      return placeSecret(world, which, how);
    case "references": {
      const account = pick([...world.accounts.values()], which);
      const names = [...world.secrets.keys(), "regcred", "gone-msi-acrpull-secret"];
      const name = pick(names, how)!;
      if (account === undefined) return;
      if (how % 2 === 0) account.pullSecrets = account.pullSecrets.filter((each) => each !== name);
      else account.pullSecrets.unshift(name);
      return;
    }
    case "azure":
      world.azureWorks = how % 2 === 0;
      return;
    case "rbac":
      world.mayWriteAccounts = how % 2 === 0;
      return;
    case "wake":
      if (wakeAt !== Infinity && how % 3 > 0) world.now = Math.max(world.now, wakeAt);
      else world.now += pick([MINUTE, HOUR, 9 * HOUR], how)!;
      return;
    case "prune":
      world.keepsConditions = how % 2 === 0;
      if (!world.keepsConditions) {
        for (const { object } of world.bindings.values()) delete object.status?.conditions;
      }
      return;
  }
}

function changeSpec(binding: WorldBinding | undefined, how: number): void {
  if (binding === undefined || binding.object.spec === undefined) return;
  const { object } = binding;
  Object.assign(object.metadata, { generation: object.metadata.generation! + 1 });
  const server = pick(["bench.azurecr.io", "other.azurecr.io", "evil.example"], how)!;
  const target = pick([...ACCOUNTS, "missing"], how)!;
  if (how % 2 === 0) object.spec!.serviceAccountName = target;
  else if (binding.api === "v1beta1") binding.object.spec!.acrServer = server;
  else binding.object.spec!.acr = { ...binding.object.spec!.acr, server };
}

function alterSecret(world: World, secret: WorldSecret | undefined, how: number): void {
  if (secret === undefined) return;
  secret.version = world.nextId();
  const touchData = () => secret.dataIsOurs = false;
  switch (how % 8) {
    case 0:
      deleteSecret(world, secret);
      return;
    case 1:
      touchData();
      secret.data = undefined;
      return;
    case 2:
      touchData();
      return;
    case 3:
      delete secret.label;
      return;
    case 4:
      touchData();
      secret.annotations = { "acr.microsoft.com/token.expiry": time(world.now + 99 * HOUR) };
      return;
    case 5:
      touchData();
      secret.annotations = {};
      return;
    case 6:
      touchData();
      if (secret.data !== undefined) {
        secret.data = { ...secret.data, expiresAt: world.now + MINUTE };
      }
      return;
    case 7:
      delete secret.owner;
      return;
  }
}

function deleteSecret(world: World, secret: WorldSecret): void {
  if (secret.finalizers.length === 0) world.secrets.delete(secret.name);
  else secret.terminating = true;
}

/** Somebody's finalizer comes or goes. None comes to what is on its way out. */
function holdSecret(world: World, secret: WorldSecret | undefined, how: number): void {
  if (secret === undefined) return;
  secret.version = world.nextId();
  if (how % 3 > 0 && !secret.terminating) secret.finalizers = ["theirs/held"];
  if (how % 3 > 0) return;
  secret.finalizers = [];
  if (secret.terminating) world.secrets.delete(secret.name);
}

/** Somebody puts a Secret where a binding would, or restores one of an earlier binding. */
function placeSecret(world: World, which: number, how: number): void {
  const index = which % BINDINGS.length;
  const view = viewOf(makeBinding(index, 0, "default"));
  const choose = chooser(how);
  const name = choose([view.secretName, `old-${view.secretName}`.slice(-253)]);
  if (world.secrets.has(name)) return;
  const gone = { apiVersion: view.apiVersion, name: view.name, uid: "uid-long-gone" };
  const live = world.view(`${view.api}/${view.name}`);
  const owner = choose([undefined, gone, { ...gone, uid: live?.uid ?? "uid-nobody" }]);
  const label = choose([undefined, view.label]);
  const valid = {
    server: "bench.azurecr.io",
    mintedAt: world.now - HOUR,
    expiresAt: world.now + 2 * HOUR,
  };
  world.secrets.set(name, {
    name,
    uid: `uid-${world.nextId()}`,
    version: world.nextId(),
    ...(label === undefined ? {} : { label }),
    ...(owner === undefined ? {} : { owner }),
    ownedByOthers: choose([false, false, true]),
    annotations: choose([{}, { "acr.microsoft.com/token.inputs": view.inputsHash }]),
    dataIsOurs: false,
    data: choose([valid, valid, undefined]),
    wrongType: choose([false, false, false, true]),
    finalizers: [],
    terminating: false,
  });
  // As an earlier release or a user may have left it: attached, and perhaps in place of ours.
  const account = pick([...world.accounts.values()], choose([0, 1]));
  if (account === undefined || choose([true, false])) return;
  if (choose([true, false])) {
    account.pullSecrets = account.pullSecrets.filter((each) => each !== view.secretName);
  }
  account.pullSecrets.push(name);
}

/** Draws one choice after another out of a number. */
function chooser(number: number): <T>(items: readonly T[]) => T {
  let left = number;
  return (items) => {
    const chosen = items[left % items.length]!;
    left = Math.floor(left / items.length);
    return chosen;
  };
}

function viewOf(binding: WorldBinding): BindingView {
  const world = new World();
  world.addBinding(binding);
  return world.view(`${binding.api}/${binding.object.metadata.name}`)!;
}

/** References that no binding of the test could have made, in their order. */
function othersReferences(world: World): Record<string, string[]> {
  const lists = [...world.accounts.values()].map(({ name, pullSecrets }) =>
    [name, pullSecrets.filter((each) => each === "regcred" || each === "other")] as const
  );
  return Object.fromEntries(lists);
}

/** Secrets that are no live binding's to touch. */
function foreignSecrets(world: World): WorldSecret[] {
  const views = [...world.bindings.keys()].map((key) => world.view(key)!);
  return [...world.secrets.values()].filter((secret) =>
    !views.some((view) => world.isOwn(secret, view))
  );
}

/** What is being deleted and still there says why, and is tried again or waits for a Secret. */
function assertHeldUp(world: World, view: BindingView, key: string): void {
  const held = [...world.secrets.values()].some((secret) =>
    secret.terminating && world.isOwn(secret, view)
  );
  assert.ok(held || world.wakes.get(key)! < Infinity, "what failed is tried again");
  assert.match(view.status.error ?? "", /^The binding is being deleted, which is held up\. /);
  const readiness = view.status.conditions?.find(({ type }) => type === "Ready");
  assert.notEqual(readiness?.status, "True");
}

/** What must hold for a binding once nothing is left to do. */
function assertSettled(world: World, key: string): void {
  const view = world.view(key)!;
  const { status } = view;
  if (view.deleting) return assertHeldUp(world, view, key);
  assert.ok(view.finalizers.includes("msi-acrpull.microsoft.com"), "a finalizer");
  const attachedTo = [...world.accounts.values()]
    .filter(({ pullSecrets }) => pullSecrets.includes(view.secretName))
    .map(({ name }) => name);
  if (status.error !== undefined) {
    const readiness = status.conditions?.find(({ type }) => type === "Ready");
    const inTheWay = world.secrets.get(view.secretName);
    const unseen = inTheWay !== undefined && inTheWay.label === undefined;
    if (readiness?.reason === "SecretNameTaken" && unseen) {
      assert.ok(world.wakes.get(key)! < Infinity, "nobody tells that this Secret has gone");
    }
    // What somebody altered while a refresh fails is not read: a look that fails must stop no try.
    if (readiness?.status === "True" && readiness.reason !== "RefreshFailing") {
      const secret = world.secrets.get(view.secretName)!;
      assert.ok(isValid(secret, world.now), "Ready is True without a valid credential");
      assert.ok(attachedTo.includes(view.target), "Ready is True without a reference");
    }
    return;
  }
  const secret = world.secrets.get(view.secretName)!;
  assert.equal(secret.owner?.uid, view.uid);
  assert.equal(secret.label, view.label);
  assert.equal(secret.annotations["acr.microsoft.com/token.inputs"], view.inputsHash);
  assert.ok(isValid(secret, world.now), "a valid credential");
  assert.equal(
    secret.data!.server,
    view.credential.kind === "invalid" ? "" : view.credential.server,
  );
  assert.equal(status.tokenExpirationTime, time(secret.data!.expiresAt));
  assert.deepEqual(attachedTo, [view.target]);
  const further = [...world.secrets.values()].filter(({ name, owner }) =>
    owner?.uid === view.uid && name !== view.secretName
  );
  assert.deepEqual(further.filter(({ label }) => label !== undefined), []);
}

/** A world to begin with: both accounts, and the bindings of one name. */
function beginning(): World {
  const world = new World();
  for (const name of ACCOUNTS) {
    const pullSecrets = ["regcred", "other", "regcred"];
    const ids = { clientId: CLIENT_ID, tenantId: TENANT_ID };
    world.accounts.set(name, { name, uid: `uid-sa-${name}`, pullSecrets, ...ids });
  }
  world.addBinding(makeBinding(0, 1, "default"));
  world.addBinding(makeBinding(1, 1, "default"));
  return world;
}

Deno.test("property: from any state plans converge, keep their promises, and end where they should", () => {
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 14 }), (events) => {
      const world = beginning();
      let wakeAt = world.settle();
      for (const each of events) {
        happen(world, each, wakeAt);
        const others = othersReferences(world);
        const foreign = structuredClone(foreignSecrets(world));
        wakeAt = world.settle();
        for (const key of world.bindings.keys()) assertSettled(world, key);
        assert.deepEqual(othersReferences(world), others, "references of others");
        for (const secret of foreign) {
          assert.deepEqual(world.secrets.get(secret.name), secret, "a Secret of others");
        }
        assert.ok(wakeAt > world.now, "the wake-up lies ahead");
      }
    }),
    { numRuns: 600 },
  );
});

Deno.test("property: a settled world has no action left, for any binding, however often it is asked", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 8 }), (events) => {
      const world = beginning();
      let wakeAt = world.settle();
      for (const each of events) {
        happen(world, each, wakeAt);
        wakeAt = world.settle();
      }
      const { writes } = world;
      for (const key of [...world.bindings.keys()]) {
        world.settleOne(key);
        const { actions } = plan(world.snapshot(key)!, world.now);
        assert.ok(actions.every(({ kind }) => kind === "inspectSecret"), JSON.stringify(actions));
      }
      assert.equal(world.writes, writes);
    }),
    { numRuns: 150 },
  );
});

Deno.test("property: whatever happened, once Azure works and accounts are there, all settle as ready", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 10 }), (events) => {
      const world = beginning();
      let wakeAt = world.settle();
      for (const each of events) {
        happen(world, each, wakeAt);
        wakeAt = world.settle();
      }
      world.azureWorks = true;
      world.mayWriteAccounts = true;
      world.secrets.clear();
      for (const name of [...ACCOUNTS, "missing"]) {
        const ids = { clientId: CLIENT_ID, tenantId: TENANT_ID };
        world.accounts.set(name, { name, uid: `uid-sa-${name}-2`, pullSecrets: [], ...ids });
      }
      world.now += HOUR;
      world.settle();
      for (const key of world.bindings.keys()) {
        const { credential, status } = world.view(key)!;
        const taken = status.error?.includes("belongs to AcrPullBinding") ?? false;
        assert.equal(
          status.error === undefined,
          credential.kind !== "invalid" && !taken,
          status.error,
        );
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("plan: two bindings of one name, one per API, both settle and then write no more", () => {
  const world = beginning();
  world.settle();
  assert.deepEqual([...world.secrets.keys()].sort(), ["acr-pull-pull", "pull-msi-acrpull-secret"]);
  assert.deepEqual(world.accounts.get("default")!.pullSecrets.slice(3).sort(), [
    "acr-pull-pull",
    "pull-msi-acrpull-secret",
  ]);
  const { writes } = world;
  world.settle();
  assert.equal(world.writes, writes);
  assert.equal(writes, 8, "finalizer, Secret, reference and status of each");
});

Deno.test("plan: a credential is refreshed for as long as time passes, with two writes each", () => {
  const world = beginning();
  let wakeAt = world.settle();
  while (world.now < NOW + 24 * HOUR) {
    const before = world.writes;
    world.now = wakeAt;
    wakeAt = world.settle();
    assert.equal(world.writes - before, 2);
  }
});

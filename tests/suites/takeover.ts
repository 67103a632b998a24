import assert from "node:assert/strict";
import type { ApiServer, TestOnApiServer } from "../sandbox/api_server.ts";
import type { AnyObject } from "./cluster_admin.ts";
import { eventually } from "./eventually.ts";
import { OperatorRig, type RigOptions } from "./operator_rig.ts";
import { ReferenceOperator, type Step } from "./reference_operator.ts";
import {
  type ReferenceAccount,
  type ReferenceBinding,
  type ReferenceSecret,
  referenceWouldChange,
} from "./reference_rules.ts";
import { settled } from "./settled.ts";
import { V1 } from "./v1beta1_objects.ts";
import { federatedBy, RESOURCE_ID, specWith, V2, WORKLOAD_IDENTITY } from "./v1beta2_objects.ts";

const MINUTE = 60_000;
const LABEL = "acr.microsoft.com/binding";
/** As the reference's chart starts its operator. */
const FLAGS = [
  "--ttl-rotation-fraction=0.5",
  "--allowed-acr-server-suffixes=azurecr.io",
  "--zap-log-level=info",
];

/** What a takeover is tested with. */
export interface TakeoverOptions extends RigOptions {
  /** Whether the CRDs keep conditions: those of the reference prune them. */
  readonly keepsConditions: boolean;
}

interface World {
  readonly api: ApiServer;
  readonly rig: OperatorRig;
  readonly reference: ReferenceOperator;
}

type CheckWorld = (name: string, run: (world: World) => Promise<void>, more?: RigOptions) => void;

/** The operator comes where the reference was, and the reference comes back. */
export function takeoverSuite(test: TestOnApiServer, options: TakeoverOptions): void {
  const crds = options.keepsConditions ? "" : " on the reference's CRDs";
  const check: CheckWorld = (name, run, more = {}) =>
    test(`takeover${crds}: ${name}`, async (api) => {
      const rigOptions = { ...options, ...more, args: [...FLAGS, ...more.args ?? []] };
      await using rig = await OperatorRig.prepare(api, rigOptions);
      using reference = await ReferenceOperator.in(rig, api);
      await run({ api, rig, reference });
      rig.azure.assertNoUnexpected();
      rig.azure.assertNoViolations();
    });
  untouched(check, options.keepsConditions);
  halfway(check);
  deletions(check);
  seed(check);
  wayBack(check);
}

/** Bindings of every kind, all served by the reference. */
async function servedByReference({ rig, reference }: World): Promise<(V1 | V2)[]> {
  const [byClient, byResource, managed, federated] = [
    new V1(rig, "by-client"),
    new V1(rig, "by-resource"),
    new V2(rig, "managed"),
    new V2(rig, "federated"),
  ] as const;
  await byClient.createAccount("default", [{ name: "a-theirs" }], WORKLOAD_IDENTITY);
  await byClient.createAccount("builder");
  await byClient.createBinding();
  await byResource.createBinding({
    spec: {
      acrServer: "other.azurecr.io",
      scope: "repository:app:pull",
      managedIdentityResourceID: `${RESOURCE_ID}/`,
      serviceAccountName: "builder",
    },
  });
  await managed.createBinding({ spec: specWith({ serviceAccountName: "builder" }) });
  await federated.createBinding({ spec: federatedBy("default") });
  const all = [byClient, byResource, managed, federated];
  for (const binding of all) await reference.serve(binding as V1);
  return all;
}

function untouched(check: CheckWorld, keepsConditions: boolean): void {
  check(
    "tells of a token that lacks what was asked for, and leaves it",
    async ({ rig, reference }) => {
      rig.azure.setRegistry("bench.azurecr.io", { grants: () => false });
      const v2 = new V2(rig);
      await v2.createAccount("default");
      await v2.createBinding({ spec: specWith({}) });
      await reference.serve(v2);
      const before = await v2.secret();
      await rig.startOperator();
      const { status } = await v2.bindingOnce(({ status }) => status?.error !== undefined);
      assert.match(status!.error!, /granted less than the scope asks for/);
      assert.deepEqual(await v2.secret(), before);
    },
  );

  check("mints nothing and changes nothing but its own conditions", async (world) => {
    const { rig } = world;
    await servedByReference(world);
    const before = await contents(rig);
    const calls = rig.azure.counts();
    assert.deepEqual(await wouldChange(rig), []);
    await rig.startOperator();
    await rig.inStep();
    await settled(() => contents(rig));
    const after = await contents(rig);
    assert.deepEqual(rig.azure.counts(), calls);
    assert.deepEqual(rig.writes(), keepsConditions ? { "patch acrpullbindings/status": 4 } : {});
    if (keepsConditions) assert.deepEqual(after.map(withoutOurs), before.map(withoutOurs));
    else assert.deepEqual(after, before);
    assert.deepEqual(await wouldChange(rig), []);
  });

  check("refreshes v1beta1 when due, in place", async ({ rig, reference }) => {
    const v1 = new V1(rig);
    await v1.createAccount("default");
    await v1.createBinding();
    await reference.serve(v1);
    const before = (await v1.secret())!;
    await rig.startOperator();
    await rig.inStep();
    rig.clock.advance(145 * MINUTE);
    await settled(() => v1.secret());
    assert.deepEqual(await v1.secret(), before);
    rig.clock.advance(6 * MINUTE);
    const after = await v1.renewed(before);
    assert.equal(after.metadata.uid, before.metadata.uid);
    await settled(() => rig.resourceVersions());
    assert.deepEqual(await wouldChange(rig), []);
  });

  check("refreshes v1beta2 when due, in place, by a token of the account", async (world) => {
    const { rig, reference } = world;
    const v2 = new V2(rig);
    await v2.createAccount("default", [], WORKLOAD_IDENTITY);
    await v2.createBinding({ spec: federatedBy("default") });
    await reference.serve(v2);
    const before = (await v2.secret())!;
    await rig.startOperator();
    await rig.inStep();
    rig.clock.advance(33 * MINUTE);
    await settled(() => v2.secret());
    assert.deepEqual(await v2.secret(), before);
    rig.clock.advance(6 * MINUTE);
    const after = await v2.renewed(before);
    assert.equal(after.metadata.uid, before.metadata.uid);
    await settled(() => rig.resourceVersions());
    assert.deepEqual(await wouldChange(rig), []);
  });

  check("writes a failure once, and never in vain", async ({ rig }) => {
    const v1 = new V1(rig);
    rig.azure.fail("acr-firewall", { times: Infinity });
    await rig.startOperator();
    await v1.createAccount("default");
    await v1.createBinding();
    await errorOf(v1);
    await settled(() => rig.resourceVersions());
    const writes = { "patch acrpullbindings": 1, "patch acrpullbindings/status": 1 };
    assert.deepEqual(withoutEvents(rig.writes()), writes);
    rig.clock.advance(5 * MINUTE);
    await v1.callsOnce("exchange", 2);
    await settled(() => rig.resourceVersions());
    assert.deepEqual(withoutEvents(rig.writes()), writes);
    rig.azure.clearFailures();
  });
}

function halfway(check: CheckWorld): void {
  for (const last of ["finalizer", "secret", "reference"] as const satisfies Step[]) {
    check(`goes on where the reference stopped after: ${last}`, async (world) => {
      const { rig, reference } = world;
      const bindings = [new V1(rig, "old"), new V2(rig, "new")];
      await bindings[0]!.createAccount("default");
      for (const binding of bindings) await binding.createBinding();
      for (const binding of bindings) await reference.serve(binding as V1, last);
      const tokens = rig.azure.issuedTokens().length;
      await rig.startOperator();
      for (const binding of bindings) await served(binding);
      await settled(() => rig.resourceVersions());
      assert.deepEqual(await wouldChange(rig), []);
      if (last !== "finalizer") assert.equal(rig.azure.issuedTokens().length, tokens);
    });
  }

  check("follows a change of the spec", async (world) => {
    const { rig } = world;
    const bindings = await servedByReference(world);
    await rig.startOperator();
    await rig.inStep();
    const [byClient, , managed] = bindings as [V1, V1, V2, V2];
    const [first, third] = [(await byClient.secret())!, (await managed.secret())!];
    await byClient.patchBinding({ spec: { scope: "repository:app:pull" } });
    await managed.patchBinding({
      spec: { serviceAccountName: "default", acr: { scope: "repository:other:pull" } },
    });
    assert.equal((await byClient.renewed(first)).metadata.uid, first.metadata.uid);
    assert.equal((await managed.renewed(third)).metadata.uid, third.metadata.uid);
    await managed.referencesOnce("default", [
      "a-theirs",
      "acr-pull-federated",
      "acr-pull-managed",
      "by-client-msi-acrpull-secret",
    ]);
    await managed.referencesOnce("builder", ["by-resource-msi-acrpull-secret"]);
    await settled(() => rig.resourceVersions());
    assert.deepEqual(await wouldChange(rig), []);
  });
}

function deletions(check: CheckWorld): void {
  check("takes back all that the reference made", async (world) => {
    const { rig } = world;
    const bindings = await servedByReference(world);
    await rig.startOperator();
    for (const binding of bindings) await binding.deleteBinding();
    for (const binding of bindings) await binding.gone();
    assert.deepEqual(await bindings[0]!.references("default"), ["a-theirs"]);
    assert.deepEqual(await bindings[0]!.references("builder"), []);
    assert.deepEqual(await rig.admin.list("v1", "Secret"), []);
  });

  check("ends deletions at which the reference stopped", async (world) => {
    const { rig } = world;
    const bindings = await servedByReference(world);
    for (const binding of bindings) await binding.deleteBinding();
    // One it has detached, of one it has deleted the Secret as well.
    await bindings[0]!.patchAccount("default", { imagePullSecrets: [{ name: "a-theirs" }] });
    await bindings[3]!.deleteSecret();
    await rig.startOperator();
    for (const binding of bindings) await binding.gone();
    assert.deepEqual(await bindings[0]!.references("builder"), []);
  });
}

function seed(check: CheckWorld): void {
  for (const finalizer of [true, false]) {
    const era = finalizer ? "" : ", from before there were finalizers";
    check(`difference 7: adopts a Secret of the seed's era in place${era}`, async (world) => {
      const { rig, reference } = world;
      const v1 = new V1(rig);
      await v1.createAccount("default");
      await v1.createBinding();
      await reference.serveAsSeed(v1, { finalizer });
      const before = (await v1.secret())!;
      const calls = rig.azure.counts();
      await rig.startOperator();
      const after = await v1.secretOnce(({ metadata }) => metadata.labels?.[LABEL] === "pull");
      assert.equal(after.metadata.uid, before.metadata.uid);
      assert.deepEqual(after.data, before.data);
      await settled(() => rig.resourceVersions());
      assert.deepEqual(rig.azure.counts(), calls);
      assert.deepEqual(await wouldChange(rig), []);
      rig.clock.advance(151 * MINUTE);
      await v1.renewed(before);
    });
  }

  check("difference 7: re-mints a seed's token that does not decode, in place", async (world) => {
    const { rig, reference } = world;
    const v1 = new V1(rig);
    await v1.createAccount("default");
    await v1.createBinding();
    await reference.serveAsSeed(v1, { password: "no.jwt.atall" });
    const before = (await v1.secret())!;
    await rig.startOperator();
    const after = await v1.renewed(before);
    assert.equal(after.metadata.uid, before.metadata.uid);
    await settled(() => rig.resourceVersions());
    assert.deepEqual(await wouldChange(rig), []);
  });

  check("difference 7: re-mints a seed's token that is not fresh, in place", async (world) => {
    const { rig, reference } = world;
    const v1 = new V1(rig);
    await v1.createAccount("default");
    await v1.createBinding();
    await reference.serveAsSeed(v1);
    const before = (await v1.secret())!;
    rig.clock.advance(155 * MINUTE);
    await rig.startOperator();
    const after = await v1.renewed(before);
    assert.equal(after.metadata.uid, before.metadata.uid);
    await settled(() => rig.resourceVersions());
    assert.deepEqual(await wouldChange(rig), []);
  });
}

function wayBack(check: CheckWorld): void {
  check("what it leaves, the reference accepts", async (world) => {
    const { rig } = world;
    await rig.startOperator();
    const bindings = [new V1(rig, "old"), new V2(rig, "managed"), new V2(rig, "federated")];
    await bindings[0]!.createAccount("default", [{ name: "theirs" }], WORKLOAD_IDENTITY);
    await bindings[0]!.createBinding();
    await bindings[1]!.createBinding();
    await (bindings[2] as V2).createBinding({ spec: federatedBy("default") });
    for (const binding of bindings) await served(binding);
    await rig.stopOperator();
    assert.deepEqual(await wouldChange(rig), []);
  });

  check("what the reference then refreshes, it accepts again", async (world) => {
    const { rig, reference } = world;
    await rig.startOperator();
    const v2 = new V2(rig);
    await v2.createAccount("default", [], WORKLOAD_IDENTITY);
    await v2.createBinding({ spec: federatedBy("default") });
    await served(v2);
    await rig.stopOperator();
    // The reference updates the whole Secret, and drops the annotation that it does not know.
    await v2.deleteSecret();
    await v2.patchAccount("default", { imagePullSecrets: null });
    await reference.serve(v2);
    const before = (await v2.secret())!;
    const calls = rig.azure.counts();
    await rig.startOperator();
    await rig.inStep();
    await settled(() => rig.resourceVersions());
    assert.deepEqual(await v2.secret(), before);
    assert.deepEqual(rig.azure.counts(), calls);
  });

  check("serves only what --label-selector matches, and leaves the rest alone", async (world) => {
    const { rig, reference } = world;
    const [ours, theirs] = [new V1(rig, "ours"), new V2(rig, "theirs")];
    await ours.createAccount("default");
    await theirs.createBinding({ labels: { tier: "theirs" } });
    await reference.serve(theirs as unknown as V1);
    const before = (await theirs.secret())!;
    await rig.startOperator();
    await ours.createBinding({ labels: { tier: "ours" } });
    await served(ours);
    rig.clock.advance(70 * MINUTE);
    await settled(() => rig.resourceVersions());
    assert.deepEqual(await theirs.secret(), before);
    assert.deepEqual(await ours.references("default"), [
      "acr-pull-theirs",
      "ours-msi-acrpull-secret",
    ]);
  }, { args: ["--label-selector=tier in (ours)"] });
}

/** Resolves once the binding's status tells of the credential in its Secret. */
export async function served(binding: V1 | V2): Promise<void> {
  await eventually(`${binding.place.name} is served`, async () => {
    const { status } = (await binding.binding())!;
    const annotations = (await binding.secret())?.metadata.annotations ?? {};
    const told = status?.tokenExpirationTime === annotations["acr.microsoft.com/token.expiry"];
    return (status?.tokenExpirationTime !== undefined && told && !status.error) || undefined;
  });
  await binding.rig.answered();
}

/** The binding's error, whether or not its CRD keeps conditions. */
export async function errorOf(binding: V1 | V2): Promise<string> {
  const error = await eventually(
    `${binding.place.name} has an error`,
    async () => (await binding.binding())!.status?.error,
  );
  await binding.rig.answered();
  return error;
}

async function wouldChange(rig: OperatorRig): Promise<readonly string[]> {
  const world = {
    bindings: await rig.admin.bindings() as unknown as ReferenceBinding[],
    secrets: await rig.admin.list<ReferenceSecret>("v1", "Secret"),
    accounts: await rig.admin.list<ReferenceAccount>("v1", "ServiceAccount"),
  };
  return referenceWouldChange(world, rig.clock.now());
}

/** Every object in full. */
async function contents(rig: OperatorRig): Promise<readonly AnyObject[]> {
  await rig.answered();
  return [
    ...await rig.admin.bindings(),
    ...await rig.admin.list<AnyObject>("v1", "Secret"),
    ...await rig.admin.list<AnyObject>("v1", "ServiceAccount"),
  ];
}

/** Without what the operator adds to a status, and what the API server notes of that. */
function withoutOurs(object: AnyObject): unknown {
  if (object.kind !== "AcrPullBinding") return object;
  const { metadata, status, ...rest } = object as AnyObject & {
    metadata: Record<string, unknown>;
    status: Record<string, unknown>;
  };
  const { resourceVersion: _, managedFields: __, ...kept } = metadata;
  const { conditions: ___, observedGeneration: ____, ...reference } = status;
  return { ...rest, metadata: kept, status: reference };
}

function withoutEvents(writes: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(writes).filter(([call]) => !call.endsWith(" events")));
}

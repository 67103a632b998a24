import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import type { AnyBinding, BindingObjects } from "./binding_objects.ts";
import { checking } from "./checking.ts";
import { whereGoIs } from "./go_program.ts";
import { type Kstatus, kstatusOf } from "./kstatus.ts";
import type { OperatorRig, RigOptions } from "./operator_rig.ts";
import { settled } from "./settled.ts";
import { V1 } from "./v1beta1_objects.ts";
import { V2 } from "./v1beta2_objects.ts";

const MINUTE = 60_000;
/** Longer than any call to Azure is waited for. */
const CALL_MS = 61_000;
const FINALIZER = "example.com/hold";

/** One API, and what differs between the two here. */
interface Api {
  readonly name: string;
  readonly objects: (rig: OperatorRig) => BindingObjects<AnyBinding>;
  /** A patch that makes the spec invalid, one that mends it, and one that changes the scope. */
  readonly spoil: unknown;
  readonly mend: unknown;
  readonly rescope: unknown;
  /** From the mint to when a refresh is overdue, and from then to when the credential is expired. */
  readonly dueMs: number;
  readonly expiredMs: number;
}

const APIS: readonly Api[] = [
  {
    name: "v1beta1",
    objects: (rig) => new V1(rig) as unknown as BindingObjects<AnyBinding>,
    spoil: { spec: { acrServer: "bench.example.com" } },
    mend: { spec: { acrServer: "bench.azurecr.io" } },
    rescope: { spec: { scope: "repository:other:pull" } },
    dueMs: 151 * MINUTE,
    expiredMs: 31 * MINUTE,
  },
  {
    name: "v1beta2",
    objects: (rig) => new V2(rig) as unknown as BindingObjects<AnyBinding>,
    spoil: { spec: { acr: { server: "bench.example.com" } } },
    mend: { spec: { acr: { server: "bench.azurecr.io" } } },
    rescope: { spec: { acr: { scope: "repository:other:pull" } } },
    dueMs: 40 * MINUTE,
    expiredMs: 36 * MINUTE,
  },
];

/**
 * What tools that wait for a binding by kstatus see of it, in every state that it comes by, as the
 * API server shows it. Needs Go.
 */
export function waitingToolsSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  for (const api of APIS) oneApi(whereGoIs(test), api, options);
}

function oneApi(test: TestOnApiServer, api: Api, options: RigOptions): void {
  const check = checking(test, `kstatus: ${api.name}`, (rig) => api.objects(rig), options);

  check("a new binding is in progress while no operator runs", async (binding) => {
    await binding.rig.stopOperator();
    await binding.createAccount("default");
    await binding.createBinding();
    assert.deepEqual((await binding.binding())!.status, { observedGeneration: -1 });
    assert.deepEqual(await seen(binding), notLookedAt(1, -1));
    await binding.rig.startOperator();
    await binding.ready();
    assert.equal((await seen(binding)).status, "Current");
  });

  check("a new binding is in progress while its credential is being minted", async (binding) => {
    binding.rig.azure.fail("hang", { times: Infinity, endpoint: "exchange" });
    await binding.createAccount("default");
    await binding.createBinding();
    await binding.callsOnce("exchange", 1);
    assert.notEqual((await binding.binding())!.metadata.finalizers, undefined);
    assert.deepEqual(await seen(binding), notLookedAt(1, -1));
  });

  check("a binding that an operator is told to leave alone is in progress", async (binding) => {
    await binding.createAccount("default");
    await binding.createBinding();
    await settled(() => binding.resourceVersions());
    assert.deepEqual(await seen(binding), notLookedAt(1, -1));
  }, { args: ["--label-selector=tier=web"] });

  check(
    "a binding that fails is in progress, with what to do, until it is ready",
    async (binding) => {
      await binding.createBinding();
      const error = await binding.errorOnce();
      assert.match(error, /^service account "default" not found; /);
      assert.deepEqual(await seen(binding), { status: "InProgress", message: error });
      await binding.createAccount("default");
      await binding.ready();
      assert.equal((await seen(binding)).status, "Current");
    },
  );

  check(
    "a binding that Azure refuses is in progress, since a role may yet come",
    async (binding) => {
      binding.rig.azure.fail("acr-firewall", { times: Infinity });
      await binding.createAccount("default");
      await binding.createBinding();
      const error = await binding.errorOnce();
      assert.deepEqual(await seen(binding), { status: "InProgress", message: error });
    },
  );

  check("an invalid spec has failed, with what to do, until it is mended", async (binding) => {
    await binding.createAccount("default");
    await binding.rig.stopOperator();
    await binding.createBinding();
    await binding.patchBinding(api.spoil);
    await binding.rig.startOperator();
    const error = await binding.errorOnce();
    assert.deepEqual(await seen(binding), { status: "Failed", message: error });
    await binding.patchBinding(api.mend);
    await binding.ready();
    assert.equal((await seen(binding)).status, "Current");
  });

  check("an invalid spec has failed although an earlier credential serves", async (binding) => {
    await binding.establish();
    await binding.patchBinding(api.spoil);
    const error = await binding.errorOnce();
    assert.equal(binding.readiness((await binding.binding())!), "True/InvalidSpec");
    assert.deepEqual(await seen(binding), { status: "Failed", message: error });
  });

  check("a changed spec is in progress until it has been looked at", async (binding) => {
    await binding.establish();
    await binding.rig.stopOperator();
    assert.equal((await seen(binding)).status, "Current");
    await binding.patchBinding(api.rescope);
    assert.deepEqual(await seen(binding), notLookedAt(2, 1));
    await binding.rig.startOperator();
    await binding.ready();
    assert.equal((await seen(binding)).status, "Current");
  });

  check("a changed spec is in progress while its credential is being minted", async (binding) => {
    await binding.establish();
    binding.rig.azure.fail("hang", { times: Infinity });
    const before = Object.values(binding.rig.azure.counts()).reduce((sum, each) => sum + each);
    await binding.patchBinding(api.rescope);
    await binding.bindingOnce(() =>
      Object.values(binding.rig.azure.counts()).reduce((sum, each) => sum + each) > before
    );
    assert.deepEqual(await seen(binding), notLookedAt(2, 1));
    binding.rig.clock.advance(CALL_MS);
    const error = await binding.errorOnce();
    assert.deepEqual(await seen(binding), { status: "InProgress", message: error });
  });

  check("a refresh that fails leaves it current until the credential expires", async (binding) => {
    await binding.establish();
    binding.rig.azure.fail("acr-firewall", { times: Infinity });
    binding.rig.clock.advance(api.dueMs);
    await binding.errorOnce();
    assert.equal(binding.readiness((await binding.binding())!), "True/RefreshFailing");
    assert.equal((await seen(binding)).status, "Current");
    binding.rig.clock.advance(api.expiredMs);
    const expired = await binding.bindingOnce((found) =>
      binding.readiness(found) === "False/CredentialExpired"
    );
    const { message } = expired.status!.conditions!.find(({ type }) => type === "Ready")!;
    assert.deepEqual(await seen(binding), { status: "InProgress", message });
  });

  check(
    "a status of the reference, which names no generation, is current as with its own CRDs",
    async (binding) => {
      await binding.rig.stopOperator();
      await binding.createBinding();
      // The reference updates the status as a whole.
      const status = { observedGeneration: null, error: "service account not found" };
      const { apiVersion, name } = binding.place;
      const ref = { apiVersion, kind: "AcrPullBinding", name };
      await binding.rig.admin.mergePatch(ref, { status }, "status");
      assert.equal((await seen(binding)).status, "Current");
      await binding.rig.startOperator();
      const error = await binding.errorOnce();
      assert.deepEqual(await seen(binding), { status: "InProgress", message: error });
    },
  );

  check("a binding that is being deleted is terminating, held by others", async (binding) => {
    await binding.establish();
    await holdDeleted(binding);
    await settled(() => binding.resourceVersions());
    assert.equal((await seen(binding)).status, "Terminating");
  });

  check(
    "a binding that is being deleted is terminating while no operator runs",
    async (binding) => {
      await binding.establish();
      await binding.rig.stopOperator();
      await binding.deleteBinding();
      assert.equal((await seen(binding)).status, "Terminating");
    },
  );

  check("a binding that was deleted before anybody looked is terminating", async (binding) => {
    await binding.rig.stopOperator();
    await binding.createBinding();
    await holdDeleted(binding);
    assert.equal((await seen(binding)).status, "Terminating");
  });
}

async function seen(binding: BindingObjects<AnyBinding>): Promise<Kstatus> {
  const [found] = await kstatusOf([await binding.binding()]);
  return found!;
}

function notLookedAt(generation: number, observed: number): Kstatus {
  return {
    status: "InProgress",
    message: `AcrPullBinding generation is ${generation}, but latest observed generation is ` +
      `${observed}`,
  };
}

async function holdDeleted(binding: BindingObjects<AnyBinding>): Promise<void> {
  const finalizers = (await binding.binding())!.metadata.finalizers ?? [];
  await binding.patchBinding({ metadata: { finalizers: [...finalizers, FINALIZER] } });
  await binding.deleteBinding();
}

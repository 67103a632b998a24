import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { checking } from "./checking.ts";
import type { OperatorRig, RigOptions } from "./operator_rig.ts";
import { settled } from "./settled.ts";
import { V1 } from "./v1beta1_objects.ts";
import { federatedBy, specWith, V2, WORKLOAD_IDENTITY } from "./v1beta2_objects.ts";

const QUIET_MS = 1_500;

/** Whatever stands side by side in one namespace, all of it settles, and settles once. */
export function settlingSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  const check = checking(test, "settling", (rig) => rig, options);

  check("many bindings of both APIs on one ServiceAccount", async (rig) => {
    const names = Array.from({ length: 12 }, (_, index) => `b${index}`);
    const bindings = [
      ...names.map((name) => new V1(rig, name)),
      ...names.map((name) => new V2(rig, name)),
    ];
    await bindings[0]!.createAccount("default", [{ name: "z" }, { name: "a" }]);
    await Promise.all(bindings.map((binding) => binding.createBinding()));
    for (const binding of bindings) await binding.ready();
    await bindings[0]!.referencesOnce("default", [
      "z",
      "a",
      ...names.map((name) => `acr-pull-${name}`).sort(),
      ...names.map((name) => `${name}-msi-acrpull-secret`).sort(),
    ]);
    await assertSettledOnce(rig);
    assert.ok(rig.azure.counts().exchange <= 2, "identical credentials are minted twice");
  });

  check("several bindings on several ServiceAccounts, by several identities", async (rig) => {
    const accounts = ["one", "two", "three"];
    const first = new V2(rig, "unused");
    for (const name of accounts) await first.createAccount(name, [], WORKLOAD_IDENTITY);
    const bindings = accounts.flatMap((target, index) => {
      const by = accounts[(index + 1) % accounts.length]!;
      return [
        {
          binding: new V2(rig, `to-${target}`),
          spec: { ...federatedBy(by), serviceAccountName: target },
        },
        {
          binding: new V2(rig, `also-to-${target}`),
          spec: specWith({ serviceAccountName: target }),
        },
      ];
    });
    await Promise.all(bindings.map(({ binding, spec }) => binding.createBinding({ spec })));
    for (const { binding } of bindings) await binding.ready();
    for (const name of accounts) {
      await first.referencesOnce(name, [`acr-pull-also-to-${name}`, `acr-pull-to-${name}`]);
    }
    await assertSettledOnce(rig);
  });

  for (const { what, name } of LONG_NAMES) {
    check(`names: ${what}`, async (rig) => {
      const [v1, v2] = [new V1(rig, name), new V2(rig, name)];
      await v2.createAccount("default");
      await v2.createBinding();
      await v2.ready();
      await v1.createBinding();
      await v1.ready();
      await v2.referencesOnce("default", [v2.place.secret, v1.place.secret]);
      await assertSettledOnce(rig);
      await v2.deleteBinding();
      await v2.gone();
      await v1.referencesOnce("default", [v1.place.secret]);
      await v1.deleteBinding();
      await v1.referencesOnce("default", []);
      assert.deepEqual(await settled(() => rig.admin.list("v1", "Secret")), []);
    });
  }

  check("names that differ only beyond the cut", async (rig) => {
    const bindings = ["x", "y"].flatMap((last) => [
      new V1(rig, "n".repeat(252) + last),
      new V2(rig, "n".repeat(252) + last),
    ]);
    await bindings[0]!.createAccount("default");
    await Promise.all(bindings.map((binding) => binding.createBinding()));
    for (const binding of bindings) await binding.ready();
    assert.equal(new Set(await bindings[0]!.references("default")).size, 4);
    await assertSettledOnce(rig);
  });

  check("two bindings whose Secrets would have one name: the first has it", async (rig) => {
    const [v1, v2] = [new V1(rig, "acr-pull-foo"), new V2(rig, "foo-msi-acrpull-secret")];
    assert.equal(v1.place.secret, v2.place.secret);
    await v1.createAccount("default");
    await v1.createBinding();
    await v1.ready();
    const secret = (await v1.secret())!;
    await v2.createBinding();
    assert.equal(
      await v2.errorOnce(),
      'Secret "acr-pull-foo-msi-acrpull-secret" belongs to AcrPullBinding "acr-pull-foo" ' +
        'of "msi-acrpull.microsoft.com/v1beta1"; delete it, or give this binding another name.',
    );
    await assertSettledOnce(rig);
    // What is not its own it takes from nobody, not even when it goes.
    await v2.deleteBinding();
    await settled(() => rig.resourceVersions());
    assert.equal((await v1.secret())!.metadata.resourceVersion, secret.metadata.resourceVersion);
    await v1.referencesOnce("default", [v1.place.secret]);
    // And when the first goes, the second has it.
    await v2.createBinding();
    await v2.errorOnce();
    await v1.deleteBinding();
    await v2.ready();
    await v2.referencesOnce("default", [v2.place.secret]);
    await assertSettledOnce(rig);
  });
}

const LONG_NAMES = [
  { what: "63 characters, the longest value of a label", name: "n".repeat(63) },
  { what: "64 characters", name: "n".repeat(64) },
  { what: "64 characters with a dot at the label's cut", name: dotted(64, 51) },
  { what: "233 characters, the longest that is whole", name: "n".repeat(233) },
  { what: "253 characters", name: "n".repeat(253) },
  { what: "253 characters with a dot at v1beta2's cut", name: dotted(253, 232) },
  { what: "253 characters with a dot at v1beta1's cut", name: dotted(253, 222) },
  { what: "253 characters with a dot at every cut", name: dotted(253, 51, 222, 232) },
];

/** A name of `length` with dots at the positions. */
function dotted(length: number, ...positions: number[]): string {
  return Array.from({ length }, (_, index) => positions.includes(index) ? "." : "n").join("");
}

/** Nothing is written any more, neither by this operator nor by its successor. */
export async function assertSettledOnce(rig: OperatorRig): Promise<void> {
  const versions = await settled(() => rig.resourceVersions());
  const writes = rig.writes();
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  assert.deepEqual(await rig.resourceVersions(), versions);
  assert.deepEqual(rig.writes(), writes);
  await rig.stopOperator();
  await rig.startOperator();
  await rig.inStep();
  await settled(() => rig.resourceVersions());
  assert.deepEqual(await rig.resourceVersions(), versions);
  assert.deepEqual(rig.writes(), {});
}

import assert from "node:assert/strict";
import fc from "fast-check";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import { changeOf, referenceSteps } from "../../../../src/controller/execute/account_change.ts";
import type { ServiceAccount } from "../../../../src/kubernetes/resources/built_in.ts";
import type { Stored } from "../../../../src/kubernetes/resources/resource_client.ts";
import { jsonPatch } from "../../../sandbox/kubernetes/patch/json_patch.ts";

function stored(names: readonly string[]): Stored<ServiceAccount> {
  return {
    metadata: { name: "default", namespace: "team", uid: "uid", resourceVersion: "7" },
    imagePullSecrets: names.map((name) => ({ name })),
  };
}

/** The names after those steps, or as they are where there are none. */
function namesAfter(
  present: readonly string[],
  references: ReadonlyMap<string, boolean>,
): readonly string[] {
  const steps = referenceSteps(stored(present), references, APIS);
  if (steps === undefined) return present;
  const patched = jsonPatch(stored(present) as never, steps.body as never);
  return (patched as unknown as ServiceAccount).imagePullSecrets!.map(({ name }) => name!);
}

const CROWD = Array.from({ length: 40 }, (_, n) => `theirs-${n}`);

for (
  const { what, present, isByIndex } of [
    { what: "few names is written as a whole", present: ["regcred"], isByIndex: false },
    { what: "many names is written by steps", present: CROWD, isByIndex: true },
    { what: "few long names is written by steps", present: ["x".repeat(5000)], isByIndex: true },
  ]
) {
  Deno.test(`account change: a list of ${what}, for one version alone`, () => {
    const change = changeOf(stored(present), new Map([["acr-pull-a", true]]), APIS)!;
    const { uid, resourceVersion, isPart, patch } = change;
    assert.deepEqual([uid, resourceVersion, isPart], ["uid", "7", false]);
    assert.equal(change.isByIndex, isByIndex);
    const body = JSON.stringify(patch.body);
    assert.ok(body.includes('"7"'), body);
    assert.equal(body.includes(present[0]!), !isByIndex, "a patch of steps names no other");
  });
}

Deno.test("account change: what is there, or gone, needs no write, however many others there are", () => {
  const references = new Map([["acr-pull-a", true], ["acr-pull-b", false]]);
  assert.equal(changeOf(stored([...CROWD, "acr-pull-a"]), references, APIS), undefined);
});

Deno.test("account change: steps test the version first, so that they may be sent again", () => {
  const steps = referenceSteps(stored(CROWD), new Map([["acr-pull-a", true]]), APIS)!;
  assert.deepEqual(steps.body, [
    { op: "test", path: "/metadata/resourceVersion", value: "7" },
    { op: "add", path: "/imagePullSecrets/40", value: { name: "acr-pull-a" } },
  ]);
});

Deno.test("account change: a name that stands there thousands of times goes a thousand at a time", () => {
  let present: readonly string[] = ["x", ...Array<string>(2500).fill("acr-pull-a"), "y"];
  const gone = new Map([["acr-pull-a", false]]);
  const lengths: number[] = [];
  for (let steps; (steps = referenceSteps(stored(present), gone, APIS)) !== undefined;) {
    present = namesAfter(present, gone);
    lengths.push(present.length);
    assert.equal(steps.isPart, present.includes("acr-pull-a"));
  }
  assert.deepEqual(lengths, [1502, 502, 2]);
});

const NAME = fc.constantFrom(
  ...["x", "y", "z", "acr-pull-a", "acr-pull-b", "acr-pull-c"],
  ...["a-msi-acrpull-secret", "b-msi-acrpull-secret"],
);
const OURS = NAME.filter((name) => APIS.ofSecret(name) !== undefined);

Deno.test("property: account change: steps touch what they name, and put a list in order no worse", () => {
  fc.assert(
    fc.property(fc.array(NAME), fc.dictionary(OURS, fc.boolean()), (present, wanted) => {
      const references = new Map(Object.entries(wanted));
      const after = namesAfter(present, references);
      const rest = (names: readonly string[]) => names.filter((name) => !references.has(name));
      assert.deepEqual(rest(after), rest(present), "others stay, in their order");
      for (const [name, isWanted] of references) assert.equal(after.includes(name), isWanted, name);
      const ordered = APIS.inOrder(present);
      const expected = APIS.inOrder(namesAfter(ordered, references));
      assert.deepEqual(namesAfter(ordered, references), expected);
    }),
  );
});

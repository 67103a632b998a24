import assert from "node:assert/strict";
import { V1BETA1 } from "../../../../src/controller/binding/v1beta1.ts";
import { V1BETA2 } from "../../../../src/controller/binding/v1beta2.ts";
import { ownershipOf } from "../../../../src/controller/plan/ownership.ts";
import type { SecretOwner, SecretState } from "../../../../src/controller/plan/snapshot.ts";
import { secretOf, viewV1, viewV2, without } from "../builders.ts";

const V1 = viewV1();
const V2 = viewV2();
const OURS = secretOf(V1);
const ownedBy = (change: Partial<SecretOwner>): SecretState => ({
  ...OURS,
  owner: { ...OURS.owner!, uid: "uid-before", ...change },
});
const ORPHAN = without(OURS, "owner");

const CASES: readonly [what: string, secret: SecretState, expected: string][] = [
  ["one that the binding owns is ours", OURS, "ours"],
  ["whatever its label", { ...OURS, label: "other" }, "ours"],
  ["and its name", { ...OURS, name: "x" }, "ours"],
  ["and who else owns it", { ...OURS, ownedByOthers: true }, "ours"],
  ["one of an earlier binding of the same name is stale", ownedBy({}), "stale"],
  [
    "also by another version of the API",
    ownedBy({ apiVersion: "msi-acrpull.microsoft.com/v1" }),
    "stale",
  ],
  ["one of another binding of this API is foreign", ownedBy({ name: "other" }), "foreign"],
  [
    "one of the other API's binding of the same name is foreign",
    ownedBy({ apiVersion: V2.apiVersion }),
    "foreign",
  ],
  ["one without owner that has name and label is stale", ORPHAN, "stale"],
  ["without the label it is foreign", without(ORPHAN, "label"), "foreign"],
  ["under another's label it is foreign", { ...ORPHAN, label: "other" }, "foreign"],
  ["under the other API's kind of name it is foreign", {
    ...ORPHAN,
    name: V2.secretName,
  }, "foreign"],
  ["under a user's name it is foreign", { ...ORPHAN, name: "regcred" }, "foreign"],
  ["owned by anything else it is foreign", { ...ORPHAN, ownedByOthers: true }, "foreign"],
];

for (const [what, secret, expected] of CASES) {
  Deno.test(`ownership: ${what}`, () => assert.equal(ownershipOf(secret, V1, V1BETA1), expected));
}

Deno.test("ownership: of two bindings of one name, each has its own", () => {
  const secrets = [secretOf(V1), secretOf(V2)];
  assert.deepEqual(secrets.map((secret) => ownershipOf(secret, V1, V1BETA1)), ["ours", "foreign"]);
  assert.deepEqual(secrets.map((secret) => ownershipOf(secret, V2, V1BETA2)), ["foreign", "ours"]);
});

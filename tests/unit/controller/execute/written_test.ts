import assert from "node:assert/strict";
import { cpuUsage } from "node:process";
import type { BindingStatus } from "../../../../src/controller/binding/view.ts";
import {
  type AnsweredSecret,
  missingFinalizers,
  missingOfSecret,
  missingOfStatus,
  missingReferences,
  type WrittenSecret,
} from "../../../../src/controller/execute/written.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { time } from "../builders.ts";

const WRITTEN: WrittenSecret = {
  labels: { l: "1" },
  annotations: { a: "1", gone: null },
  owner: "uid-v1",
  data: new Redacted("e30="),
};

function answer(
  change: Partial<AnsweredSecret["metadata"]> = {},
  more: object = {},
): AnsweredSecret {
  const owner = { apiVersion: "v1", kind: "X", name: "pull", uid: "uid-v1" };
  return {
    metadata: {
      name: "s",
      namespace: "team-a",
      uid: "u",
      resourceVersion: "1",
      labels: { l: "1", theirs: "x" },
      annotations: { a: "1", theirs: "x" },
      ownerReferences: [owner],
      ...change,
    },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": "e30=" },
    ...more,
  };
}

const SECRETS: readonly [what: string, AnsweredSecret, missing: readonly string[]][] = [
  ["all of it, and what others added", answer(), []],
  ["another label", answer({ labels: { l: "2" } }), ["label l"]],
  ["no annotations", answer({ annotations: {} }), ["annotation a"]],
  ["an annotation that was to go", answer({ annotations: { a: "1", gone: "x" } }), [
    "annotation gone",
  ]],
  ["another owner", answer({ ownerReferences: [] }), ["the reference to its owner"]],
  ["another type", answer({}, { type: "Opaque" }), ["type kubernetes.io/dockerconfigjson"]],
  ["other data", answer({}, { data: { ".dockerconfigjson": "e3t9" } }), ["the credential itself"]],
  ["no data", answer({}, { data: {} }), ["the credential itself"]],
  [
    "nothing at all",
    { metadata: { name: "s", namespace: "n", uid: "u", resourceVersion: "1" } },
    [
      "label l",
      "annotation a",
      "the reference to its owner",
      "type kubernetes.io/dockerconfigjson",
      "the credential itself",
    ],
  ],
];

for (const [what, answered, missing] of SECRETS) {
  Deno.test(`written: of a Secret whose answer holds ${what}, ${missing.length} parts are missing`, () => {
    assert.deepEqual(missingOfSecret(answered, WRITTEN), missing);
  });
}

Deno.test("written: what was not written is not missed", () => {
  const bare = { metadata: { name: "s", namespace: "n", uid: "u", resourceVersion: "1" } };
  assert.deepEqual(missingOfSecret(bare, { labels: {}, annotations: {} }), []);
});

Deno.test("written: of references those count that were asked for, and no others", () => {
  const asked = new Map([["a", true], ["b", true], ["c", false], ["d", false]]);
  assert.deepEqual(missingReferences(asked, ["x", "a", "d"]), ["b", "d"]);
  assert.deepEqual(missingReferences(asked, ["a", "b"]), []);
});

Deno.test("written: thousands of references are looked for among thousands in one pass", () => {
  // Made twice: texts of one origin are told apart by where they are.
  const names = () =>
    Array.from({ length: 10_000 }, (_, index) => "n".repeat(100) + String(index).padStart(6, "0"));
  const [asked, present] = [new Map(names().map((name) => [name, true])), names()];
  const startedAt = cpuUsage();
  assert.deepEqual(missingReferences(asked, present), []);
  const { user, system } = cpuUsage(startedAt);
  assert.ok(user + system < 500_000, `${user + system} microseconds`);
});

Deno.test("written: of finalizers ours counts, as it was written", () => {
  const binding = (...finalizers: string[]) => ({
    metadata: { name: "b", namespace: "n", uid: "u", resourceVersion: "1", finalizers },
  });
  assert.deepEqual(
    [
      missingFinalizers(binding("x", "ours"), ["ours"], "ours"),
      missingFinalizers(binding("x"), ["x", "ours"], "ours"),
      missingFinalizers(binding("x", "ours"), ["x"], "ours"),
      missingFinalizers(binding(), ["x"], "ours"),
    ],
    [[], ["finalizer ours"], ["finalizer ours"], []],
  );
});

const READY = {
  type: "Ready",
  status: "True",
  lastTransitionTime: time(0),
  reason: "CredentialAttached",
  message: "Attached.",
} as const;
const STATUS: BindingStatus = { tokenExpirationTime: time(1000), conditions: [READY] };

const STATUSES: readonly [what: string, BindingStatus | undefined, missing: readonly string[]][] = [
  ["the same", { ...STATUS }, []],
  ["conditions of others besides", { ...STATUS, conditions: [{ ...READY, type: "X" }, READY] }, []],
  // The reference's CRDs prune them.
  ["no conditions", { tokenExpirationTime: time(1000) }, []],
  ["an earlier moment of transition", {
    ...STATUS,
    conditions: [{ ...READY, lastTransitionTime: time(9) }],
  }, []],
  ["nothing", undefined, ["status.tokenExpirationTime"]],
  ["another time", { ...STATUS, tokenExpirationTime: time(2000) }, ["status.tokenExpirationTime"]],
  ["an error that was to go", { ...STATUS, error: "Old." }, ["status.error"]],
  ["another condition", { ...STATUS, conditions: [{ ...READY, status: "False" }] }, [
    'condition "Ready"',
  ]],
  ["other words", { ...STATUS, conditions: [{ ...READY, message: "No." }] }, ['condition "Ready"']],
  ["conditions of others alone", { ...STATUS, conditions: [] }, ['condition "Ready"']],
];

for (const [what, answered, missing] of STATUSES) {
  Deno.test(`written: of a status whose answer holds ${what}, ${missing.length} parts are missing`, () => {
    assert.deepEqual(missingOfStatus(answered, STATUS), missing);
  });
}

Deno.test("written: an error that was told is missed where it is not there", () => {
  assert.deepEqual(missingOfStatus({}, { error: "Slow." }), ["status.error"]);
});

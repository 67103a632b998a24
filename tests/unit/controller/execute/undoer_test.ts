import assert from "node:assert/strict";
import { handlerOf } from "../../../../src/controller/execute/actions/all.ts";
import { undoerIn } from "../../../../src/controller/execute/undoer.ts";
import { UndoneError } from "../../../../src/controller/execute/undone.ts";
import type { Action } from "../../../../src/controller/plan/actions.ts";
import type { ObjectMeta } from "../../../../src/kubernetes/resources/resource_client.ts";
import { secretOf, time, viewV1 } from "../builders.ts";

const fieldsOf = (action: Action) => handlerOf(action).fields(action);

const LABEL = "acr.microsoft.com/binding";
const ATTACH: Action = { kind: "addReference", serviceAccount: "default", secret: "s" };

function entry(manager: string, fieldsV1: object, at = 0) {
  return { manager, operation: "Update", time: time(at), fieldsV1 };
}

const PULL = { "f:imagePullSecrets": {} };
const CASES: readonly [what: string, ObjectMeta, name: string | undefined][] = [
  ["nobody wrote the field", {}, undefined],
  ["the operator wrote it itself", { managedFields: [entry("msi-acrpull-deno", PULL)] }, undefined],
  ["another wrote it", { managedFields: [entry("argocd", PULL)] }, "argocd"],
  ["another wrote something else", {
    managedFields: [entry("argocd", { "f:secrets": {} })],
  }, undefined],
  ["several wrote it, the last one", {
    managedFields: [entry("a", PULL, 1000), entry("b", PULL, 3000), entry("c", PULL, 2000)],
  }, "b"],
  ["entries lack what they may lack", {
    managedFields: [{ fieldsV1: PULL }, { manager: "x" }, { manager: "d", fieldsV1: PULL }],
  }, "d"],
];

for (const [what, metadata, name] of CASES) {
  Deno.test(`undoer: where ${what}, ${name ?? "nobody"} is named`, () => {
    const wanted = name === undefined ? { kind: "unknown" } : { kind: "manager", name };
    assert.deepEqual(undoerIn(metadata, fieldsOf(ATTACH)), wanted);
  });
}

Deno.test("undoer: each action has fields of its own, by which who undid it is known", () => {
  const labels = { "f:metadata": { "f:labels": { [`f:${LABEL}`]: {} } } };
  const annotations = { "f:metadata": { "f:annotations": { "f:x": {} } } };
  const secret = secretOf(viewV1());
  const cases: readonly [Action, object, known: boolean][] = [
    [{ kind: "removeReferences", serviceAccount: "default", secrets: ["s"] }, PULL, true],
    [{ kind: "adoptSecret", secret, labels: {}, annotations: { x: "1" } }, labels, true],
    [{ kind: "adoptSecret", secret, labels: {}, annotations: { x: "1" } }, annotations, true],
    [{ kind: "adoptSecret", secret, labels: {}, annotations: {} }, annotations, false],
    [{ kind: "deleteSecret", secret, reason: "" }, { "f:type": {} }, true],
    [{ kind: "writeStatus", status: {} }, { "f:status": { "f:error": {} } }, true],
    [{ kind: "addFinalizer" }, { "f:metadata": { "f:finalizers": {} } }, false],
    [{ kind: "inspectSecret", name: "s" }, { "f:data": {} }, false],
  ];
  for (const [action, fields, isKnown] of cases) {
    const { kind } = undoerIn({ managedFields: [entry("x", fields)] }, fieldsOf(action));
    assert.equal(kind === "manager", isKnown, action.kind);
  }
});

Deno.test("undone: of much that is missing a few parts are told", () => {
  const { what } = UndoneError.byAdmission(["a", "b", "c", "d", "e"]);
  assert.equal(what, "a, b, c and 2 more");
});

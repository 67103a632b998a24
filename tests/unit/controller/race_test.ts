import assert from "node:assert/strict";
import type { Action } from "../../../src/controller/plan/actions.ts";
import { isRace } from "../../../src/controller/race.ts";
import { ApiError } from "../../../src/kubernetes/http/errors.ts";
import { secretOf, SERVER, viewV2 } from "./builders.ts";

const BINDING = viewV2();
const SECRET = { ...secretOf(BINDING), name: "old-secret" };

/** Each action, and what it reads or writes. */
const ACTIONS: readonly (readonly [Action, name: string, plural: string, kind: string])[] = [
  [{ kind: "addFinalizer" }, "pull", "acrpullbindings", "AcrPullBinding"],
  [{ kind: "removeFinalizer" }, "pull", "acrpullbindings", "AcrPullBinding"],
  [{ kind: "writeStatus", status: {} }, "pull", "acrpullbindings", "AcrPullBinding"],
  [{ kind: "inspectSecret", name: BINDING.secretName }, BINDING.secretName, "secrets", "Secret"],
  [
    {
      kind: "mint",
      request: { identity: { kind: "managedIdentity" }, audience: "a", server: SERVER, scope: "" },
      write: { mode: "create" },
      reason: "a test",
    },
    BINDING.secretName,
    "secrets",
    "Secret",
  ],
  [
    { kind: "adoptSecret", secret: SECRET, labels: {}, annotations: {} },
    SECRET.name,
    "secrets",
    "Secret",
  ],
  [{ kind: "deleteSecret", secret: SECRET, reason: "a test" }, SECRET.name, "secrets", "Secret"],
  [
    { kind: "addReference", serviceAccount: "default", secret: "s" },
    "default",
    "serviceaccounts",
    "ServiceAccount",
  ],
  [
    { kind: "removeReferences", serviceAccount: "default", secrets: ["s"] },
    "default",
    "serviceaccounts",
    "ServiceAccount",
  ],
];

function told(
  code: number,
  reason: string,
  details: Record<string, unknown> | undefined,
  message = "something is as it is",
): ApiError {
  return ApiError.fromStatus({ code, reason, message, details });
}

for (const [action, name, plural, kind] of ACTIONS) {
  Deno.test(`race: ${action.kind} meets one where the API server tells of its very object`, () => {
    const isOfAccount = plural === "serviceaccounts";
    for (const named of [plural, kind]) {
      const details = { name, kind: named };
      assert.ok(isRace(BINDING, action, told(404, "NotFound", details)));
      assert.ok(isRace(BINDING, action, told(409, "AlreadyExists", details)));
      // Where accounts are written, conflicts are tried again; one that is told is contention.
      const conflict = told(409, "Conflict", details);
      assert.equal(isRace(BINDING, action, conflict), !isOfAccount);
    }
  });

  Deno.test(`race: ${action.kind} meets none where another object or a webhook is told of`, () => {
    const denial = 'admission webhook "w.example.com" denied the request: wait';
    const others = [
      { details: { name: "quota", kind: "resourcequotas" } },
      { details: { name, kind: "resourcequotas" } },
      { details: { name: "team-a", kind: "namespaces" } },
      { details: { name: `${name}2`, kind: plural } },
      { details: { kind: plural } },
      { details: {} },
      { details: undefined },
      { details: { name, kind: plural }, message: denial },
    ];
    for (const { details, message } of others) {
      for (
        const [code, reason] of [[404, "NotFound"], [409, "Conflict"], [
          409,
          "AlreadyExists",
        ]] as const
      ) {
        assert.ok(
          !isRace(BINDING, action, told(code, reason, details, message)),
          JSON.stringify(details),
        );
      }
    }
  });
}

Deno.test("race: nothing but what the API server says is one", () => {
  const [action] = ACTIONS[0]!;
  const details = { name: "pull", kind: "acrpullbindings" };
  const others = [
    told(403, "Forbidden", details),
    told(422, "Invalid", details),
    new Error("x"),
    0,
  ];
  for (const error of others) assert.ok(!isRace(BINDING, action, error));
});

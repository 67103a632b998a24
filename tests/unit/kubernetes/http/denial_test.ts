import assert from "node:assert/strict";
import fc from "fast-check";
import { denialIn } from "../../../../src/kubernetes/http/denial.ts";
import { ApiError, isDenial, isNotFound } from "../../../../src/kubernetes/http/errors.ts";
import { DENIALS } from "../../../data/denials.ts";
import { jwt, START } from "./transport_support.ts";

const bytes = (text: string) => new TextEncoder().encode(text).length;

for (const { what, code, reason, message, kind, name, told } of DENIALS) {
  Deno.test(`denial: ${what} is told in one line that names who denied`, () => {
    const status = { kind: "Status", status: "Failure", code, message };
    const error = ApiError.fromStatus({ ...status, ...(reason === undefined ? {} : { reason }) });
    assert.deepEqual(error.denial, { kind, name, message: told });
    assert.ok(isDenial(error));
    assert.equal(error.code, code);
    assert.notEqual(error.reason, "BadAnswer");
    if (reason === undefined) assert.equal(error.reason, "PolicyDenied");
    assert.doesNotMatch(error.message, /[\r\n\t]/);
  });
}

Deno.test("denial: a recorded policy has a reason that the API server lets a policy have", () => {
  // k8s.io/kubernetes/pkg/apis/admissionregistration/validation, `supportedValidationPolicyReason`.
  const supported = { Forbidden: 403, Invalid: 422, RequestEntityTooLarge: 413 };
  for (const { kind, what, code, reason } of DENIALS) {
    if (kind === "policy") {
      assert.equal(new Map(Object.entries(supported)).get(reason!), code, what);
    }
  }
});

const POLICY = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no";

for (
  const [what, message] of [
    ["a quota", 'secrets "pull" is forbidden: exceeded quota: few, requested: count/secrets=1'],
    ["RBAC", 'secrets is forbidden: User "operator" cannot create resource "secrets"'],
    ["validation that quotes one", `Secret "x" is invalid: data: Invalid value: "${POLICY}"`],
    ["a name that holds one", `secrets "a is forbidden: ${POLICY}`],
    ["a webhook that fails", 'failed calling webhook "w.example.com": context deadline exceeded'],
    ["a webhook that cannot tell", 'admission webhook "w.example.com" does not support dry run'],
    ["a policy that warns", "ValidatingAdmissionPolicy 'p' with binding 'b' says no"],
    ["a policy without an end", "ValidatingAdmissionPolicy 'p"],
    ["a name beyond all names", `policy '${"p".repeat(254)}' denied request: no`],
  ] as const
) {
  Deno.test(`denial: ${what} is none`, () => assert.equal(denialIn(message), undefined));
}

Deno.test("denial: what a webhook denies as NotFound by a policy's words is a webhook's", () => {
  const message =
    `admission webhook "w.example.com" denied the request: secrets "x" is forbidden: ${POLICY}`;
  const error = ApiError.fromStatus({ code: 404, reason: "NotFound", message });
  assert.deepEqual([error.denial?.kind, error.denial?.name], ["webhook", "w.example.com"]);
  assert.ok(!isNotFound(error));
});

Deno.test("denial: a credential in it is masked, also where lines fold it", () => {
  const token = jwt(START);
  const folded = token.replaceAll(/.{40}/g, "$&\n");
  for (const shown of [token, folded]) {
    const told = denialIn(`admission webhook "w.example.com" denied the request: ${shown} no`)!;
    assert.match(told.message, /: \[redacted\].* no$/);
    assert.ok(!told.message.includes(token.split(".")[1]!.slice(0, 40)));
  }
});

Deno.test("property: denial: whatever is said, one line of at most 600 bytes tells of it", () => {
  const said = fc.oneof(
    fc.string({ unit: "binary", maxLength: 3000 }),
    fc.constant("\u00e4\n".repeat(9000)),
  );
  fc.assert(fc.property(said, (text) => {
    const { message } = denialIn(`admission webhook "w.example.com" denied the request: ${text}`)!;
    assert.ok(bytes(message) <= 600, `${bytes(message)}`);
    assert.doesNotMatch(message, /[\r\n\f\v\u2028\u2029]/);
  }));
});

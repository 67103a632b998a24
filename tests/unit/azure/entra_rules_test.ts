import assert from "node:assert/strict";
import { failureOf } from "../../../src/azure/classify.ts";
import { ENTRA } from "../../../src/azure/entra_rules.ts";
import { ENTRA_CODES, GENERIC_CODES } from "../../data/entra_codes.ts";
import { requestTo } from "./support.ts";

const GENERIC = "Check the binding's identity, registry and cloud.";
const ERRORS = ["invalid_client", "invalid_request", "unauthorized_client", "invalid_grant"];

/** What is made of an answer of Entra with that number, as Entra words it. */
function answer(code: number, says: string, status: number, error: string) {
  const body = JSON.stringify({
    error,
    error_description: `AADSTS${code}: ${says}. Trace ID: 1 Correlation ID: 2 Timestamp: 3`,
    error_codes: [code],
  });
  return failureOf(requestTo("entra"), { status, headers: new Headers(), body });
}

for (const { code, says, class: failureClass, reason, remedy } of ENTRA_CODES) {
  Deno.test(`entra: AADSTS${code} (${says}) is ${reason}, whatever it arrives as`, () => {
    for (const status of [400, 401]) {
      for (const error of ERRORS) {
        const { failure, message } = answer(code, says, status, error);
        assert.deepEqual([failure.class, failure.reason], [failureClass, reason]);
        assert.ok(failure.remedy.includes(remedy), failure.remedy);
        assert.match(failure.remedy, /^[A-Z].{15,160}\.$/);
        assert.ok(message.includes(`AADSTS${code}: `) && message.endsWith(failure.remedy));
      }
    }
  });
}

for (const [why, codes] of Object.entries(GENERIC_CODES)) {
  Deno.test(`entra: the generic remedy fits ${codes.length} numbers, since ${why}`, () => {
    for (const code of codes) {
      const { failure } = answer(code, "no", 400, "invalid_request");
      assert.deepEqual(
        [failure.class, failure.reason, failure.remedy],
        ["permanent-user-error", "Refused", GENERIC],
        `${code}`,
      );
    }
  });
}

Deno.test("entra: each number has one place in the table, and each of the rules' is in it", () => {
  const ruled = ENTRA.flatMap(({ codes = [] }) => codes);
  const tabled = ENTRA_CODES.map(({ code }) => code);
  assert.deepEqual(ruled.toSorted(), tabled.toSorted());
  const all = [...tabled, ...Object.values(GENERIC_CODES).flat()];
  assert.deepEqual(all.filter((code, at) => all.indexOf(code) !== at), []);
});

Deno.test("entra: of a number that nobody knows, what it says is told, with the generic remedy", () => {
  const { failure, message } = answer(999999, "Something new", 400, "invalid_grant");
  assert.equal(failure.reason, "Refused");
  assert.ok(message.endsWith(`(invalid_grant: AADSTS999999: Something new). ${GENERIC}`), message);
});

import type { ValidatingAdmissionPolicySpec } from "kubernetes-types/admissionregistration/v1.d.ts";
import type { Settings } from "../settings.ts";
import { isOurName, OUR_NAMES } from "./names.ts";
import { byOperator, coreRule, must, mustOnUpdate, NOT_BY_A_WEBHOOK } from "./policy.ts";

/** All that a ServiceAccount has beside its imagePullSecrets and what the API server sets. */
const UNCHANGED = [
  "metadata.?labels",
  "metadata.?annotations",
  "metadata.?ownerReferences",
  "metadata.?finalizers",
  "?secrets",
  "?automountServiceAccountToken",
];

/** What the operator may do to ServiceAccounts. */
export function serviceAccounts(settings: Settings): ValidatingAdmissionPolicySpec {
  return {
    matchConditions: byOperator(settings),
    matchConstraints: coreRule(["CREATE", "UPDATE", "DELETE"], "serviceaccounts"),
    validations: [
      must(
        "request.operation == 'UPDATE'",
        "the operator neither creates nor deletes service accounts; do so yourself",
      ),
      mustOnUpdate(
        `${others("oldObject")} == ${others("object")}`,
        `the operator adds and removes only pull secrets named ${OUR_NAMES}, and keeps the ` +
          `others in their order; ${NOT_BY_A_WEBHOOK}`,
      ),
      mustOnUpdate(
        UNCHANGED.map((field) => `oldObject.${field} == object.${field}`).join(" && "),
        "the operator changes nothing of a service account but its imagePullSecrets; " +
          NOT_BY_A_WEBHOOK,
      ),
    ],
  };
}

function others(object: string): string {
  return `${object}.?imagePullSecrets.orValue([]).map(r, r.?name.orValue(''))` +
    `.filter(s, s != '' && !${isOurName("s")})`;
}

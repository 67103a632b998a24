import type { ValidatingAdmissionPolicySpec } from "kubernetes-types/admissionregistration/v1.d.ts";
import type { Settings } from "../settings.ts";
import { byOperator, coreRule, must, quoted } from "./policy.ts";

/**
 * RBAC knows no audiences. A request without any is given the API server's own before it comes
 * here, and is refused with the others.
 */
export function tokenRequests(settings: Settings): ValidatingAdmissionPolicySpec {
  const { tokenAudience } = settings;
  return {
    matchConditions: byOperator(settings),
    matchConstraints: coreRule(["CREATE"], "serviceaccounts/token"),
    validations: [
      must(
        `object.spec.?audiences.orValue([]) == [${quoted(tokenAudience)}]`,
        `the operator mints service account tokens for ${tokenAudience} alone; ` +
          "install it anew with the --service-account-token-audience that it should have",
      ),
    ],
  };
}

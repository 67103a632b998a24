import type { ValidatingAdmissionPolicySpec } from "kubernetes-types/admissionregistration/v1.d.ts";
import type { Settings } from "../settings.ts";
import { byOperator, coreRule, must, quoted } from "./policy.ts";

/** The longest lifetime of a token, in seconds: what the API server gives whoever names none. */
const LONGEST_S = 3600;

/**
 * RBAC knows neither audiences nor lifetimes. A request without any is given the API server's own before it comes
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
      must(
        `object.spec.?expirationSeconds.orValue(${LONGEST_S}) <= ${LONGEST_S}`,
        `the operator mints service account tokens for ${LONGEST_S} seconds at most; ` +
          "mint a longer one yourself",
      ),
    ],
  };
}

import { AzureError } from "../azure/errors.ts";
import { ApiError, isConflict, isForbidden, isNamespaceTerminating } from "../kubernetes/errors.ts";
import { optional } from "../runtime/optional.ts";
import type { BindingView } from "./binding/view.ts";
import type { Action } from "./plan/actions.ts";
import type { Trouble } from "./plan/snapshot.ts";
import type { RetriedFailure } from "./retry_policy.ts";

/** In a namespace that is being deleted nothing can be made until the binding itself is deleted. */
const NAMESPACE_ENDING_MS = 10 * 60_000;

/**
 * Admission plugins (OwnerReferencesPermissionEnforcement, policies with parameters) look kinds up
 * in a discovery that kube-apiserver renews every 30 s.
 */
const UNKNOWN_KIND = /no matches for kind "([^"]+)"/;

/** A failure as a status tells it, and what that says of the next attempt. */
export type Failure =
  & Pick<Trouble, "class" | "reason" | "message" | "isNamespaceEnding">
  & RetriedFailure;

/** The failure as a status tells it. */
export function describeFailure(
  binding: BindingView,
  action: Action,
  error: unknown,
): Failure {
  if (error instanceof AzureError) {
    const { class: failureClass, reason, retryAfterMs, healsInCluster } = error.failure;
    return {
      class: failureClass,
      reason,
      message: error.message,
      ...optional("retryAfterMs", retryAfterMs),
      ...optional("healsInCluster", healsInCluster),
    };
  }
  if (isNamespaceTerminating(error)) {
    return {
      class: "permanent-user-error",
      reason: "NamespaceTerminating",
      message: `Namespace ${binding.namespace} is being deleted; nothing is made in it any more.`,
      retryAfterMs: NAMESPACE_ENDING_MS,
      isNamespaceEnding: true,
    };
  }
  const api = ApiError.from(error);
  const unknownKind = isForbidden(api) ? UNKNOWN_KIND.exec(api.message)?.[1] : undefined;
  if (unknownKind !== undefined) {
    return {
      class: "transient",
      reason: "KindNotKnownYet",
      message: `${doing(binding, action)} failed: admission in the API server does not know the ` +
        `kind ${unknownKind}; it learns of a new CRD within 30 s, and the operator tries again ` +
        "by itself. If this stays, install the CRD of that kind.",
    };
  }
  return {
    class: mayHealByItself(api) ? "transient" : "auth-denied",
    reason: "KubernetesRefused",
    message: `${doing(binding, action)} failed: ${api.message}`,
    ...optional("retryAfterMs", api.retryAfterMs),
  };
}

/** A conflict is about what others write at the same time, such as the count of a ResourceQuota. */
function mayHealByItself(error: ApiError): boolean {
  return error.retryable || error.code === 0 || isConflict(error);
}

function doing(binding: BindingView, action: Action): string {
  switch (action.kind) {
    case "addReference":
    case "removeReferences":
      return `Changing service account ${action.serviceAccount}`;
    case "addFinalizer":
    case "removeFinalizer":
    case "writeStatus":
      return `Changing the binding`;
    case "inspectSecret":
      return `Reading Secret ${binding.secretName}`;
    case "mint":
    case "adoptSecret":
      return `Writing Secret ${binding.secretName}`;
    case "deleteSecret":
      return `Deleting Secret ${action.secret.name}`;
  }
}

import { AzureError } from "../azure/errors.ts";
import {
  ApiError,
  isConflict,
  isForbidden,
  isNamespaceTerminating,
} from "../kubernetes/http/errors.ts";
import { cut } from "../runtime/text/cut.ts";
import { maskSecrets } from "../runtime/masking/mask.ts";
import { optional } from "../runtime/optional.ts";
import { quote } from "../runtime/text/quote.ts";
import type { BindingView } from "./binding/view.ts";
import { handlerOf } from "./execute/actions/all.ts";
import { type Undoer, UndoneError } from "./execute/undone.ts";
import type { Action } from "./plan/actions.ts";
import type { Outcome } from "./plan/status.ts";
import type { Failure } from "./plan/trouble.ts";

/** In a namespace that is being deleted nothing can be made until the binding itself is deleted. */
const NAMESPACE_ENDING_MS = 10 * 60_000;

/** What is told of a text that no one wrote for people. */
const LONGEST_TEXT = 300;

/**
 * Admission plugins (OwnerReferencesPermissionEnforcement, policies with parameters) look kinds up
 * in a discovery that kube-apiserver renews every 30 s.
 */
const UNKNOWN_KIND = /no matches for kind "([^"]+)"/;

/** How the API server itself speaks of a policy whose parameters it cannot look up. */
const NOT_EVALUATED = " denied request: failed to configure ";

/** Work on a binding found something to do again and again, whatever it did. */
export class UnsettledError extends Error {
  override readonly name = "UnsettledError";
}

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
  if (error instanceof UndoneError) return undone(binding, action, error);
  if (error instanceof UnsettledError) return UNSETTLED;
  const api = ApiError.from(error);
  const unknownKind = unknownKindOf(api);
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
    reason: api.denial === undefined ? "KubernetesRefused" : "PolicyDenied",
    message: `${doing(binding, action)} failed: ${api.denial?.message ?? api.message}`,
    ...optional("retryAfterMs", api.retryAfterMs),
    ...(mayBeWritten(action, api) ? { isUnanswered: true } : {}),
  };
}

/** The kind that the API server does not know. What a webhook or a policy says of kinds is its own. */
function unknownKindOf(error: ApiError): string | undefined {
  if (!isForbidden(error)) return undefined;
  const { denial } = error;
  if (denial?.kind === "webhook") return undefined;
  if (denial?.message.includes(NOT_EVALUATED) === false) return undefined;
  return UNKNOWN_KIND.exec(error.message)?.[1];
}

/** Whether a Secret may have been written although that failed: the server refuses with other codes. */
function mayBeWritten({ kind }: Action, { code }: ApiError): boolean {
  return (kind === "mint" || kind === "adoptSecret") && (code === 0 || code >= 500);
}

/** What is told of a binding at which the operator itself goes wrong. */
export function brokenOutcome(error: unknown): Outcome {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message = `The operator makes a mistake of its own with this binding ` +
    `(${cut(maskSecrets(text), LONGEST_TEXT)}); please report it. Meanwhile it tries again.`;
  return { ready: undefined, reason: "InternalError", message, error: message };
}

const UNSETTLED: Failure = {
  class: "transient",
  reason: "NotSettling",
  message:
    "Something else changes what belongs to this binding as fast as the operator writes it. " +
    "Find out what writes the binding, its Secret or its service account all the time, and stop " +
    "it; meanwhile the operator tries again, more and more rarely.",
  anySecret: true,
};

function undone(binding: BindingView, action: Action, { what, by }: UndoneError): Failure {
  return {
    class: "permanent-user-error",
    reason: "ChangesUndone",
    message: `${doing(binding, action)} is undone: ${what} did not stay, ${blame(by)}; meanwhile ` +
      "the operator tries again, more and more rarely.",
    isUndone: true,
    ...(action.kind === "mint" || action.kind === "adoptSecret" ? { anySecret: true } : {}),
  };
}

function blame(by: Undoer): string {
  switch (by.kind) {
    case "admission":
      return "since an admission webhook or policy changes what the operator writes. Exempt the " +
        "operator from it";
    case "manager":
      return `since field manager ${quote(by.name)} writes over it. Have that leave it alone`;
    case "unknown":
      return "since somebody writes over it, and managedFields do not say who. Find out who does, " +
        "and have them leave it alone";
  }
}

/** A conflict is about what others write at the same time, such as the count of a ResourceQuota. */
function mayHealByItself(error: ApiError): boolean {
  return error.retryable || error.code === 0 || isConflict(error);
}

function doing(binding: BindingView, action: Action): string {
  return handlerOf(action).doing(binding, action);
}

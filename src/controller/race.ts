import { isAlreadyExists, isConflict, isNotFound } from "../kubernetes/http/errors.ts";
import type { BindingView } from "./binding/view.ts";
import type { Subject } from "./execute/actions/action_handler.ts";
import { handlerOf } from "./execute/actions/all.ts";
import type { Action } from "./plan/actions.ts";

/** The plural, and the kind: the preconditions of a delete are told of by the latter. */
const KINDS: Readonly<Record<Subject["kind"], readonly string[]>> = {
  binding: ["acrpullbindings", "AcrPullBinding"],
  secret: ["secrets", "Secret"],
  serviceAccount: ["serviceaccounts", "ServiceAccount"],
};

/**
 * Whether somebody else was faster: the very object that the action was about is no longer what was
 * decided on. A conflict about anything else (a ResourceQuota that is counted into, the namespace)
 * is a failure like any other, and so is a webhook's denial, whatever its reason.
 */
export function isRace(binding: BindingView, action: Action, error: unknown): boolean {
  const { kind, name } = handlerOf(action).subject(binding, action);
  const isAboutSome = isAlreadyExists(error) || isNotFound(error) ||
    // Conflicts of an account are tried again where it is written; one that is left is contention.
    (isConflict(error) && kind !== "serviceAccount");
  if (!isAboutSome) return false;
  const { details } = error;
  return details?.name === name && KINDS[kind].includes(details.kind ?? "");
}

import { isAlreadyExists, isConflict, isNotFound } from "../kubernetes/http/errors.ts";
import type { BindingView } from "./binding/view.ts";
import type { Action } from "./plan/actions.ts";

/** What an action reads or writes, as a Status names it in its details. */
interface Subject {
  /** The plural, and the kind: the preconditions of a delete are told of by the latter. */
  readonly kinds: readonly string[];
  readonly name: string;
}

/**
 * Whether somebody else was faster: the very object that the action was about is no longer what was
 * decided on. A conflict about anything else (a ResourceQuota that is counted into, the namespace)
 * is a failure like any other, and so is a webhook's denial, whatever its reason.
 */
export function isRace(binding: BindingView, action: Action, error: unknown): boolean {
  const isAboutSome = isAlreadyExists(error) || isNotFound(error) ||
    // Conflicts of an account are tried again where it is written; one that is left is contention.
    (isConflict(error) && !isOfAccount(action));
  if (!isAboutSome) return false;
  const { kinds, name } = subjectOf(binding, action);
  const { details } = error;
  return details?.name === name && kinds.includes(details.kind ?? "");
}

function isOfAccount({ kind }: Action): boolean {
  return kind === "addReference" || kind === "removeReferences";
}

function subjectOf(binding: BindingView, action: Action): Subject {
  switch (action.kind) {
    case "addReference":
    case "removeReferences":
      return { kinds: ["serviceaccounts", "ServiceAccount"], name: action.serviceAccount };
    case "addFinalizer":
    case "removeFinalizer":
    case "writeStatus":
      return { kinds: ["acrpullbindings", "AcrPullBinding"], name: binding.name };
    case "inspectSecret":
    case "mint":
      return secret(binding.secretName);
    case "adoptSecret":
    case "deleteSecret":
      return secret(action.secret.name);
  }
}

function secret(name: string): Subject {
  return { kinds: ["secrets", "Secret"], name };
}

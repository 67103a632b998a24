import { optional } from "../../runtime/optional.ts";
import { quote } from "../../runtime/text/quote.ts";
import { LONGEST_NAME } from "../names.ts";
import type { Action, Plan } from "./actions.ts";
import type { Fault } from "./credential.ts";
import { finalizer } from "./finalizer.ts";
import { holding, lookAgainAt } from "./held_secret.ts";
import { asRead } from "./secret_action.ts";
import type { OccupiedSlot } from "./secret_slot.ts";
import {
  credentialLeft,
  expiredBeside,
  lifetimeIn,
  servingBy,
  servingCredential,
  untilItsEnd,
  withoutSuccessor,
} from "./serving.ts";
import type { Situation } from "./situation.ts";
import type { SecretState } from "./snapshot.ts";
import { type Outcome, tell } from "./status.ts";
import { isOfLabel, isUnreliable, type Trouble } from "./trouble.ts";
import { isToldReady } from "./vouching.ts";

/**
 * Nothing can be minted. What is there stays, and the status says why: Ready is about the credential
 * that pods have, and Stalled about the spec. Where that says nothing, what an earlier one asked for
 * still serves; where it is clear, only what serves this one counts.
 */
export function planFault(situation: Situation, { reason, message }: Fault): Plan {
  const { slot, resting, current, now } = situation;
  const left = reason === "InvalidSpec" || current !== undefined;
  const serving = servingBy(left ? credentialLeft(situation) : undefined, situation);
  const { ready, expiresAt } = serving;
  const outcome: Outcome = {
    ready,
    reason,
    message: ready ? withoutSuccessor(serving.secret!, message) : message,
    error: message,
    ...expiredBeside(serving, message, now),
    ...(reason === "InvalidSpec" ? { stalled: { reason, message } } : {}),
    ...lifetimeIn(slot),
  };
  const told = tell(situation, outcome);
  return {
    // What the binding named before keeps the credential until it can be attached anew.
    actions: resting === undefined ? [...finalizer(situation), ...told] : told,
    ...wakingAt(resting?.retryAt, ready ? expiresAt : undefined),
  };
}

/** The last attempt failed and the next is not due. A credential that still serves counts. */
export function planRest(situation: Situation, trouble: Trouble): Plan {
  const { slot, now } = situation;
  // Without its label the Secret is in no cache, but pods have it as before.
  if (slot.kind === "unknown" && isOfLabel(trouble)) {
    return inspecting(situation);
  }
  const secret = isCountable(situation, trouble) ? servingCredential(situation) : undefined;
  const serving = servingBy(secret, situation);
  if (serving.ready && situation.isUnread && trouble.action !== "inspectSecret") {
    return inspecting(situation);
  }
  const { reason, message } = serving.ready ? besideServing(secret!, trouble) : trouble;
  const expired = expiredBeside(serving, trouble.message, now);
  const outcome: Outcome = {
    ready: serving.ready,
    reason,
    message,
    error: trouble.message,
    ...(expired && { ...expired, reason: "CredentialExpired" }),
    // Of one credential after the other that does not stay the times are not worth a write.
    ...(isUnreliable(trouble) && trouble.action === "mint" ? {} : lifetimeIn(slot)),
  };
  return {
    actions: tell(situation, outcome),
    ...wakingAt(trouble.retryAt, serving.ready ? serving.expiresAt : undefined),
  };
}

/** Whether pods may count on what is there. Where it cannot be read, what was told of it last holds. */
function isCountable({ ours, binding, isUnread }: Situation, trouble: Trouble): boolean {
  if (isUnreliable(trouble)) return false;
  return !isUnread || trouble.action !== "inspectSecret" || isToldReady(ours!.secret, binding);
}

/** Whether pods can pull is told once the Secret is seen. */
function inspecting({ binding }: Situation, first: readonly Action[] = []): Plan {
  return { actions: [...first, { kind: "inspectSecret", name: binding.secretName }] };
}

/** What failed, beside a credential that serves. */
function besideServing(
  serving: SecretState,
  { action, reason, message }: Trouble,
): Pick<Outcome, "reason" | "message"> {
  return action === "mint"
    ? { reason: "RefreshFailing", message: withoutSuccessor(serving, message) }
    : { reason, message: untilItsEnd(serving, message) };
}

/**
 * The binding's Secret is on its way out, and finalizers of others hold it. Until it is gone nothing
 * can take its place, so that a credential would be minted for nothing.
 */
export function planHeld(situation: Situation, slot: OccupiedSlot): Plan {
  const { binding, now } = situation;
  const first = finalizer(situation);
  if (situation.isUnread) return inspecting(situation, first);
  const secret = slot.kind === "ours" ? asRead(slot, binding, now) : slot.secret;
  const serving = servingBy(servingCredential(situation) && secret, situation);
  const { ready, expiresAt } = serving;
  const why = `${holding(secret)} The operator makes it anew once it is gone.`;
  const outcome: Outcome = {
    ready,
    reason: "SecretTerminating",
    message: ready ? untilItsEnd(secret, why) : why,
    error: why,
    ...expiredBeside(serving, why, now),
    ...lifetimeIn(slot.kind === "ours" ? { ...slot, secret } : slot),
  };
  return {
    actions: first.length > 0 ? first : tell(situation, outcome),
    ...wakingAt(ready ? expiresAt : undefined, lookAgainAt(secret, now)),
  };
}

/** Another's Secret has the name that this binding needs. */
export function planTaken(situation: Situation, secret: SecretState): Plan {
  const owner = secret.owner === undefined
    ? "is not managed by this operator"
    : `belongs to AcrPullBinding ${quote(secret.owner.name, LONGEST_NAME)} of ${
      quote(secret.owner.apiVersion, LONGEST_NAME)
    }`;
  const message = `Secret ${quote(secret.name)} ${owner}; delete it, or give this ` +
    "binding another name.";
  const outcome: Outcome = { ready: false, reason: "SecretNameTaken", message, error: message };
  const actions = [...finalizer(situation), ...tell(situation, outcome)];
  return { actions, ...optional("wakeAt", lookAgainAt(secret, situation.now)) };
}

/** The earlier of two moments, as far as there are any. */
function wakingAt(one: number | undefined, other: number | undefined): Pick<Plan, "wakeAt"> {
  const at = Math.min(one ?? Infinity, other ?? Infinity);
  return at === Infinity ? {} : { wakeAt: at };
}

import { cut } from "../../runtime/text/cut.ts";
import { optional } from "../../runtime/optional.ts";
import { quote } from "../../runtime/text/quote.ts";
import { FINALIZER } from "../conventions.ts";
import { isLastTry, lastTryAt } from "../retry_policy.ts";
import type { Action, MintAction, Plan } from "./actions.ts";
import { type Fault, notFound, type Wanted, wantedCredential } from "./credential.ts";
import { planDeletion } from "./deletion.ts";
import { holding, isHeld, lookAgainAt } from "./held_secret.ts";
import { referencedNames, removeReferences } from "./references.ts";
import { formatTime, lifetimeOf, refreshAt } from "./schedule.ts";
import { asRead, secretNeed } from "./secret_need.ts";
import {
  extraneousSecrets,
  lackingIn,
  type OccupiedSlot,
  type OurSlot,
  type SecretSlot,
  secretSlot,
} from "./secret_slot.ts";
import type { SecretState, Snapshot, Trouble } from "./snapshot.ts";
import { type Outcome, tell } from "./status.ts";
import { activeTrouble, isEnding, isOfAttempt, isOfLabel, isUnreliable } from "./trouble.ts";

/**
 * Decides, from what is known at `now` (milliseconds since the epoch), what to do for one binding
 * and when to look again. Pure: the same snapshot gives the same plan, and carrying plans out until
 * one has no actions takes a bounded number of them.
 */
export function plan(snapshot: Snapshot, now: number): Plan {
  const { trouble } = snapshot;
  const resting = activeTrouble(snapshot, now);
  if (snapshot.binding.deleting) return planDeletion(snapshot, resting, now);
  // A namespace that is being deleted never comes back: all that is left to do is to be deleted.
  if (isEnding(trouble, now)) return { actions: [], wakeAt: trouble!.retryAt };
  const wanted = targetedCredential(snapshot);
  if ("reason" in wanted) return planFault(snapshot, wanted, resting, now);
  if (resting) return planRest(snapshot, resting, now);
  return planCredential(snapshot, wanted, now);
}

/** A credential is minted only for a ServiceAccount that is there. */
function targetedCredential(snapshot: Snapshot): Wanted | Fault {
  const { binding, serviceAccounts } = snapshot;
  const wanted = wantedCredential(snapshot);
  if ("reason" in wanted || serviceAccounts.has(binding.target)) return wanted;
  return notFound(binding.target);
}

/**
 * Nothing can be minted. What is there stays, and the status says why: Ready is about the credential
 * that pods have, which still serves what an earlier spec asked for, and Stalled about the spec.
 */
function planFault(
  snapshot: Snapshot,
  fault: Fault,
  resting: Trouble | undefined,
  now: number,
): Plan {
  const left = credentialLeft(snapshot);
  const expiresAt = expiryOf(left);
  const ready = expiresAt !== undefined && now < expiresAt && !isLacking(snapshot);
  const outcome: Outcome = {
    ready,
    reason: fault.reason,
    message: ready ? withoutSuccessor(left!, fault.message) : fault.message,
    error: fault.message,
    ...expiredBeside(left, fault.message, now),
    ...(fault.reason === "InvalidSpec" ? { stalled: fault } : {}),
    ...lifetimeIn(secretSlot(snapshot)),
  };
  const told = tell(snapshot, outcome, now);
  const moments = [resting?.retryAt, ready ? expiresAt : undefined].filter(isMoment);
  const wake = moments.length === 0 ? {} : { wakeAt: Math.min(...moments) };
  if (resting !== undefined) return { actions: told, ...wake };
  // What the binding named before keeps the credential until it can be attached anew.
  return { actions: [...finalizer(snapshot), ...told], ...wake };
}

function isMoment(moment: number | undefined): moment is number {
  return moment !== undefined;
}

/** The last attempt failed and the next is not due. A credential that still serves counts. */
function planRest(snapshot: Snapshot, trouble: Trouble, now: number): Plan {
  const slot = secretSlot(snapshot);
  // Without its label the Secret is in no cache, but pods have it as before.
  if (slot.kind === "unknown" && isOfLabel(trouble)) {
    return { actions: [{ kind: "inspectSecret", name: snapshot.binding.secretName }] };
  }
  const serving = isUnreliable(trouble) ? undefined : servingCredential(snapshot);
  const expiresAt = expiryOf(serving);
  const ready = expiresAt !== undefined && now < expiresAt && !isLacking(snapshot);
  const { reason, message } = ready ? besideServing(serving!, trouble) : trouble;
  const expired = expiredBeside(serving, trouble.message, now);
  const outcome: Outcome = {
    ready,
    reason,
    message,
    error: trouble.message,
    ...(expired && { ...expired, reason: "CredentialExpired" }),
    // Of one credential after the other that does not stay the times are not worth a write.
    ...(isUnreliable(trouble) && trouble.action === "mint" ? {} : lifetimeIn(slot)),
  };
  return {
    actions: tell(snapshot, outcome, now),
    wakeAt: ready ? Math.min(trouble.retryAt, expiresAt) : trouble.retryAt,
  };
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

function planCredential(snapshot: Snapshot, wanted: Wanted, now: number): Plan {
  const { binding } = snapshot;
  const slot = secretSlot(snapshot);
  if (slot.kind === "foreign") return planTaken(snapshot, slot, now);
  if ("secret" in slot && isHeld(slot.secret)) return planHeld(snapshot, slot, now);
  const need = secretNeed(slot, binding, wanted, now);
  const before = finalizer(snapshot);
  // Whom the binding named before keeps the credential until it is attached anew.
  const after = [...attachment(snapshot), ...referencesElsewhere(snapshot, slot)];
  switch (need.kind) {
    case "inspect":
      return { actions: [...before, { kind: "inspectSecret", name: binding.secretName }] };
    case "mint":
      return {
        actions: [
          ...before,
          { ...wanted, ...need, ...urgency(snapshot, now), ...keeping(snapshot, now) },
          ...after,
        ],
      };
    case "adoptSecret":
      return { actions: [...before, need, ...after] };
    case "nothing": {
      const { secret } = slot as OurSlot;
      return planSettled(snapshot, secret, [...before, ...after], now);
    }
  }
}

/** What the attempt must not be put off by. */
function urgency(snapshot: Snapshot, now: number): Pick<MintAction, "failedAt" | "lastTry"> {
  const { trouble } = snapshot;
  // What was changed since is tried anew, however lately the same failed for others.
  const failedAt = trouble && (isOfAttempt(trouble, snapshot) ? trouble.failedAt : now);
  return {
    ...optional("failedAt", failedAt),
    ...(isLastTry(now, lastsUntil(snapshot)) ? { lastTry: true } : {}),
  };
}

/** What a new credential must do better than, where the one in place serves. */
function keeping(snapshot: Snapshot, now: number): Pick<MintAction, "keeps"> {
  const slot = ourSlot(snapshot);
  const secret = currentCredential(snapshot, slot);
  const lifetime = secret && lifetimeOf(secret);
  if (lifetime === undefined || now >= lastTryAt(lifetime.expiresAt)) return {};
  const { binding } = snapshot;
  const lacking = lackingIn(slot!);
  const isDue = now >= refreshAt(lifetime, binding.rotation, binding.uid);
  // One that lacks something itself is renewed by its like.
  return lacking > 0 && isDue ? {} : { keeps: lacking };
}

/**
 * The Secret is as it should be: attach it, clear away what is left over, and then say so. What is
 * said is decided on a cluster in which it is so already, not on what is about to be written.
 */
function planSettled(
  snapshot: Snapshot,
  secret: SecretState,
  before: readonly Action[],
  now: number,
): Plan {
  const { binding } = snapshot;
  const lifetime = lifetimeOf(secret)!;
  const outcome: Outcome = {
    ready: true,
    reason: "CredentialAttached",
    message: `Secret ${binding.secretName} is attached to service account ${binding.target}.`,
    lifetime,
  };
  const first = [...before, ...leftovers(snapshot)];
  const actions = first.length > 0 ? first : tell(snapshot, outcome, now);
  return { actions, wakeAt: refreshAt(lifetime, binding.rotation, binding.uid) };
}

/**
 * The binding's Secret is on its way out, and finalizers of others hold it. Until it is gone nothing
 * can take its place, so that a credential would be minted for nothing.
 */
function planHeld(snapshot: Snapshot, slot: OccupiedSlot, now: number): Plan {
  const first = finalizer(snapshot);
  if (isAltered(slot)) {
    return { actions: [...first, { kind: "inspectSecret", name: slot.secret.name }] };
  }
  const secret = slot.kind === "ours" ? asRead(slot, snapshot.binding, now) : slot.secret;
  const serving = servingCredential(snapshot) && secret;
  const expiresAt = expiryOf(serving);
  const ready = expiresAt !== undefined && now < expiresAt && !isLacking(snapshot);
  const why = `${holding(secret)} The operator makes it anew once it is gone.`;
  const outcome: Outcome = {
    ready,
    reason: "SecretTerminating",
    message: ready ? untilItsEnd(secret, why) : why,
    error: why,
    ...expiredBeside(serving, why, now),
    ...lifetimeIn(slot.kind === "ours" ? { ...slot, secret } : slot),
  };
  const moments = [ready ? expiresAt : undefined, lookAgainAt(secret, now)].filter(isMoment);
  return {
    actions: first.length > 0 ? first : tell(snapshot, outcome, now),
    ...(moments.length === 0 ? {} : { wakeAt: Math.min(...moments) }),
  };
}

/** Whether somebody else wrote the data, which nobody has read since. */
function isAltered(slot: OccupiedSlot): boolean {
  return slot.kind === "ours" && slot.content === undefined && !slot.secret.dataIsOurs;
}

/** Another's Secret has the name that this binding needs. */
function planTaken(
  snapshot: Snapshot,
  { secret }: Extract<SecretSlot, { kind: "foreign" }>,
  now: number,
): Plan {
  const owner = secret.owner === undefined
    ? "is not managed by this operator"
    : `belongs to AcrPullBinding ${cut(secret.owner.name, 253)} (${
      cut(secret.owner.apiVersion, 253)
    })`;
  const message = `Secret ${quote(secret.name)} ${owner}; delete it, or give this ` +
    "binding another name.";
  const outcome: Outcome = { ready: false, reason: "SecretNameTaken", message, error: message };
  const actions = [...finalizer(snapshot), ...tell(snapshot, outcome, now)];
  return { actions, ...optional("wakeAt", lookAgainAt(secret, now)) };
}

function finalizer({ binding }: Snapshot): readonly Action[] {
  return binding.finalizers.includes(FINALIZER) ? [] : [{ kind: "addFinalizer" }];
}

/** Whichever ServiceAccount the binding named before must lose the credential. */
function referencesElsewhere(snapshot: Snapshot, slot: SecretSlot): readonly Action[] {
  const { target } = snapshot.binding;
  const names = referencedNames(snapshot, slot);
  return removeReferences(snapshot, names, (account) => account !== target);
}

function attachment({ binding, serviceAccounts }: Snapshot): readonly Action[] {
  const { target, secretName } = binding;
  if (serviceAccounts.get(target)?.pullSecrets.includes(secretName) ?? true) return [];
  return [{ kind: "addReference", serviceAccount: target, secret: secretName }];
}

/** Secrets of the binding under other names go once their successor is there. */
function leftovers(snapshot: Snapshot): readonly Action[] {
  const secrets = extraneousSecrets(snapshot);
  const names = new Set(secrets.map((secret) => secret.name));
  return [
    ...removeReferences(snapshot, names, (account) => account === snapshot.binding.target),
    ...secrets.filter((secret) => !isHeld(secret)).map((secret): Action => ({
      kind: "deleteSecret",
      secret,
      reason: `${snapshot.binding.secretName} has taken its place`,
    })),
  ];
}

/**
 * When the credential in the binding's Secret expires, if it is for the same inputs, in milliseconds
 * since the epoch; undefined where there is none. Pods may use it although the target does not refer
 * to it: by the account that the binding named before, or by its name.
 */
export function lastsUntil(snapshot: Snapshot): number | undefined {
  return expiryOf(currentCredential(snapshot, ourSlot(snapshot)));
}

function expiryOf(secret: SecretState | undefined): number | undefined {
  return secret && lifetimeOf(secret)?.expiresAt;
}

/** The credential that pods use while its successor cannot be had, if it is for the same inputs. */
function servingCredential(snapshot: Snapshot): SecretState | undefined {
  return currentCredential(snapshot, attachedSlot(snapshot));
}

function currentCredential(
  { binding }: Snapshot,
  slot: OurSlot | undefined,
): SecretState | undefined {
  if (slot === undefined || slot.content?.kind === "broken") return undefined;
  return slot.secret.inputs === binding.inputsHash ? slot.secret : undefined;
}

/**
 * The credential that pods have from an earlier spec. Nothing is read to find out what others put
 * there, since there may be no registry to compare it with.
 */
function credentialLeft(snapshot: Snapshot): SecretState | undefined {
  const slot = attachedSlot(snapshot);
  const isKnown = slot?.secret.dataIsOurs || slot?.content?.kind === "intact";
  return isKnown ? slot?.secret : undefined;
}

function ourSlot(snapshot: Snapshot): OurSlot | undefined {
  const slot = secretSlot(snapshot);
  return slot.kind === "ours" ? slot : undefined;
}

/** Pods that pull what was not granted find a credential that does not serve them. */
function isLacking(snapshot: Snapshot): boolean {
  const slot = ourSlot(snapshot);
  return slot !== undefined && lackingIn(slot) > 0;
}

function attachedSlot(snapshot: Snapshot): OurSlot | undefined {
  const { binding, serviceAccounts } = snapshot;
  const slot = ourSlot(snapshot);
  if (slot === undefined) return undefined;
  const attached = serviceAccounts.get(binding.target)?.pullSecrets.includes(slot.secret.name);
  return attached ? slot : undefined;
}

function withoutSuccessor({ expiry }: SecretState, why: string): string {
  return `The credential serves until ${expiry}, but has no successor: ${why}`;
}

/**
 * What is told once a credential has expired: that pulls fail is news of its own, with an Event,
 * whatever was told before of what keeps its successor away.
 */
function expiredBeside(
  credential: SecretState | undefined,
  why: string,
  now: number,
): Pick<Outcome, "message" | "error"> | undefined {
  const expiresAt = expiryOf(credential);
  if (expiresAt === undefined || now < expiresAt) return undefined;
  const message = `Pulls fail since ${formatTime(expiresAt)}, when the credential expired: ${why}`;
  return { message, error: message };
}

function untilItsEnd({ expiry }: SecretState, why: string): string {
  return `The credential serves until ${expiry}. ${why}`;
}

/** Of what was found to hold no credential, annotations tell nothing. */
function lifetimeIn(slot: SecretSlot): Pick<Outcome, "lifetime"> {
  const isTold = slot.kind === "ours" && slot.content?.kind !== "broken";
  const lifetime = isTold ? lifetimeOf(slot.secret) : undefined;
  return lifetime === undefined ? {} : { lifetime };
}

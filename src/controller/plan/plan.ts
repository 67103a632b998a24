import { isBetween } from "../../runtime/clock.ts";
import { cut } from "../../runtime/cut.ts";
import { optional } from "../../runtime/optional.ts";
import { quote } from "../../runtime/quote.ts";
import { FINALIZER } from "../conventions.ts";
import { isLastTry } from "../retry_policy.ts";
import type { Action, MintAction, Plan } from "./actions.ts";
import {
  attemptInputs,
  type Fault,
  notFound,
  type Wanted,
  wantedCredential,
} from "./credential.ts";
import { planDeletion } from "./deletion.ts";
import { referencedNames, removeReferences } from "./references.ts";
import { lifetimeOf, refreshAt } from "./schedule.ts";
import { secretNeed } from "./secret_need.ts";
import { extraneousSecrets, type SecretSlot, secretSlot } from "./secret_slot.ts";
import type { SecretState, Snapshot, Trouble } from "./snapshot.ts";
import { type Outcome, statusFor } from "./status.ts";

type OurSlot = Extract<SecretSlot, { kind: "ours" }>;

/** As soon as whatever else may heal without a change that the caches tell of. */
const LOOK_AGAIN_MS = 5 * 60_000;

/**
 * Decides, from what is known at `now` (milliseconds since the epoch), what to do for one binding
 * and when to look again. Pure: the same snapshot gives the same plan, and carrying plans out until
 * one has no actions takes a bounded number of them.
 */
export function plan(snapshot: Snapshot, now: number): Plan {
  const { trouble } = snapshot;
  const resting = activeTrouble(snapshot, now);
  if (snapshot.binding.deleting) {
    return resting ? { actions: [], wakeAt: resting.retryAt } : planDeletion(snapshot);
  }
  // A namespace that is being deleted never comes back: all that is left to do is to be deleted.
  if (isEnding(trouble, now)) return { actions: [], wakeAt: trouble!.retryAt };
  const wanted = targetedCredential(snapshot);
  if ("reason" in wanted) return planFault(snapshot, wanted, resting, now);
  if (resting) return planRest(snapshot, resting, now);
  return planCredential(snapshot, wanted, now);
}

/** Whether the namespace is known to be on its way out, so that no failure is worth a word. */
export function isEnding(trouble: Trouble | undefined, now: number): boolean {
  return trouble?.isNamespaceEnding === true && isResting(trouble, now);
}

/** Whether the next attempt is not due. */
export function isResting({ failedAt, retryAt }: Trouble, now: number): boolean {
  return isBetween(now, failedAt, retryAt);
}

/** The inputs of an attempt made from this snapshot; see `Trouble.inputs`. */
export function inputsOfAttempt(snapshot: Snapshot): string {
  const wanted = wantedCredential(snapshot);
  const slot = secretSlot(snapshot);
  const version = "secret" in slot ? `${slot.secret.uid}/${slot.secret.resourceVersion}` : "";
  if (snapshot.binding.deleting || "reason" in wanted) {
    const { uid, generation } = snapshot.binding;
    return `${uid}/${generation}/${version}`;
  }
  return attemptInputs(snapshot.binding, wanted, version);
}

/** The failure after which the next attempt is not due, unless it was made from something else. */
function activeTrouble(snapshot: Snapshot, now: number): Trouble | undefined {
  const { trouble } = snapshot;
  if (trouble === undefined || !isResting(trouble, now)) return undefined;
  return trouble.inputs === inputsOfAttempt(snapshot) ? trouble : undefined;
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
  const ready = expiresAt !== undefined && now < expiresAt;
  const outcome: Outcome = {
    ready,
    reason: fault.reason,
    message: ready ? withoutSuccessor(left!, fault.message) : fault.message,
    error: fault.message,
    ...(fault.reason === "InvalidSpec" ? { stalled: fault } : {}),
    ...lifetimeIn(secretSlot(snapshot)),
  };
  const tell = status(snapshot, outcome, now);
  const moments = [resting?.retryAt, ready ? expiresAt : undefined].filter(isMoment);
  const wake = moments.length === 0 ? {} : { wakeAt: Math.min(...moments) };
  if (resting !== undefined) return { actions: tell, ...wake };
  // What the binding named before keeps the credential until it can be attached anew.
  return { actions: [...finalizer(snapshot), ...tell], ...wake };
}

function isMoment(moment: number | undefined): moment is number {
  return moment !== undefined;
}

/** The last attempt failed and the next is not due. A credential that still serves counts. */
function planRest(snapshot: Snapshot, trouble: Trouble, now: number): Plan {
  const serving = servingCredential(snapshot);
  const expiresAt = expiryOf(serving);
  const ready = expiresAt !== undefined && now < expiresAt;
  const outcome: Outcome = {
    ready,
    reason: ready ? "RefreshFailing" : trouble.reason,
    message: ready ? withoutSuccessor(serving!, trouble.message) : trouble.message,
    error: trouble.message,
    ...lifetimeIn(secretSlot(snapshot)),
  };
  return {
    actions: status(snapshot, outcome, now),
    wakeAt: ready ? Math.min(trouble.retryAt, expiresAt) : trouble.retryAt,
  };
}

function planCredential(snapshot: Snapshot, wanted: Wanted, now: number): Plan {
  const { binding } = snapshot;
  const slot = secretSlot(snapshot);
  if (slot.kind === "foreign") return planTaken(snapshot, slot, now);
  const need = secretNeed(slot, binding, wanted, now);
  const before = finalizer(snapshot);
  // Whom the binding named before keeps the credential until it is attached anew.
  const after = [...attachment(snapshot), ...referencesElsewhere(snapshot, slot)];
  switch (need.kind) {
    case "inspect":
      return { actions: [...before, { kind: "inspectSecret", name: binding.secretName }] };
    case "mint":
      return { actions: [...before, { ...wanted, ...need, ...urgency(snapshot, now) }, ...after] };
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
  const failedAt = trouble?.inputs === inputsOfAttempt(snapshot)
    ? trouble.failedAt
    : trouble && now;
  return {
    ...optional("failedAt", failedAt),
    ...(isLastTry(now, lastsUntil(snapshot)) ? { lastTry: true } : {}),
  };
}

/** The Secret is as it should be: attach it, clear away what is left over, and say so. */
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
  const actions = [...before, ...leftovers(snapshot), ...status(snapshot, outcome, now)];
  return { actions, wakeAt: refreshAt(lifetime, binding.rotation, binding.uid) };
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
  const actions = [...finalizer(snapshot), ...status(snapshot, outcome, now)];
  // One without the label is in no cache: that it has gone is seen only by looking again.
  return secret.label === undefined ? { actions, wakeAt: now + LOOK_AGAIN_MS } : { actions };
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
    ...secrets.map((secret): Action => ({
      kind: "deleteSecret",
      secret,
      reason: `${snapshot.binding.secretName} has taken its place`,
    })),
  ];
}

function status(snapshot: Snapshot, outcome: Outcome, now: number): readonly Action[] {
  const { binding, keepsConditions, brevity } = snapshot;
  const wanted = statusFor(binding, outcome, now, keepsConditions, brevity);
  return wanted === undefined ? [] : [{ kind: "writeStatus", status: wanted }];
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

function lifetimeIn(slot: SecretSlot): Pick<Outcome, "lifetime"> {
  const lifetime = slot.kind === "ours" ? lifetimeOf(slot.secret) : undefined;
  return lifetime === undefined ? {} : { lifetime };
}

import type { FailureClass } from "../../azure/errors.ts";
import { optional } from "../../runtime/optional.ts";
import type { Random } from "../../runtime/random.ts";
import { isBetween } from "../../runtime/time/clock.ts";
import type { BindingView } from "../binding/view.ts";
import { nextAttemptAt, type RetriedFailure } from "../retry_policy.ts";
import type { Action } from "./actions.ts";
import { attemptInputs, type Wanted } from "./credential.ts";
import { isOccupied, type SecretSlot } from "./secret_slot.ts";

/** What failed. */
type ActionKind = Action["kind"];

/** A failure as a status tells it, and what that says of the next attempt. */
export interface Failure extends RetriedFailure {
  readonly class: FailureClass;
  readonly reason: string;
  /** One sentence with its remedy. The same for the same failure. */
  readonly message: string;
  /** Nothing can be made in the namespace any more, whatever changes. */
  readonly isNamespaceEnding?: true;
  /** What was written does not stay as it was written. */
  readonly isUndone?: true;
  /** Whether the Secret was written is not known, nor what admission made of that. */
  readonly isUnanswered?: true;
  /** Holds whatever becomes of the Secret meanwhile, which changes with each attempt. */
  readonly anySecret?: true;
}

/** The last attempt, if it failed: until it is over, its failure is told and its end is waited for. */
export interface Trouble extends Failure {
  readonly failures: number;
  /** Milliseconds since the epoch, as is `retryAt`. */
  readonly failedAt: number;
  readonly retryAt: number;
  /** What failed. */
  readonly action: ActionKind;
  /** What the attempt was made from: another value makes the failure history. */
  readonly inputs: string;
}

/** What an attempt is made from. */
export interface AttemptedFrom {
  readonly binding: BindingView;
  readonly wanted: Wanted;
  readonly slot: SecretSlot;
}

/** How often a write was made in a row, and when it may be again, where somebody undoes it. */
export interface Repetition {
  readonly times: number;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
}

/** When an attempt failed. Moments in milliseconds since the epoch. */
export interface FailedAttempt {
  readonly action: ActionKind;
  readonly from: AttemptedFrom;
  readonly startedAt: number;
  readonly now: number;
  /** When the credential that still serves expires; undefined where none does. */
  readonly servesUntil: number | undefined;
  readonly repetition?: Repetition | undefined;
}

/**
 * The trouble that a failure is, given the one before: the same again counts on. What was never
 * answered stays so until the binding is settled, whatever else fails meanwhile.
 */
export function troubleAfter(
  before: Pick<Trouble, "inputs" | "failures" | "isUnanswered"> | undefined,
  failure: Failure,
  { action, from, startedAt, now, servesUntil, repetition }: FailedAttempt,
  random: Random,
): Trouble {
  const inputs = inputsOfAttempt(from, failure);
  const inARow = before?.inputs === inputs ? before.failures : 0;
  const failures = repetition?.times ?? inARow + 1;
  const retryAt = nextAttemptAt(
    { ...failure, ...optional("notBefore", repetition?.notBefore) },
    { now, startedAt, failures, ...optional("servesUntil", servesUntil) },
    random,
  );
  const unanswered = before?.isUnanswered ? { isUnanswered: true as const } : {};
  return { ...failure, ...unanswered, action, failures, failedAt: now, retryAt, inputs };
}

/**
 * The trouble with what was undone before and is there again: whether it stays must be seen before
 * anybody is told. The same trouble where there is nothing to see to.
 */
export function watched(
  trouble: Trouble,
  { times, notBefore }: Repetition,
  { action, from, now, servesUntil }: Omit<FailedAttempt, "startedAt" | "repetition">,
  random: Random,
): Trouble {
  if (!trouble.isUndone || trouble.action !== action || notBefore <= now) return trouble;
  const history = { now, startedAt: now, failures: times, ...optional("servesUntil", servesUntil) };
  const retryAt = nextAttemptAt({ ...trouble, notBefore }, history, random);
  const inputs = inputsOfAttempt(from, trouble);
  return { ...trouble, failures: times, failedAt: now, retryAt, inputs };
}

/** Whether the trouble is history, now that nothing is left to do. */
export function isOver(trouble: Trouble, from: AttemptedFrom, now: number): boolean {
  if (isEnding(trouble, now)) return false;
  return !isResting(trouble, now) || !isOfAttempt(trouble, from);
}

/** Whether the namespace is known to be on its way out, so that no failure is worth a word. */
export function isEnding(trouble: Trouble | undefined, now: number): boolean {
  return trouble?.isNamespaceEnding === true && isResting(trouble, now);
}

/** Whether the next attempt is not due. */
export function isResting({ failedAt, retryAt }: Trouble, now: number): boolean {
  return isBetween(now, failedAt, retryAt);
}

/** Whether an attempt made from that would be the one that failed. */
export function isOfAttempt(trouble: Trouble, from: AttemptedFrom): boolean {
  return trouble.inputs === inputsOfAttempt(from, trouble);
}

/** The inputs of an attempt made from that; see `Trouble.inputs`. */
export function inputsOfAttempt(
  { binding, wanted, slot }: AttemptedFrom,
  { anySecret }: Pick<Failure, "anySecret"> = {},
): string {
  const version = anySecret ? "any" : versionOfSecret(slot);
  if (binding.deleting || wanted.kind === "fault") {
    return `${binding.uid}/${binding.generation}/${version}`;
  }
  return attemptInputs(binding, wanted, version);
}

function versionOfSecret(slot: SecretSlot): string {
  return isOccupied(slot) ? `${slot.secret.uid}/${slot.secret.resourceVersion}` : "";
}

/**
 * Whether pods cannot count on the credential although it is there and attached at this moment:
 * somebody keeps taking back what makes it so.
 */
export function isUnreliable({ isUndone, action }: Trouble): boolean {
  return isUndone === true && (action === "mint" || action === "addReference");
}

/** Whether somebody keeps taking away what tells of the Secret, its label perhaps. */
export function isOfLabel({ isUndone, action }: Trouble): boolean {
  return isUndone === true && action === "adoptSecret";
}

import { optional } from "../../runtime/optional.ts";
import { formatTime, lifetimeOf } from "./schedule.ts";
import type { SecretSlot } from "./secret_slot.ts";
import type { Situation } from "./situation.ts";
import type { SecretState } from "./snapshot.ts";
import type { Outcome } from "./status.ts";

/** What pods have meanwhile, where something keeps a credential's successor away. */
export interface Serving {
  /** The Secret that the target refers to; undefined where it has none of which that is known. */
  readonly secret: SecretState | undefined;
  readonly expiresAt: number | undefined;
  /** Whether pods find a credential that does all that is asked of it. */
  readonly ready: boolean;
}

/** Whether pods are served by `secret`, if there is one. */
export function servingBy(
  secret: SecretState | undefined,
  { now, isLacking }: Situation,
): Serving {
  const expiresAt = secret && lifetimeOf(secret)?.expiresAt;
  return { secret, expiresAt, ready: expiresAt !== undefined && now < expiresAt && !isLacking };
}

/** The credential that pods use while its successor cannot be had, if it is for the same inputs. */
export function servingCredential({ current, isAttached }: Situation): SecretState | undefined {
  return isAttached ? current : undefined;
}

/**
 * The credential that pods have from an earlier spec. Nothing is read to find out what others put
 * there, since there may be no registry to compare it with.
 */
export function credentialLeft(
  { ours, isAttached, isUnread }: Situation,
): SecretState | undefined {
  const isKnown = !isUnread && ours?.content?.kind !== "broken";
  return isAttached && isKnown ? ours?.secret : undefined;
}

/** A sentence on what serves and has no successor. */
export function withoutSuccessor({ expiry }: SecretState, why: string): string {
  return `The credential serves until ${expiry}, but has no successor: ${why}`;
}

/** A sentence on what serves, before what is the matter beside it. */
export function untilItsEnd({ expiry }: SecretState, why: string): string {
  return `The credential serves until ${expiry}. ${why}`;
}

/**
 * What is told once a credential has expired: that pulls fail is news of its own, with an Event,
 * whatever was told before of what keeps its successor away.
 */
export function expiredBeside(
  { expiresAt }: Serving,
  why: string,
  now: number,
): Pick<Outcome, "message" | "error"> | undefined {
  if (expiresAt === undefined || now < expiresAt) return undefined;
  const message = `Pulls fail since ${formatTime(expiresAt)}, when the credential expired: ${why}`;
  return { message, error: message };
}

/** Of what was found to hold no credential, annotations tell nothing. */
export function lifetimeIn(slot: SecretSlot): Pick<Outcome, "lifetime"> {
  const isTold = slot.kind === "ours" && slot.content?.kind !== "broken";
  const lifetime = isTold ? lifetimeOf(slot.secret) : undefined;
  return optional("lifetime", lifetime);
}

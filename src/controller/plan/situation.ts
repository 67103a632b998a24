import { type Wanted, wantedCredential } from "./credential.ts";
import { type Lifetime, lifetimeOf } from "./schedule.ts";
import {
  extraneousSecrets,
  lackingIn,
  type OurSlot,
  type SecretSlot,
  secretSlot,
} from "./secret_slot.ts";
import type { SecretState, Snapshot } from "./snapshot.ts";
import { isOfAttempt, isResting, type Trouble } from "./trouble.ts";
import { isVouchedFor } from "./vouching.ts";

/**
 * What is known of a binding, with what follows from it: found out once, for all who plan and judge.
 */
export interface Situation extends Snapshot {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly wanted: Wanted;
  readonly slot: SecretSlot;
  /** The slot, where it holds the binding's own Secret. */
  readonly ours: OurSlot | undefined;
  /** Of our Secret, by its annotations. */
  readonly lifetime: Lifetime | undefined;
  /**
   * Our Secret, if its credential is for the same inputs. Pods may use it although the target does
   * not refer to it: by the account that the binding named before, or by its name.
   */
  readonly current: SecretState | undefined;
  /** Whether the target refers to our Secret. */
  readonly isAttached: boolean;
  /** Nobody has read the data of our Secret, and nothing vouches for them. */
  readonly isUnread: boolean;
  /** Pods that pull what was not granted find a credential that does not serve them. */
  readonly isLacking: boolean;
  /** Further Secrets of the binding, under other names. */
  readonly extraneous: readonly SecretState[];
  /** The last attempt, if it failed. */
  readonly trouble: Trouble | undefined;
  /** The same, while the next is not due, unless that would be made from something else. */
  readonly resting: Trouble | undefined;
  /** Whether an attempt made now would be the one that failed. */
  readonly isRepeated: boolean;
}

/** Understands a snapshot, and what failed last, at `now` in milliseconds since the epoch. */
export function understand(
  snapshot: Snapshot,
  trouble: Trouble | undefined,
  now: number,
): Situation {
  const { binding, serviceAccounts } = snapshot;
  const wanted = wantedCredential(snapshot);
  const slot = secretSlot(snapshot);
  const ours = slot.kind === "ours" ? slot : undefined;
  const isRepeated = trouble !== undefined && isOfAttempt(trouble, { binding, wanted, slot });
  return {
    ...snapshot,
    now,
    wanted,
    slot,
    ours,
    lifetime: ours && lifetimeOf(ours.secret),
    current: isCurrent(ours, binding.inputsHash) ? ours.secret : undefined,
    isAttached: ours !== undefined &&
      (serviceAccounts.get(binding.target)?.pullSecrets.includes(ours.secret.name) ?? false),
    isUnread: ours !== undefined && ours.content === undefined &&
      !isVouchedFor(ours.secret, binding, trouble),
    isLacking: ours !== undefined && lackingIn(ours) > 0,
    extraneous: extraneousSecrets(snapshot),
    trouble,
    resting: isRepeated && isResting(trouble, now) ? trouble : undefined,
    isRepeated,
  };
}

function isCurrent(ours: OurSlot | undefined, inputsHash: string): ours is OurSlot {
  return ours !== undefined && ours.content?.kind !== "broken" && ours.secret.inputs === inputsHash;
}

/** When the credential for the same inputs expires; undefined where there is none. */
export function lastsUntil({ current, lifetime }: Situation): number | undefined {
  return current && lifetime?.expiresAt;
}

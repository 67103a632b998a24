import { optional } from "../runtime/optional.ts";
import type { Random } from "../runtime/random.ts";
import type { Clock } from "../runtime/time/clock.ts";
import type { Action } from "./plan/actions.ts";
import type { Situation } from "./plan/situation.ts";
import type { FoundSecret, Inspection, SecretState, Snapshot } from "./plan/snapshot.ts";
import { isOver, type Repetition, type Trouble } from "./plan/trouble.ts";
import { isVouchedFor } from "./plan/vouching.ts";
import type { Refusal } from "./refusal.ts";
import { areOver, type Ending, heldBy, withWrite, type Writes } from "./repeated_writes.ts";

/** What is remembered of one binding from one look at it to the next. */
export interface Remembered {
  /** The verdict on a Secret that others wrote, so that each version is read once. */
  readonly inspection?: Inspection | undefined;
  readonly trouble?: Trouble | undefined;
  /** Failures in a row to write a status, which says nothing of the credential. */
  readonly untold?: number | undefined;
  /** Of a status, which is told shorter since. */
  readonly refusal?: Refusal | undefined;
  /** How often in a row something threw while it was read or planned. */
  readonly broken?: number | undefined;
  readonly served?: ServedIdentity | undefined;
  readonly writes?: WritesUntil | undefined;
}

/**
 * For which identity a Secret of the reference was first seen to serve. It says nothing of that
 * itself and is not minted again for it; but when a client or tenant ID changes afterwards, it must
 * be, as those that say it.
 */
export interface ServedIdentity {
  /** Of the Secret. */
  readonly uid: string;
  readonly hash: string;
}

interface WritesUntil {
  readonly rows: Writes;
  /** When the last was made, in milliseconds since the epoch. */
  readonly at: number;
}

interface Entry extends Remembered {
  readonly uid: string;
}

const NOTHING: Remembered = {};
const NO_WRITES: Writes = [];

/**
 * What is remembered of bindings, each known by its key and UID: one that was made anew under the
 * name of another starts from nothing. There is nothing of bindings of which nothing is to be
 * remembered.
 *
 * What was read, written and tried is noted as it happens. What of it is over goes once the binding
 * is settled. Writes go after a time, and all goes with the binding.
 */
export class Memory {
  readonly #clock: Pick<Clock, "now">;
  readonly #random: Random;
  readonly #entries = new Map<string, Entry>();
  /** Keys of those for which something was written lately, the one for longest ago first. */
  readonly #written = new Set<string>();

  constructor(clock: Pick<Clock, "now">, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** How many bindings something is remembered of. */
  get size(): number {
    return this.#entries.size;
  }

  /** What is remembered of the binding `uid`. */
  of(key: string, uid: string): Remembered {
    const entry = this.#entries.get(key);
    return entry?.uid === uid ? entry : NOTHING;
  }

  /** What is remembered of whichever binding was known last by that key. */
  last(key: string): Remembered {
    return this.#entries.get(key) ?? NOTHING;
  }

  /** Remembers `change` besides; a member that is undefined is forgotten. */
  note(key: string, uid: string, change: Remembered): void {
    const entry = { ...this.of(key, uid), ...change, uid };
    const { uid: _, ...remembered } = entry;
    const isEmpty = Object.values(remembered).every((value) => value === undefined);
    if (isEmpty) this.#entries.delete(key);
    else this.#entries.set(key, entry);
  }

  /** What keeps a write from being made now; undefined where nothing does. */
  heldBy(key: string, snapshot: Snapshot, action: Action): Repetition | undefined {
    const { writes } = this.of(key, snapshot.binding.uid);
    return writes && heldBy(writes.rows, snapshot, action, this.#clock.now());
  }

  /** Takes note of a write. Answers how often it has been made in a row. */
  wrote(key: string, snapshot: Snapshot, action: Action, ending: Ending): Repetition {
    const { uid } = snapshot.binding;
    const now = this.#clock.now();
    this.#dropOldWrites(now);
    const before = this.of(key, uid).writes?.rows ?? NO_WRITES;
    const next = withWrite(before, snapshot, action, ending, now, this.#random);
    if (next.writes.length > 0) {
      this.note(key, uid, { writes: { rows: next.writes, at: now } });
      // Put in anew: the order is that of the last writes.
      this.#written.delete(key);
      this.#written.add(key);
    }
    return next.repetition;
  }

  #dropOldWrites(now: number): void {
    for (const key of this.#written) {
      const entry = this.#entries.get(key);
      if (entry?.writes !== undefined && !areOver(entry.writes.at, now)) return;
      this.#written.delete(key);
      if (entry !== undefined) this.note(key, entry.uid, { writes: undefined });
    }
  }

  /** Nothing is left to do for the binding: what was to be remembered until then is history. */
  settled(key: string, situation: Situation): void {
    const { uid } = situation.binding;
    const before = this.of(key, uid);
    const { trouble, inspection } = before;
    const served = trouble === undefined ? servedIn(situation) : undefined;
    if (before === NOTHING && served === undefined) return;
    const isHistory = trouble !== undefined && isOver(trouble, situation, this.#clock.now());
    const left = isHistory ? undefined : trouble;
    const lasts = inspection?.kind === "found" && isNeeded(inspection, situation, left);
    this.note(key, uid, {
      trouble: left,
      inspection: lasts ? inspection : undefined,
      untold: undefined,
      ...(situation.brevity === undefined ? { refusal: undefined } : {}),
      broken: undefined,
      ...optional("served", served),
    });
  }

  /** Forgets whatever binding was known by that key. */
  forget(key: string): void {
    this.#entries.delete(key);
    this.#written.delete(key);
  }
}

/** Whether the Secret would have to be read again, were it not remembered what it holds. */
function isNeeded(
  { secret, content }: FoundSecret,
  { binding }: Situation,
  trouble: Trouble | undefined,
): boolean {
  // Of one without the label no cache will tell what becomes of it.
  if (secret.label === undefined) return false;
  return content.kind === "broken" || content.immutable === true ||
    !isVouchedFor(secret, binding, trouble);
}

/** The identity that a Secret which does not say it serves, in a binding that is settled. */
function servedIn({ ours, wanted }: Situation): ServedIdentity | undefined {
  if (ours === undefined || ours.secret.identity !== undefined) return undefined;
  if (wanted.kind === "fault" || wanted.identityHash === undefined) return undefined;
  return { uid: ours.secret.uid, hash: wanted.identityHash };
}

/** The snapshot, in which the Secret says for which identity it was seen to serve. */
export function withServed<T extends Pick<Snapshot, "secrets" | "inspection">>(
  snapshot: T,
  served: ServedIdentity | undefined,
): T {
  if (served === undefined) return snapshot;
  const fill = (secret: SecretState): SecretState =>
    secret.uid === served.uid && secret.identity === undefined
      ? { ...secret, identity: served.hash }
      : secret;
  const { inspection } = snapshot;
  const filled = { ...snapshot, secrets: snapshot.secrets.map(fill) };
  if (inspection?.kind !== "found") return filled;
  return { ...filled, inspection: { ...inspection, secret: fill(inspection.secret) } };
}

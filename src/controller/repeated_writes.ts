import { type Clock, isBetween, isWithin } from "../runtime/time/clock.ts";
import { fingerprint } from "../runtime/text/fingerprint.ts";
import type { Random } from "../runtime/random.ts";
import type { BindingView } from "./binding/view.ts";
import type { Action, AdoptSecretAction, WriteStatusAction } from "./plan/actions.ts";
import type { Snapshot } from "./plan/snapshot.ts";
import { redoDelay } from "./retry_policy.ts";

/** A place in the cluster, and the state into which a write puts it. */
interface Mark {
  readonly place: string;
  readonly state: string;
}

/** The last write to a place. Moments in milliseconds since the epoch. */
interface Row {
  readonly place: string;
  /** Fingerprint of the state. */
  readonly state: number;
  readonly at: number;
  /** How often it was written in a row, each time because somebody had undone it. */
  readonly times: number;
  /** When it may be written again. */
  readonly notBefore: number;
  /** From when on the same write is due by itself, as that of a new credential is. */
  readonly dueAt: number;
}

/** What is known of a write that is made again and again. */
export type Repetition = Pick<Row, "times" | "notBefore">;

/** How a write ended. */
export interface Ending {
  /** Its answer lacks what was written. */
  readonly isUndone: boolean;
  readonly dueAt?: number | undefined;
}

/** Longer than the longest delay, so that one who undoes every write for ever makes one long row. */
const REMEMBER_MS = 15 * 60_000;
/** More places than a binding writes to in that time, but where it is moved about by others. */
const MOST_PLACES = 16;

interface Entry {
  readonly uid: string;
  /** Oldest first. */
  readonly rows: readonly Row[];
  readonly at: number;
}

/**
 * Knows of each binding what was written for it lately. The same write to the same place again means
 * that somebody undid it. The first time it is made again at once, since people mend and restore
 * things by hand; whoever does so in a row is followed ever more slowly.
 */
export class RepeatedWrites {
  readonly #clock: Pick<Clock, "now">;
  readonly #random: Random;
  /** By key, the one that was written for longest ago first. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Pick<Clock, "now">, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** How many bindings something is known of. */
  get size(): number {
    return this.#entries.size;
  }

  /** What keeps the write from being made now; undefined where nothing does. */
  heldBy(key: string, snapshot: Snapshot, action: Action): Repetition | undefined {
    const now = this.#clock.now();
    const rows = marksOf(snapshot, action).map((mark) => this.#rowOf(key, snapshot.binding, mark));
    return rows.find((row) => row && isBetween(now, row.at, row.notBefore));
  }

  /** Takes note of a write. Answers how often it has been made in a row. */
  note(key: string, snapshot: Snapshot, action: Action, ending: Ending): Repetition {
    const { uid } = snapshot.binding;
    const now = this.#clock.now();
    this.#dropOld(now);
    const rows = marksOf(snapshot, action)
      .map((mark) => this.#next(mark, this.#rowOf(key, snapshot.binding, mark), ending, now));
    const places = new Set(rows.map(({ place }) => place));
    const others = this.#rowsOf(key, uid).filter(({ place }) => !places.has(place));
    // Set anew, not in place: the order of entries is that of their last writes.
    this.#entries.delete(key);
    const kept = [...others, ...rows].slice(-MOST_PLACES);
    if (kept.length > 0) this.#entries.set(key, { uid, rows: kept, at: now });
    return rows.reduce<Repetition>(later, { times: 0, notBefore: -Infinity });
  }

  /** Forgets a binding that is gone. */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  #rowsOf(key: string, uid: string): readonly Row[] {
    const entry = this.#entries.get(key);
    return entry?.uid === uid ? entry.rows : [];
  }

  /** The write before, if it was of the same state, lately, and is not due again by itself. */
  #rowOf(key: string, { uid }: BindingView, { place, state }: Mark): Row | undefined {
    const now = this.#clock.now();
    const row = this.#rowsOf(key, uid).find((each) => each.place === place);
    if (row === undefined || row.state !== fingerprint(state)) return undefined;
    return isWithin(now, row.at, REMEMBER_MS) && now < row.dueAt ? row : undefined;
  }

  #next(
    { place, state }: Mark,
    before: Row | undefined,
    { isUndone, dueAt = Infinity }: Ending,
    now: number,
  ): Row {
    const times = (before?.times ?? 0) + 1;
    // One that was undone at once is known to be futile; the others have not been undone so far.
    const delayMs = redoDelay(isUndone ? times : times - 1, this.#random);
    const row = { place, state: fingerprint(state), at: now, times, notBefore: now + delayMs };
    return { ...row, dueAt: isUndone ? Infinity : dueAt };
  }

  #dropOld(now: number): void {
    for (const [key, { at }] of this.#entries) {
      if (isWithin(now, at, REMEMBER_MS)) return;
      this.#entries.delete(key);
    }
  }
}

function later(one: Repetition, other: Repetition): Repetition {
  return other.notBefore > one.notBefore ? other : one;
}

function marksOf({ binding, serviceAccounts }: Snapshot, action: Action): readonly Mark[] {
  // One that was made anew is another account, which lacks what was written into the first.
  const reference = (account: string, secret: string) =>
    `${serviceAccounts.get(account)?.uid ?? account}/${secret}`;
  switch (action.kind) {
    case "addFinalizer":
      return [{ place: "finalizer", state: "there" }];
    case "removeFinalizer":
      return [{ place: "finalizer", state: "gone" }];
    case "mint":
      return [{ place: "secret", state: `${binding.inputsHash}/${action.identityHash}` }];
    case "adoptSecret":
      return [{ place: "metadata", state: JSON.stringify(namesIn(action)) }];
    case "deleteSecret":
      return [{ place: `leftover ${action.secret.name}`, state: "gone" }];
    case "addReference":
      return [{ place: reference(action.serviceAccount, action.secret), state: "there" }];
    case "removeReferences":
      return action.secrets.map((secret) => ({
        place: reference(action.serviceAccount, secret),
        state: "gone",
      }));
    case "writeStatus":
      return [{ place: "status", state: withoutMoments(action) }];
    case "inspectSecret":
      return [];
  }
}

/** Annotations that tell a moment differ each time. */
function namesIn({ labels, annotations }: AdoptSecretAction): unknown {
  return [Object.keys(labels), Object.keys(annotations)];
}

/** The moment of a transition differs each time that somebody takes a condition away. */
function withoutMoments({ status }: WriteStatusAction): string {
  return JSON.stringify(
    status,
    (name, value) => name === "lastTransitionTime" ? undefined : value,
  );
}

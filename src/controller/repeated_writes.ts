import { type Clock, isBetween, isWithin } from "../runtime/time/clock.ts";
import { fingerprint } from "../runtime/text/fingerprint.ts";
import type { Random } from "../runtime/random.ts";
import type { Action, AdoptSecretAction, WriteStatusAction } from "./plan/actions.ts";
import type { Snapshot } from "./plan/snapshot.ts";
import { redoDelay } from "./retry_policy.ts";

/** A place in the cluster, and the state into which a write puts it: a fingerprint of each. */
interface Mark {
  readonly place: number;
  readonly state: number;
}

/** The last write to a place. Moments in milliseconds since the epoch. */
interface Row extends Mark {
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
  /** Oldest first, as `pack` lays them out. */
  readonly rows: readonly number[];
  readonly at: number;
}

const NUMBERS_OF_A_ROW = 6;

const NO_ROWS: readonly number[] = [];

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
    const before = this.#rowsOf(key, snapshot.binding.uid);
    if (before.length === 0) return undefined;
    const now = this.#clock.now();
    for (const mark of marksOf(snapshot, action)) {
      const row = repeatedBy(before, mark, now);
      if (row !== undefined && isBetween(now, row.at, row.notBefore)) return row;
    }
    return undefined;
  }

  /** Takes note of a write. Answers how often it has been made in a row. */
  note(key: string, snapshot: Snapshot, action: Action, ending: Ending): Repetition {
    const { uid } = snapshot.binding;
    const now = this.#clock.now();
    this.#dropOld(now);
    const before = this.#rowsOf(key, uid);
    const rows = marksOf(snapshot, action)
      .map((mark) => this.#next(mark, repeatedBy(before, mark, now), ending, now));
    const others = unpack(before).filter(({ place }) => rows.every((row) => row.place !== place));
    // Set anew, not in place: the order of entries is that of their last writes.
    this.#entries.delete(key);
    const kept = [...others, ...rows].slice(-MOST_PLACES);
    if (kept.length > 0) this.#entries.set(key, { uid, rows: pack(kept), at: now });
    return rows.reduce<Repetition>(later, { times: 0, notBefore: -Infinity });
  }

  /** Forgets a binding that is gone. */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  #rowsOf(key: string, uid: string): readonly number[] {
    const entry = this.#entries.get(key);
    return entry?.uid === uid ? entry.rows : NO_ROWS;
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
    const notBefore = now + delayMs;
    return { place, state, at: now, times, notBefore, dueAt: isUndone ? Infinity : dueAt };
  }

  #dropOld(now: number): void {
    for (const [key, { at }] of this.#entries) {
      if (isWithin(now, at, REMEMBER_MS)) return;
      this.#entries.delete(key);
    }
  }
}

/** Rows one after another, since thousands of bindings have four each: a tenth of the memory. */
function pack(rows: readonly Row[]): readonly number[] {
  const numbers: number[] = [];
  for (const { place, state, at, times, notBefore, dueAt } of rows) {
    numbers.push(place, state, at, times, notBefore, dueAt);
  }
  return numbers;
}

function unpack(numbers: readonly number[]): readonly Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < numbers.length; index += NUMBERS_OF_A_ROW) {
    const [place, state, at, times, notBefore, dueAt] = numbers.slice(index) as RowNumbers;
    rows.push({ place, state, at, times, notBefore, dueAt });
  }
  return rows;
}

type RowNumbers = [number, number, number, number, number, number];

/** The write before, if it was of the same state, lately, and is not due again by itself. */
function repeatedBy(
  before: readonly number[],
  { place, state }: Mark,
  now: number,
): Row | undefined {
  const row = unpack(before).find((each) => each.place === place);
  if (row?.state !== state) return undefined;
  return isWithin(now, row.at, REMEMBER_MS) && now < row.dueAt ? row : undefined;
}

function later(one: Repetition, other: Repetition): Repetition {
  return other.notBefore > one.notBefore ? other : one;
}

function marksOf({ binding, serviceAccounts }: Snapshot, action: Action): readonly Mark[] {
  // One that was made anew is another account, which lacks what was written into the first.
  const reference = (account: string, secret: string, state: string) =>
    markOf(`${serviceAccounts.get(account)?.uid ?? account}/${secret}`, state);
  switch (action.kind) {
    case "addFinalizer":
      return [markOf("finalizer", "there")];
    case "removeFinalizer":
      return [markOf("finalizer", "gone")];
    case "mint":
      return [markOf("secret", `${binding.inputsHash}/${action.identityHash}`)];
    case "adoptSecret":
      return [markOf("metadata", JSON.stringify(namesIn(action)))];
    case "deleteSecret":
      return [markOf(`leftover ${action.secret.name}`, "gone")];
    case "addReference":
      return [reference(action.serviceAccount, action.secret, "there")];
    case "removeReferences":
      return action.secrets.map((secret) => reference(action.serviceAccount, secret, "gone"));
    case "writeStatus":
      return [markOf("status", withoutMoments(action))];
    case "inspectSecret":
      return [];
  }
}

function markOf(place: string, state: string): Mark {
  return { place: fingerprint(place), state: fingerprint(state) };
}

/** Annotations that tell a moment differ each time. */
function namesIn({ labels, annotations }: AdoptSecretAction): unknown {
  return [Object.keys(labels), Object.keys(annotations)];
}

/** The moment of a transition differs each time that somebody takes a condition away. */
function withoutMoments({ status }: WriteStatusAction): string {
  if (!("conditions" in status)) return JSON.stringify(status);
  const conditions = status.conditions?.map(({ lastTransitionTime: _, ...told }) => told);
  return JSON.stringify({ ...status, conditions });
}

import { isBetween, isWithin } from "../runtime/time/clock.ts";
import { fingerprint } from "../runtime/text/fingerprint.ts";
import type { Random } from "../runtime/random.ts";
import { handlerOf } from "./execute/actions/all.ts";
import type { Action } from "./plan/actions.ts";
import type { Snapshot } from "./plan/snapshot.ts";
import type { Repetition } from "./plan/trouble.ts";
import { redoDelay } from "./retry_policy.ts";

/** Those of a place in the cluster, and of the state into which a write puts it. */
interface Fingerprints {
  readonly place: number;
  readonly state: number;
}

/** The last write to a place. Moments in milliseconds since the epoch. */
interface Row extends Fingerprints, Repetition {
  readonly at: number;
  /** From when on the same write is due by itself, as that of a new credential is. */
  readonly dueAt: number;
}

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

const NUMBERS_OF_A_ROW = 6;

/**
 * What was written for a binding lately, place by place, as `pack` lays it out. The same write to the
 * same place again means that somebody undid it. The first time it is made again at once, since
 * people mend and restore things by hand; whoever does so in a row is followed ever more slowly.
 */
export type Writes = readonly number[];

/** What keeps a write from being made at `now`; undefined where nothing does. */
export function heldBy(
  writes: Writes,
  snapshot: Snapshot,
  action: Action,
  now: number,
): Repetition | undefined {
  for (const mark of marksOf(snapshot, action)) {
    const row = repeatedBy(writes, mark, now);
    if (row !== undefined && isBetween(now, row.at, row.notBefore)) return row;
  }
  return undefined;
}

/** The writes with one more, and how often that has been made in a row. */
export function withWrite(
  writes: Writes,
  snapshot: Snapshot,
  action: Action,
  ending: Ending,
  now: number,
  random: Random,
): { readonly writes: Writes; readonly repetition: Repetition } {
  const rows = marksOf(snapshot, action)
    .map((mark) => next(mark, repeatedBy(writes, mark, now), ending, now, random));
  const others = unpack(writes).filter(({ place }) => rows.every((row) => row.place !== place));
  return {
    writes: pack([...others, ...rows].slice(-MOST_PLACES)),
    repetition: rows.reduce<Repetition>(later, { times: 0, notBefore: -Infinity }),
  };
}

/** Whether writes of which the last was made at that moment say nothing any more. */
export function areOver(lastAt: number, now: number): boolean {
  return !isWithin(now, lastAt, REMEMBER_MS);
}

function next(
  { place, state }: Fingerprints,
  before: Row | undefined,
  { isUndone, dueAt = Infinity }: Ending,
  now: number,
  random: Random,
): Row {
  const times = (before?.times ?? 0) + 1;
  // One that was undone at once is known to be futile; the others have not been undone so far.
  const delayMs = redoDelay(isUndone ? times : times - 1, random);
  const notBefore = now + delayMs;
  return { place, state, at: now, times, notBefore, dueAt: isUndone ? Infinity : dueAt };
}

/** Rows one after another, since thousands of bindings have four each: a tenth of the memory. */
function pack(rows: readonly Row[]): Writes {
  const numbers: number[] = [];
  for (const { place, state, at, times, notBefore, dueAt } of rows) {
    numbers.push(place, state, at, times, notBefore, dueAt);
  }
  return numbers;
}

function unpack(numbers: Writes): readonly Row[] {
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
  before: Writes,
  { place, state }: Fingerprints,
  now: number,
): Row | undefined {
  const row = unpack(before).find((each) => each.place === place);
  if (row?.state !== state) return undefined;
  return isWithin(now, row.at, REMEMBER_MS) && now < row.dueAt ? row : undefined;
}

function later(one: Repetition, other: Repetition): Repetition {
  return other.notBefore > one.notBefore ? other : one;
}

function marksOf(snapshot: Snapshot, action: Action): readonly Fingerprints[] {
  return handlerOf(action).marks(snapshot, action).map(({ place, state }) => ({
    place: fingerprint(place),
    state: fingerprint(state),
  }));
}

import { isBetween, isWithin } from "../runtime/time/clock.ts";
import { fingerprint } from "../runtime/text/fingerprint.ts";
import type { Random } from "../runtime/random.ts";
import { handlerOf } from "./execute/actions/all.ts";
import type { Action } from "./plan/actions.ts";
import type { Snapshot } from "./plan/snapshot.ts";
import type { Repetition } from "./plan/trouble.ts";
import { redoDelay } from "./retry_policy.ts";
import {
  areAllTaken,
  type Fingerprints,
  isRemoval,
  pack,
  type PackedRows,
  type Row,
  unpack,
  withRows,
} from "./write_rows.ts";

/** How a write ended. */
export interface Ending {
  /** Its answer lacks what was written. */
  readonly isUndone: boolean;
  readonly dueAt?: number | undefined;
}

/** Longer than the longest delay, so that one who undoes every write for ever makes one long row. */
const REMEMBER_MS = 15 * 60_000;

/**
 * What was written for a binding lately, place by place. The same write to the same place again
 * means that somebody undid it. The first time it is made again at once, since people mend and
 * restore things by hand. Whoever does so in a row is followed ever more slowly.
 */
export type Writes = PackedRows;

/** What keeps a write from being made at `now`; undefined where nothing does. */
export function heldBy(
  writes: Writes,
  snapshot: Snapshot,
  action: Action,
  now: number,
): Repetition | undefined {
  const { rows } = unpack(writes);
  for (const mark of marksOf(snapshot, action)) {
    const row = repeatedBy(rows, mark, now) ?? likeOthers(rows, mark, now);
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
  const { rows, beyond } = unpack(writes);
  const before = rows.filter(({ at }) => isWithin(now, at, REMEMBER_MS));
  const written = marksOf(snapshot, action)
    .map((mark) => next(mark, repeatedBy(before, mark, now), ending, now, random));
  return {
    writes: pack(withRows({ rows: before, beyond }, written, random)),
    repetition: written.reduce<Repetition>(later, { times: 0, notBefore: -Infinity }),
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

/** The write before, if it was of the same state, lately, and is not due again by itself. */
function repeatedBy(
  before: readonly Row[],
  { place, state }: Fingerprints,
  now: number,
): Row | undefined {
  const row = before.find((each) => each.place === place);
  if (row?.state !== state) return undefined;
  return isWithin(now, row.at, REMEMBER_MS) && now < row.dueAt ? row : undefined;
}

/**
 * The one that waits longest of those that do the same elsewhere, where there are more places than
 * rows. Nothing tells whether this one was undone, too. So it waits as they do.
 */
function likeOthers(before: readonly Row[], mark: Fingerprints, now: number): Row | undefined {
  if (!isRemoval(mark) || !areAllTaken(before)) return undefined;
  if (before.some(({ place }) => place === mark.place)) return undefined;
  return before
    .filter(({ at, state }) => state === mark.state && isWithin(now, at, REMEMBER_MS))
    .reduce<Row | undefined>(
      (longest, row) => longest && longest.notBefore >= row.notBefore ? longest : row,
      undefined,
    );
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

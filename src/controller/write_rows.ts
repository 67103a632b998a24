import { fingerprint } from "../runtime/text/fingerprint.ts";
import type { Random } from "../runtime/random.ts";
import { DELETED } from "./execute/actions/delete_secret.ts";
import { ATTACHED, DETACHED } from "./execute/actions/references.ts";
import type { Repetition } from "./plan/trouble.ts";

/** Those of a place in the cluster, and of the state into which a write puts it. */
export interface Fingerprints {
  readonly place: number;
  readonly state: number;
}

/** The last write to a place. Moments in milliseconds since the epoch. */
export interface Row extends Fingerprints, Repetition {
  readonly at: number;
  /** From when on the same write is due by itself, as that of a new credential is. */
  readonly dueAt: number;
}

/** Rows one after another, since thousands of bindings have four each: a tenth of the memory. */
export type PackedRows = readonly number[];

/** The rows that are kept of what was written for a binding. */
export interface Rows {
  readonly rows: readonly Row[];
  /** How many removals found all rows for removals taken. */
  readonly beyond: number;
}

/** One for each account that a binding named lately. */
const MOST_ATTACHMENTS = 4;
const MOST_REMOVALS = 8;

const ATTACHMENT = fingerprint(ATTACHED);
const REMOVALS: readonly number[] = [fingerprint(DETACHED), fingerprint(DELETED)];

type RowNumbers = [number, number, number, number, number, number];
const NUMBERS_OF_A_ROW = 6;

/** The rows as numbers. How many are beyond comes last, where any are. */
export function pack({ rows, beyond }: Rows): PackedRows {
  const numbers: number[] = [];
  for (const { place, state, at, times, notBefore, dueAt } of rows) {
    numbers.push(place, state, at, times, notBefore, dueAt);
  }
  if (beyond > 0) numbers.push(beyond);
  return numbers;
}

/** The rows that numbers hold. */
export function unpack(numbers: PackedRows): Rows {
  const rows: Row[] = [];
  const end = numbers.length - numbers.length % NUMBERS_OF_A_ROW;
  for (let index = 0; index < end; index += NUMBERS_OF_A_ROW) {
    const [place, state, at, times, notBefore, dueAt] = numbers.slice(index) as RowNumbers;
    rows.push({ place, state, at, times, notBefore, dueAt });
  }
  return { rows, beyond: numbers[end] ?? 0 };
}

/**
 * The rows with those that were written. Of the finalizer, the Secret and the status there is one row
 * each; of references and of what was taken away there may be more than are kept.
 */
export function withRows(before: Rows, written: readonly Row[], random: Random): Rows {
  const places = new Set(before.rows.map(({ place }) => place));
  const kept = before.rows.filter(({ place }) => written.every((row) => row.place !== place));
  let beyond = areAllTaken(before.rows) ? before.beyond : 0;
  for (const row of written) {
    if (!isRemoval(row) || places.has(row.place) || !areAllTaken(kept)) kept.push(row);
    else takePlace(kept, row, ++beyond, random);
  }
  const attachments = kept.filter(({ state }) => state === ATTACHMENT);
  const forgotten = new Set(attachments.slice(0, -MOST_ATTACHMENTS));
  return { rows: kept.filter((row) => !forgotten.has(row)), beyond };
}

/** Whether a write takes something away, of which others decide in how many places it is. */
export function isRemoval({ state }: Fingerprints): boolean {
  return REMOVALS.includes(state);
}

/** Whether no row is left for one more place from which something was taken away. */
export function areAllTaken(rows: readonly Row[]): boolean {
  return rows.filter(isRemoval).length >= MOST_REMOVALS;
}

/**
 * The rows are a fair sample of all places (Vitter's algorithm R): were they the last ones, the row
 * of none of many would be left when somebody undoes them all. One that repeats keeps its row.
 */
function takePlace(rows: Row[], row: Row, beyond: number, random: Random): void {
  if (random() >= MOST_REMOVALS / (MOST_REMOVALS + beyond)) return;
  const single = rows.filter((each) => isRemoval(each) && each.times === 1);
  const given = single[Math.floor(random() * single.length)];
  if (given !== undefined) rows.splice(rows.indexOf(given), 1, row);
}

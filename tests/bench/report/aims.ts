import type { Figures, Range } from "./result.ts";
import { apart, inUnit } from "./text.ts";

/** What an aim is judged by: the figures of one run, and those of the floor, where it was run. */
type Value = (figures: Figures, floor: Figures | undefined) => number | undefined;

/** What is hoped for. */
export interface Aim {
  readonly what: string;
  readonly limit: number;
  readonly unit: string;
  /** Not a limit but the only value that will do. */
  readonly exact: boolean;
  readonly value: Value;
}

/** What came of an aim. */
export interface Judgement {
  /** Such as `all ready <= 12 s`. */
  readonly what: string;
  /** Undefined where its figure was not measured. */
  readonly met: boolean | undefined;
  /** What came, with its unit, in as many digits as tell it from the limit. */
  readonly came: string;
}

/** An aim that a figure must not exceed. */
export function atMost(what: string, limit: number, unit: string, value: Value): Aim {
  return { what, limit, unit, exact: false, value };
}

/** An aim that a figure must meet exactly, in every run. */
export function exactly(what: string, limit: number, value: Value): Aim {
  return { what, limit, unit: "", exact: true, value };
}

/** The aim as it is written down. */
export function aimText({ what, limit, unit, exact }: Aim): string {
  return exact ? `${limit} ${what}` : `${what} <= ${inUnit(`${limit}`, unit)}`;
}

/** Judges one or more runs by their median. */
export function judge(
  aim: Aim,
  runs: readonly Figures[],
  floor: Figures | undefined,
): Judgement {
  const values = runs
    .map((figures) => aim.value(figures, floor))
    .filter((value) => value !== undefined)
    .toSorted((a, b) => a - b);
  const what = aimText(aim);
  if (values.length === 0 || values.length < runs.length) {
    return { what, met: undefined, came: "not measured" };
  }
  const middle = median(values);
  const met = aim.exact ? values.every((value) => value === aim.limit) : middle <= aim.limit;
  return { what, met, came: cameText(aim, middle, [values[0]!, values.at(-1)!]) };
}

/** The middle of numbers in their order; of an even count the lower one. */
export function median(ordered: readonly number[]): number {
  return ordered[Math.floor((ordered.length - 1) / 2)]!;
}

function cameText({ limit, unit }: Aim, value: number, [least, most]: Range): string {
  const text = inUnit(apart(value, limit), unit);
  return least === most ? text : `${text} (${apart(least, limit)} to ${apart(most, limit)})`;
}

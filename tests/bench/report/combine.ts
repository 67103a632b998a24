import { judge, median } from "./aims.ts";
import type { Figures, Line, Measurement, Range, Result } from "./result.ts";

/**
 * One result of all runs of a line: the median of each figure, and the run in the middle's calls.
 * With no aims to be judged, `judged` is false.
 */
export function combined(
  { aims, ...line }: Line,
  runs: readonly Measurement[],
  floor: Figures | undefined,
  judged: boolean,
): Result {
  const middle =
    runs.toSorted((a, b) =>
      (a.readySeconds ?? 0) - (b.readySeconds ?? 0)
    )[Math.floor((runs.length - 1) / 2)];
  const figures: Record<string, number> = {};
  const ranges: Record<string, Range> = {};
  for (const [name, value] of Object.entries(middle ?? {})) {
    if (typeof value !== "number") continue;
    const values = runs.map((run) => run[name as NumericFigure])
      .filter((each) => each !== undefined)
      .toSorted((a, b) => a - b);
    figures[name] = median(values);
    if (values[0] !== values.at(-1)) ranges[name] = [values[0]!, values.at(-1)!];
  }
  return {
    ...line,
    runs: runs.length,
    ...middle,
    ...figures,
    ranges,
    aims: judged ? aims.map((aim) => judge(aim, runs, floor)) : [],
    problems: [...new Set(runs.flatMap(({ problems }) => problems))],
  };
}

type NumericFigure = {
  [Name in keyof Figures]-?: NonNullable<Figures[Name]> extends number ? Name : never;
}[keyof Figures];

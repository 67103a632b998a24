import type { Figures, Result } from "./result.ts";
import type { Table } from "./table.ts";
import { count, figure, size } from "./text.ts";

const COLUMNS = [
  "Bindings",
  "Time a binding",
  "CPU a binding",
  "Writes a binding",
  "Peak RSS",
  "Longest stall",
];

/** What one binding costs among few and among many. */
export function growthTable(results: readonly Result[]): Table {
  const sizes = results.filter(({ kind }) => kind === "growth");
  return {
    heading: "Growth",
    columns: COLUMNS,
    rows: sizes.map((result) => [
      count(Number(result.case.slice(result.case.indexOf("-") + 1))),
      figure(each(result.readySeconds, result), "ms"),
      figure(each(result.cpuSeconds, result), "ms"),
      figure(result.writesPerBinding, ""),
      size(result.peakRssBytes),
      figure(result.stallSeconds, "s"),
    ]),
  };
}

/** How many times the CPU of a binding among few a binding among many takes. */
export function cpuTimes(few: Figures, many: Figures): number | undefined {
  const [least, most] = [each(few.cpuSeconds, few), each(many.cpuSeconds, many)];
  return least && most && most / least;
}

/** Milliseconds a binding. */
function each(seconds: number | undefined, { bindings = 1 }: Figures): number | undefined {
  return seconds === undefined ? undefined : seconds / bindings * 1000;
}

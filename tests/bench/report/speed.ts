import type { Result } from "./result.ts";
import type { Table } from "./table.ts";
import { figure, size } from "./text.ts";

/** A column: its heading, and what it shows of a result. */
type Column = readonly [string, (result: Result) => string];

const SPEED: readonly Column[] = [
  ["Case", name],
  ["All ready", allReady],
  ["p50", ({ p50Seconds, ranges }) => figure(p50Seconds, "s", ranges["p50Seconds"])],
  ["CPU", ({ cpuSeconds, ranges }) => figure(cpuSeconds, "s", ranges["cpuSeconds"])],
  ["API server's CPU", ({ serverCpuSeconds }) => figure(serverCpuSeconds, "s")],
  ["Peak RSS", ({ peakRssBytes, ranges }) => size(peakRssBytes, ranges["peakRssBytes"])],
  ["Longest stall", longestStall],
];

const MEMORY: readonly Column[] = [
  ["Case", name],
  ["RSS", ({ rssBytes, ranges }) => size(rssBytes, ranges["rssBytes"])],
  ["of it Deno's files", ({ mappedBytes }) => size(mappedBytes)],
  ["Peak RSS", ({ peakRssBytes, ranges }) => size(peakRssBytes, ranges["peakRssBytes"])],
  [
    "CPU a second",
    ({ idleCpuMillisPerSecond, ranges }) =>
      figure(idleCpuMillisPerSecond, "ms", ranges["idleCpuMillisPerSecond"]),
  ],
  ["Longest stall", longestStall],
];

/** How long work takes, and what it costs. Of several runs the median, with the range. */
export function speedTable(results: readonly Result[]): Table {
  return tableOf("Speed", SPEED, results.filter(({ kind }) => kind === "rollout"));
}

/** What an operator without work takes. */
export function memoryTable(results: readonly Result[]): Table {
  const without = results.filter(({ kind }) => kind === "memory" || kind === "idle");
  return tableOf("Without work", MEMORY, without);
}

function tableOf(heading: string, columns: readonly Column[], results: readonly Result[]): Table {
  return {
    heading,
    columns: columns.map(([column]) => column),
    rows: results.map((result) => columns.map(([, show]) => show(result))),
  };
}

function allReady({ readySeconds, oomKills = 0, ranges }: Result): string {
  if (readySeconds === undefined && oomKills > 0) return "killed";
  return figure(readySeconds, "s", ranges["readySeconds"]);
}

/** How long the event loop was kept from all that waited for it. */
function longestStall({ stallSeconds, ranges }: Result): string {
  return figure(stallSeconds, "s", ranges["stallSeconds"]);
}

function name({ case: name, title }: Result): string {
  return `${name}: ${title}`;
}

import { bindingWrites, type Calls } from "../cluster/api_calls.ts";
import { type Aim, megabytes, type Result } from "./result.ts";

/** A column: its heading, and what it shows of a result. */
type Column = readonly [string, (result: Result) => string];

const COLUMNS: readonly Column[] = [
  ["Case", ({ title, bindings }) => title === "growth" ? `growth: ${bindings}` : title],
  ["All ready", ({ readySeconds }) => number(readySeconds, "s")],
  ["p50", ({ p50Seconds }) => number(p50Seconds, "s")],
  ["CPU", cpuText],
  ["API server's CPU", ({ serverCpuSeconds }) => number(serverCpuSeconds, "s")],
  ["Peak RSS", ({ peakRssBytes }) => bytes(peakRssBytes)],
  ["RSS", ({ rssBytes }) => bytes(rssBytes)],
  ["of it Deno's files", ({ mappedBytes }) => bytes(mappedBytes)],
  ["Azure calls", ({ azure }) => azure === undefined ? "" : counts(azure.calls)],
  ["API writes", writesText],
  ["Throttled", throttledText],
  ["Aims", ({ aims, problems }) => aimsText(aims, problems)],
];

/** The rows of the table, its heading first. */
export function tableRows(results: readonly Result[]): string[][] {
  return [
    COLUMNS.map(([heading]) => heading),
    ...results.map((result) => COLUMNS.map(([, show]) => show(result))),
  ];
}

/** A table for a terminal. */
export function plainTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd())
    .join("\n");
}

/** The same in Markdown. */
export function markdownTable(rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head!), line(head!.map(() => "---")), ...body.map(line)].join("\n");
}

/** What a binding costs, one row a size. */
export function growthRows(results: readonly Result[]): string[][] {
  const sizes = results.filter(({ case: name }) => name.startsWith("growth-"));
  if (sizes.length === 0) return [];
  const head = ["Bindings", "Time a binding", "CPU a binding", "Writes a binding", "Peak RSS"];
  return [
    head,
    ...sizes.map(({ bindings = 1, readySeconds, cpuSeconds, writesPerBinding, peakRssBytes }) => [
      `${bindings}`,
      number((readySeconds ?? 0) / bindings * 1000, "ms"),
      number((cpuSeconds ?? 0) / bindings * 1000, "ms"),
      number(writesPerBinding, ""),
      bytes(peakRssBytes),
    ]),
  ];
}

function cpuText({ cpuSeconds, idleCpuMillisPerSecond }: Result): string {
  return idleCpuMillisPerSecond === undefined
    ? number(cpuSeconds, "s")
    : number(idleCpuMillisPerSecond, "ms/s");
}

function writesText({ writesPerBinding, calls, bindings = 0 }: Result): string {
  if (writesPerBinding !== undefined && bindings > 1) {
    return `${number(writesPerBinding, "")} a binding`;
  }
  return calls === undefined ? "" : `${bindingWrites(calls)}`;
}

function throttledText({ azure, calls }: Result): string {
  if (azure === undefined) return "";
  const { rate, concurrency } = azure.throttles;
  return `IMDS ${rate + concurrency}, API ${refused(calls ?? {}, "429")}`;
}

function refused(calls: Calls, code: string): number {
  return Object.entries(calls)
    .filter(([name]) => name.endsWith(` ${code}`))
    .reduce((sum, [, value]) => sum + value, 0);
}

function aimsText(aims: readonly Aim[], problems: readonly string[]): string {
  const missed = aims.filter(({ met }) => !met).map(({ what, came }) => `MISSED ${what}: ${came}`);
  const kept = aims.length - missed.length;
  const met = aims.length === 0 ? [] : [`${kept} of ${aims.length} met`];
  return [...met, ...missed, ...problems.map((problem) => `PROBLEM ${problem}`)].join("; ");
}

function counts(calls: Readonly<Record<string, number>>): string {
  return Object.entries(calls)
    .filter(([, value]) => value > 0)
    .map(([kind, value]) => `${value} ${kind}`)
    .join(", ");
}

function number(value: number | undefined, unit: string): string {
  if (value === undefined) return "";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${Number(value.toFixed(digits))}${unit === "" ? "" : ` ${unit}`}`;
}

function bytes(value: number | undefined): string {
  return value === undefined ? "" : `${megabytes(value).toFixed(1)} MB`;
}

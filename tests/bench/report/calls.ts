import type { Figures, Result } from "./result.ts";
import type { Table } from "./table.ts";
import { count } from "./text.ts";

/** A row: its heading, and the number that it shows of a result. */
type Row = readonly [string, (figures: Figures) => number | undefined];

/** Those that are shown however often they were. */
const FIXED: readonly Row[] = [
  ["IMDS", ({ azure }) => azure?.calls.imds],
  ["Entra", ({ azure }) => azure?.calls.entra],
  ["registry: exchange", ({ azure }) => azure?.calls.exchange],
  ["registry: scoped token", ({ azure }) => azure?.calls.token],
  ["refused by IMDS's rate", ({ azure }) => azure?.throttles.rate],
  ["refused by IMDS's concurrency", ({ azure }) => azure?.throttles.concurrency],
  ["refused by the API server (429)", ({ calls }) => calls && refused(calls)],
];

/** Calls to Azure by kind and to the API server by verb and resource, one column a case. */
export function callsTable(results: readonly Result[]): Table {
  const shown = results.filter(({ kind }) => kind === "rollout" || kind === "idle");
  const most = new Map<string, number>();
  for (const { calls = {} } of shown) {
    for (const [name, value] of Object.entries(calls)) {
      most.set(name, Math.max(value, most.get(name) ?? 0));
    }
  }
  const names = [...most.keys()]
    .toSorted((a, b) => most.get(b)! - most.get(a)! || (a < b ? -1 : 1));
  const rows: Row[] = [
    ...FIXED,
    ...names.map((name): Row => [name, ({ calls }) => calls && (calls[name] ?? 0)]),
  ];
  return {
    heading: "Calls",
    columns: ["Calls", ...shown.map(({ case: name }) => name)],
    rows: rows.map(([heading, value]) => [heading, ...shown.map((result) => cell(value(result)))]),
  };
}

function cell(value: number | undefined): string {
  return value === undefined ? "" : count(value);
}

function refused(calls: Readonly<Record<string, number>>): number {
  return Object.entries(calls)
    .filter(([name]) => name.endsWith(" 429"))
    .reduce((sum, [, value]) => sum + value, 0);
}

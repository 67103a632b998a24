import { CASES } from "../cases/all.ts";
import { callsTable } from "./calls.ts";
import { combined } from "./combine.ts";
import { report } from "./report.ts";
import { parseTables, type Table } from "./table.ts";

/** Rows of the calls' table that any roll-out has. */
const WRITES = [
  "create secrets",
  "patch acrpullbindings",
  "patch acrpullbindings/status",
  "patch serviceaccounts",
];

/** A table without its figures: what a run cannot change. */
interface Shape {
  readonly heading: string;
  readonly columns: readonly string[];
  /** Each row's first cell, and for an aim the second. */
  readonly rows: readonly string[];
}

/**
 * Where what is said to have been printed by a whole run differs from what the code would print:
 * tables, columns, cases, aims. One sentence each; none where all is there.
 */
export function differences(printed: string): string[] {
  const expected = parseTables(wholeRun()).map(shapeOf);
  const actual = parseTables(printed).map(shapeOf);
  return [
    ...compared("tables", expected.map(({ heading }) => heading), actual.map((t) => t.heading)),
    ...expected.flatMap((shape) => {
      const other = actual.find(({ heading }) => heading === shape.heading);
      return other === undefined ? [] : [
        ...compared(`columns of ${shape.heading}`, shape.columns, other.columns),
        ...compared(`rows of ${shape.heading}`, shape.rows, other.rows),
      ];
    }),
    ...originProblems(printed),
  ];
}

/** What a whole run prints, with neither machine nor figures. */
function wholeRun(): string {
  const results = CASES.flatMap(({ lines }) =>
    lines.map((line) => combined(line, [], undefined, true))
  );
  return report(results, { machine: "", date: "", command: "" });
}

/** Which calls there are differs from run to run, but for those that are always shown. */
function shapeOf({ heading, columns, rows }: Table): Shape {
  const calls = callsTable([]);
  const first = (row: readonly string[]) => row[0]!;
  if (heading === "Measured") return { heading, columns, rows: [] };
  if (heading === "Aims") {
    return {
      heading,
      columns,
      rows: rows.map((row) => `${row[0]}: ${row[1]}`),
    };
  }
  if (heading !== calls.heading) return { heading, columns, rows: rows.map(first) };
  const fixed = [...calls.rows.map(first), ...WRITES];
  const known = new Set(rows.map(first));
  // Without figures there is no call to the API server whatever.
  const shown = known.size === calls.rows.length ? fixed : fixed.filter((row) => known.has(row));
  return { heading, columns, rows: shown };
}

function compared(
  what: string,
  expected: readonly string[],
  actual: readonly string[],
): string[] {
  const missing = expected.filter((each) => !actual.includes(each));
  const foreign = actual.filter((each) => !expected.includes(each));
  return [
    ...missing.map((each) => `${what}: ${each} is missing`),
    ...foreign.map((each) => `${what}: ${each} is not printed by the bench`),
    ...(missing.length + foreign.length === 0 && expected.join() !== actual.join()
      ? [`${what}: their order is another`]
      : []),
  ];
}

function originProblems(printed: string): string[] {
  const [origin] = parseTables(printed);
  const [machine = "", date = "", command = ""] = origin?.rows[0] ?? [];
  return [
    ...(/\d+ cores of .+ GB, Linux .+ Deno [\d.]+$/.test(machine) ? [] : ["no machine is named"]),
    ...(/^\d{4}-\d\d-\d\d$/.test(date) ? [] : ["no date is named"]),
    ...(command === "`deno task bench --readme`" ? [] : ["the command is not that of a whole run"]),
  ];
}

import { callsTable } from "./calls.ts";
import { growthTable } from "./growth.ts";
import type { Result } from "./result.ts";
import { memoryTable, speedTable } from "./speed.ts";
import { markdown, type Table } from "./table.ts";
import { aimsTable, problemsTable } from "./verdicts.ts";

/** Where, when and how it was measured. */
export interface Origin {
  readonly machine: string;
  /** As YYYY-MM-DD. */
  readonly date: string;
  readonly command: string;
}

/** Every table that has something to show. */
export function tables(results: readonly Result[], origin: Origin): Table[] {
  return [
    originTable(origin),
    speedTable(results),
    memoryTable(results),
    growthTable(results),
    callsTable(results),
    aimsTable(results),
    problemsTable(results),
  ].filter(({ columns, rows }) => rows.length > 0 && columns.length > 1);
}

/** What the bench prints at its end, in Markdown. */
export function report(results: readonly Result[], origin: Origin): string {
  return tables(results, origin).map(markdown).join("\n\n");
}

function originTable({ machine, date, command }: Origin): Table {
  return {
    heading: "Measured",
    columns: ["Machine", "Date", "Command"],
    rows: [[machine, date, `\`${command}\``]],
  };
}

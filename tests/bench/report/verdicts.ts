import type { Judgement } from "./aims.ts";
import type { Result } from "./result.ts";
import type { Table } from "./table.ts";

/** Every aim of every case, and what came of it. */
export function aimsTable(results: readonly Result[]): Table {
  return {
    heading: "Aims",
    columns: ["Case", "Aim", "Came", "Met"],
    rows: results.flatMap(({ case: name, aims }) =>
      aims.map((aim) => [name, aim.what, aim.came, verdict(aim)])
    ),
  };
}

/** What went otherwise than it should have; without any, a table without rows. */
export function problemsTable(results: readonly Result[]): Table {
  return {
    heading: "Problems",
    columns: ["Case", "PROBLEM"],
    rows: results.flatMap(({ case: name, problems }) =>
      problems.map((problem) => [name, problem.replaceAll("|", "\\|")])
    ),
  };
}

function verdict({ met }: Judgement): string {
  if (met === undefined) return "?";
  return met ? "yes" : "MISSED";
}

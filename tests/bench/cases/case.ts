import type { Workload } from "../cluster/workload.ts";
import type { Line, Measurement, Result } from "../report/result.ts";
import type { Bench } from "../scenario.ts";

/** Something to measure. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** What it adds to the tables. */
  readonly lines: readonly Line[];
  /** How often it is measured, for a median. Once with `--quick`. */
  readonly runs: number;
  /** Yields what it measured for each of its lines. Rejects when it could not be measured. */
  run(bench: Bench, before: readonly Result[]): AsyncIterable<Measurement>;
  /** What is rolled out with `--profile`. A case without it cannot be profiled. */
  readonly profiled?: (bench: Bench) => Workload;
}

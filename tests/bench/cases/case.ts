import type { Result } from "../report/result.ts";
import type { Bench } from "../scenario.ts";

/** Something to measure. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** Yields a result for each line of the table. Rejects when it could not be measured. */
  run(bench: Bench, before: readonly Result[]): AsyncIterable<Result>;
}

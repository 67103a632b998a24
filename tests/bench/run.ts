import type { Case } from "./cases/case.ts";
import { combined } from "./report/combine.ts";
import type { Measurement, Result } from "./report/result.ts";
import type { Bench } from "./scenario.ts";

/**
 * Measures a case as often as it asks for and yields a result for each of its lines. A case that
 * cannot be measured yields them too, with what went wrong first among their problems.
 */
export async function* measured(
  each: Case,
  bench: Bench,
  before: readonly Result[],
): AsyncGenerator<Result> {
  const measurements: Measurement[] = [];
  const problems: string[] = [];
  try {
    for (let run = 0; run < (bench.quick ? 1 : each.runs); run++) {
      for await (const measurement of each.run(bench, before)) measurements.push(measurement);
    }
  } catch (error) {
    const problem = messageOf(error);
    bench.say(`${each.name} could not be measured: ${problem}`);
    problems.push(problem.split("\n")[0]!);
  }
  const floor = before.find((result) => result.case === "floor");
  for (const line of each.lines) {
    const runs = measurements.filter((measurement) => measurement.case === line.case);
    if (runs.length === 0 && problems.length === 0) continue;
    const result = combined(line, runs, floor, !bench.quick);
    yield { ...result, problems: [...problems, ...result.problems] };
  }
}

/** What went wrong first, and what went wrong while that was cleared away. */
function messageOf(error: unknown): string {
  if (error instanceof SuppressedError) {
    return `${messageOf(error.suppressed)}; then ${messageOf(error.error)}`;
  }
  return error instanceof Error ? error.message : String(error);
}

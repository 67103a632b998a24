import assert from "node:assert/strict";
import type { Case } from "./cases/case.ts";
import type { Line } from "./report/result.ts";
import { measured } from "./run.ts";
import type { Bench } from "./scenario.ts";

const LINES = ["a", "b"].map((name): Line => ({
  case: name,
  title: `title of ${name}`,
  kind: "idle",
  aims: [],
}));

/** A case whose runs yield the seconds given, for one line after the other. */
function caseOf(runs: readonly (readonly (number | Error)[])[]): Case {
  let next = 0;
  return {
    name: "some",
    title: "something",
    lines: LINES,
    runs: runs.length,
    async *run() {
      for (const [index, seconds] of runs[next++]!.entries()) {
        await Promise.resolve();
        if (seconds instanceof Error) throw seconds;
        yield { case: LINES[index]!.case, readySeconds: seconds, problems: [] };
      }
    },
  };
}

async function resultsOf(
  each: Case,
  quick = false,
): Promise<{ results: unknown[]; said: string[] }> {
  const said: string[] = [];
  const bench = { quick, say: (line: string) => void said.push(line) } as unknown as Bench;
  const results = await Array.fromAsync(
    measured(each, bench, []),
    ({ case: name, runs, readySeconds, problems }) => ({ name, runs, readySeconds, problems }),
  );
  return { results, said };
}

Deno.test("a case is run as often as it asks for, and once where it must be quick", async () => {
  const runs = [[5, 50], [3, 30], [4, 40]];
  const whole = await resultsOf(caseOf(runs));
  assert.deepEqual(whole.results, [
    { name: "a", runs: 3, readySeconds: 4, problems: [] },
    { name: "b", runs: 3, readySeconds: 40, problems: [] },
  ]);
  const quick = await resultsOf(caseOf(runs), true);
  assert.deepEqual(quick.results, [
    { name: "a", runs: 1, readySeconds: 5, problems: [] },
    { name: "b", runs: 1, readySeconds: 50, problems: [] },
  ]);
});

Deno.test("a case that cannot be measured yields its lines with what went wrong first", async () => {
  const cause = new Error("no room\nat all");
  const failure = new SuppressedError(new Error("not cleared away"), cause);
  const { results, said } = await resultsOf(caseOf([[5, failure]]));
  assert.deepEqual(results, [
    { name: "a", runs: 1, readySeconds: 5, problems: ["no room"] },
    { name: "b", runs: 0, readySeconds: undefined, problems: ["no room"] },
  ]);
  assert.deepEqual(said, ["some could not be measured: no room\nat all; then not cleared away"]);
});

Deno.test("a line that a quick run leaves out is left out", async () => {
  const { results } = await resultsOf(caseOf([[5]]), true);
  assert.deepEqual(results, [{ name: "a", runs: 1, readySeconds: 5, problems: [] }]);
});

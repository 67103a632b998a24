import { oneIdentity } from "../cluster/workload.ts";
import { atMost, type Result } from "../report/result.ts";
import { type Bench, type Measured } from "../scenario.ts";
import type { Case } from "./case.ts";
import { rollOut } from "./rollout.ts";

const TITLE = "cold start, one binding (median)";
const WITHIN_MS = 20_000;

/** From the start of the process to the first credential. */
export const coldCase: Case = { name: "cold", title: TITLE, run };

async function* run(bench: Bench): AsyncGenerator<Result> {
  const runs: Measured[] = [];
  for (let i = 0; i < (bench.quick ? 3 : 7); i++) {
    runs.push((await rollOut(bench, oneIdentity(1), { withinMs: WITHIN_MS })).run);
  }
  const ordered = runs.toSorted((a, b) => a.readySeconds - b.readySeconds);
  const { operator: _, problems, ...figures } = ordered[Math.floor(runs.length / 2)]!;
  yield {
    case: "cold",
    title: TITLE,
    ...figures,
    aims: [atMost("ready", figures.readySeconds, 0.6, "s")],
    problems,
  };
}

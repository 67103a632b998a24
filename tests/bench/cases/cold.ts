import { oneIdentity } from "../cluster/workload.ts";
import { atMost } from "../report/aims.ts";
import type { Line, Measurement } from "../report/result.ts";
import type { Bench } from "../scenario.ts";
import type { Case } from "./case.ts";
import { rollOut } from "./rollout.ts";

const LINE: Line = {
  case: "cold",
  title: "cold start, one binding",
  kind: "rollout",
  aims: [atMost("ready", 0.6, "s", ({ readySeconds }) => readySeconds)],
};
const WITHIN_MS = 20_000;

/** From the start of the process to the first credential. */
export const coldCase: Case = {
  name: LINE.case,
  title: LINE.title,
  lines: [LINE],
  runs: 7,
  run,
  profiled: () => oneIdentity(1),
};

async function* run(bench: Bench): AsyncGenerator<Measurement> {
  yield { case: LINE.case, ...await rollOut(bench, oneIdentity(1), { withinMs: WITHIN_MS }) };
}

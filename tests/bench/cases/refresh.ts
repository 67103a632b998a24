import {
  EXPIRY_ANNOTATION,
  FIELD_MANAGER,
  REFRESH_ANNOTATION,
} from "../../../src/controller/conventions.ts";
import { oneIdentity } from "../cluster/workload.ts";
import { atMost, exactly } from "../report/aims.ts";
import type { Line, Measurement } from "../report/result.ts";
import { type Bench, measure, Scenario } from "../scenario.ts";
import type { Case } from "./case.ts";

const LINE: Line = {
  case: "refresh",
  title: "1,000 due for refresh at once",
  kind: "rollout",
  aims: [
    atMost("writes a binding", 2, "", (figures) => figures.writesPerBinding),
    exactly("IMDS call", 1, ({ azure }) => azure?.calls.imds),
    exactly("exchange", 1, ({ azure }) => azure?.calls.exchange),
  ],
};

/** v1beta1 refreshes 30 minutes before expiry, so that this is overdue and urgent. */
const LEFT_MS = 10 * 60_000;

/** An operator that comes back to credentials that all need a successor now. */
export const refreshCase: Case = {
  name: LINE.case,
  title: LINE.title,
  lines: [LINE],
  runs: 1,
  run,
};

async function* run(bench: Bench): AsyncGenerator<Measurement> {
  const count = bench.quick ? 200 : 1_000;
  await using scenario = await Scenario.prepare(bench, oneIdentity(count));
  const first = await measure(scenario, { withinMs: 60_000 });
  await first.operator.stop();
  const soon = timeText(Date.now() + LEFT_MS);
  const annotations = {
    [EXPIRY_ANNOTATION]: soon,
    [REFRESH_ANNOTATION]: timeText(Date.now() - LEFT_MS),
  };
  await scenario.namespace.patchSecrets({ metadata: { annotations } }, FIELD_MANAGER);
  const startedAt = timeText(Date.now());
  const { operator, ...measured } = await measure(scenario, {
    withinMs: 60_000,
    condition: ({ status }) => (status?.lastTokenRefreshTime ?? "") >= startedAt,
  });
  await operator.stop();
  yield { case: LINE.case, ...measured };
}

/** RFC 3339 in whole seconds, as annotations and status have it. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

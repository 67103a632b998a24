import {
  EXPIRY_ANNOTATION,
  FIELD_MANAGER,
  REFRESH_ANNOTATION,
} from "../../../src/controller/conventions.ts";
import { oneIdentity } from "../cluster/workload.ts";
import { atMost, exactly, type Result } from "../report/result.ts";
import { type Bench, measure, Scenario } from "../scenario.ts";
import type { Case } from "./case.ts";

const TITLE = "1,000 due for refresh at once";

/** v1beta1 refreshes 30 minutes before expiry, so that this is overdue and urgent. */
const LEFT_MS = 10 * 60_000;

/** An operator that comes back to credentials that all need a successor now. */
export const refreshCase: Case = { name: "refresh", title: TITLE, run };

async function* run(bench: Bench): AsyncGenerator<Result> {
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
  const measured = await measure(scenario, {
    withinMs: 60_000,
    condition: ({ status }) => (status?.lastTokenRefreshTime ?? "") >= startedAt,
  });
  await measured.operator.stop();
  const { operator: _, problems, ...figures } = measured;
  yield {
    case: "refresh",
    title: TITLE,
    ...figures,
    aims: bench.quick ? [] : [
      atMost("writes a binding", figures.writesPerBinding, 2, ""),
      exactly("IMDS call", figures.azure.calls.imds, 1),
      exactly("exchange", figures.azure.calls.exchange, 1),
    ],
    problems,
  };
}

/** RFC 3339 in whole seconds, as annotations and status have it. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

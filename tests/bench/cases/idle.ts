import { bindingWrites, difference, serverWrites } from "../cluster/api_calls.ts";
import { oneIdentity } from "../cluster/workload.ts";
import { atMost, exactly, megabytes, type Result } from "../report/result.ts";
import { type Bench, measure, Scenario } from "../scenario.ts";
import { seenBetween } from "../servers/azure.ts";
import type { OperatorProcess } from "../servers/operator.ts";
import type { Case } from "./case.ts";

const TITLE = "idle with 1,000";

/** An operator that has nothing to do, after its work and after a restart. */
export const idleCase: Case = { name: "idle", title: TITLE, run };

async function* run(bench: Bench): AsyncGenerator<Result> {
  const count = bench.quick ? 200 : 1_000;
  await using scenario = await Scenario.prepare(bench, oneIdentity(count));
  const { operator } = await measure(scenario, { withinMs: 60_000 });
  yield await idle(scenario, operator, "idle", `${TITLE}, after their roll-out`);
  await operator.stop();
  const restarted = await scenario.start();
  yield await idle(scenario, restarted, "idle-restarted", `${TITLE}, after a restart`);
  await restarted.stop();
}

async function idle(
  { bench, azure }: Scenario,
  operator: OperatorProcess,
  name: string,
  title: string,
): Promise<Result> {
  // V8 gives back what work has left behind within half a minute; then it is idle.
  const [settleMs, windowMs] = bench.quick ? [3_000, 10_000] : [30_000, 60_000];
  const seenBefore = await azure.seen();
  const writesAtStart = await serverWrites(bench.plane);
  await operator.runFor(settleMs);
  const before = operator.exactCpuSeconds();
  await operator.runFor(windowMs);
  const cpuMillis = (operator.exactCpuSeconds() - before) / windowMs * 1e6;
  const { rss, peak, mapped } = operator.memory();
  const writes = difference(writesAtStart, await serverWrites(bench.plane));
  const seen = seenBetween(seenBefore, await azure.seen());
  const mints = Object.values(seen.calls).reduce((sum, value) => sum + value, 0);
  return {
    case: name,
    title,
    bindings: bench.quick ? 200 : 1_000,
    idleCpuMillisPerSecond: cpuMillis,
    rssBytes: rss,
    mappedBytes: mapped,
    peakRssBytes: peak,
    calls: writes,
    azure: seen,
    aims: bench.quick ? [] : [
      atMost("CPU", cpuMillis, 2, "ms a second"),
      atMost("RSS", megabytes(rss), 65, "MB"),
      exactly("API writes but the Lease", bindingWrites(writes), 0),
      exactly("Azure calls", mints, 0),
    ],
    problems: seen.problems,
  };
}

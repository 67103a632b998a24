import { bindingWrites, difference, serverWrites } from "../cluster/api_calls.ts";
import { oneIdentity } from "../cluster/workload.ts";
import { type Aim, atMost, exactly } from "../report/aims.ts";
import { type Figures, type Line, type Measurement, megabytes } from "../report/result.ts";
import { type Bench, measure, Scenario } from "../scenario.ts";
import { seenBetween } from "../servers/azure.ts";
import type { OperatorProcess } from "../servers/operator.ts";
import type { Case } from "./case.ts";

const TITLE = "idle with 1,000";

const AIMS: readonly Aim[] = [
  atMost("CPU", 2, "ms a second", (figures) => figures.idleCpuMillisPerSecond),
  atMost("RSS", 65, "MB", ({ rssBytes }) => rssBytes && megabytes(rssBytes)),
  exactly("API writes but the Lease", 0, ({ calls }) => calls && bindingWrites(calls)),
  exactly("Azure calls", 0, mints),
];

const [WORKED, RESTARTED] = [
  { case: "idle", title: `${TITLE}, after their roll-out`, kind: "idle", aims: AIMS },
  { case: "idle-restarted", title: `${TITLE}, after a restart`, kind: "idle", aims: AIMS },
] as const satisfies readonly Line[];

/** An operator that has nothing to do, after its work and after a restart. */
export const idleCase: Case = {
  name: "idle",
  title: TITLE,
  lines: [WORKED, RESTARTED],
  runs: 3,
  run,
};

async function* run(bench: Bench): AsyncGenerator<Measurement> {
  const count = bench.quick ? 200 : 1_000;
  await using scenario = await Scenario.prepare(bench, oneIdentity(count));
  const { operator } = await measure(scenario, { withinMs: 60_000 });
  yield await idle(scenario, operator, WORKED);
  await operator.stop();
  const restarted = await scenario.start();
  yield await idle(scenario, restarted, RESTARTED);
  await restarted.stop();
}

async function idle(
  { bench, azure, workload }: Scenario,
  operator: OperatorProcess,
  line: Line,
): Promise<Measurement> {
  // V8 gives back what work has left behind within half a minute; then it is idle.
  const [settleMs, windowMs] = bench.quick ? [3_000, 10_000] : [30_000, 20_000];
  const seenBefore = await azure.seen();
  const writesAtStart = await serverWrites(bench.plane);
  await operator.runFor(settleMs);
  const before = operator.exactCpuSeconds();
  await operator.runFor(windowMs);
  const cpuMillis = (operator.exactCpuSeconds() - before) / windowMs * 1e6;
  const { rss, peak, mapped } = operator.memory();
  const seen = seenBetween(seenBefore, await azure.seen());
  return {
    case: line.case,
    bindings: workload.count,
    idleCpuMillisPerSecond: cpuMillis,
    rssBytes: rss,
    mappedBytes: mapped,
    peakRssBytes: peak,
    stallSeconds: await operator.longestStallSeconds(),
    calls: difference(writesAtStart, await serverWrites(bench.plane)),
    azure: seen,
    problems: seen.problems,
  };
}

function mints({ azure }: Figures): number | undefined {
  return azure && Object.values(azure.calls).reduce((sum, value) => sum + value, 0);
}

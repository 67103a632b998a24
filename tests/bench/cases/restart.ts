import { bindingWrites, difference, serverWrites } from "../cluster/api_calls.ts";
import { deleteLease, Renewals } from "../cluster/lease.ts";
import { workloadIdentities } from "../cluster/workload.ts";
import { type Cgroup, createCgroup } from "../machine/cgroup.ts";
import { atMost, exactly } from "../report/aims.ts";
import type { Line, Measurement } from "../report/result.ts";
import { type Bench, measure, Scenario } from "../scenario.ts";
import { seenBetween } from "../servers/azure.ts";
import { HealthProber } from "../servers/health_prober.ts";
import type { OperatorProcess } from "../servers/operator.ts";
import type { Case } from "./case.ts";
import { confined, type Run } from "./confined.ts";
import { POD } from "./pod.ts";

const LINE: Line = {
  case: "restart-5000-pod",
  title: "restart with 5,000 workload identity under 100m CPU and 100Mi",
  kind: "rollout",
  aims: [
    exactly("kills", 0, ({ oomKills }) => oomKills),
    atMost("renewals of the Lease apart", 5, "s", (figures) => figures.renewalGapSeconds),
    atMost("/healthz", 1, "s", ({ healthSeconds }) => healthSeconds),
    exactly("failed probes", 0, ({ failedProbes }) => failedProbes),
    exactly("API writes but the Lease", 0, ({ calls }) => calls && bindingWrites(calls)),
  ],
};

const WITHIN_MS = 300_000;
const POLL_MS = 2_000;
/** For what comes after the last binding was looked at. */
const AFTERWARDS_MS = 15_000;

/** An operator that comes back, in a pod as deployed, to thousands of bindings that need nothing. */
export const restartCase: Case = {
  name: LINE.case,
  title: LINE.title,
  lines: [LINE],
  runs: 1,
  run,
};

async function* run(bench: Bench): AsyncGenerator<Measurement> {
  const count = bench.quick ? 1_000 : 5_000;
  await using resources = new AsyncDisposableStack();
  const cgroup = createCgroup(POD);
  resources.defer(() => cgroup.remove());
  const scenario = resources.use(await Scenario.prepare(bench, workloadIdentities(count)));
  const { operator } = await measure(scenario, { withinMs: 240_000 });
  await operator.stop();
  const found = await confined(cgroup, count, bench.say, () => restarted(scenario, cgroup));
  yield { case: LINE.case, ...found };
}

async function restarted(scenario: Scenario, cgroup: Cgroup): Promise<Run> {
  const { bench, azure, workload } = scenario;
  await deleteLease(bench.plane);
  const writesBefore = await serverWrites(bench.plane);
  const azureBefore = await azure.seen();
  await using renewals = await Renewals.watch(bench.plane);
  const operator = await scenario.start({ cgroup });
  await using health = new HealthProber(operator.url("/healthz"));
  const readySeconds = await allLookedAt(operator, workload.count);
  const cpuSeconds = operator.cpuSeconds();
  await operator.runFor(AFTERWARDS_MS);
  const { peak, rss, mapped } = operator.memory();
  const seen = seenBetween(azureBefore, await azure.seen());
  const figures = {
    bindings: workload.count,
    readySeconds,
    cpuSeconds,
    peakRssBytes: peak,
    rssBytes: rss,
    mappedBytes: mapped,
    stallSeconds: await operator.longestStallSeconds(),
    renewalGapSeconds: renewals.longestGapSeconds(),
    healthSeconds: health.slowestSeconds,
    failedProbes: health.failures,
    azure: seen,
    calls: difference(writesBefore, await serverWrites(bench.plane)),
    problems: seen.problems,
  };
  await operator.stop();
  return figures;
}

/** Seconds from the start until the operator has looked at every binding. Rejects when it ends. */
async function allLookedAt(operator: OperatorProcess, count: number): Promise<number> {
  for (;;) {
    await operator.runFor(POLL_MS);
    const seconds = (performance.now() - operator.startedAt) / 1000;
    const looked = await operator.total("acrpull_reconcile_total").catch(() => 0);
    if (looked >= count) return seconds;
    if (seconds > WITHIN_MS / 1000) {
      throw await operator.failure(`has looked at ${looked} of ${count} bindings in ${seconds} s`);
    }
  }
}

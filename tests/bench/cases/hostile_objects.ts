import { HostileNamespace, type Hostility } from "../cluster/hostile.ts";
import { oneIdentity } from "../cluster/workload.ts";
import { type Cgroup, createCgroup } from "../machine/cgroup.ts";
import { type Aim, atMost, exactly } from "../report/aims.ts";
import { type Line, type Measurement, megabytes } from "../report/result.ts";
import { type Bench, measure, Scenario } from "../scenario.ts";
import type { Case } from "./case.ts";
import { confined, type Run } from "./confined.ts";

const TITLE = "beside objects as large as etcd takes, under 100Mi";

const AIMS: readonly Aim[] = [
  atMost("peak RSS", 100, "MB", ({ peakRssBytes }) => peakRssBytes && megabytes(peakRssBytes)),
  exactly("kills", 0, ({ oomKills }) => oomKills),
];

const [ROLLED_OUT, RESTARTED] = [
  { case: "hostile-objects", title: `1,000 v1beta1 ${TITLE}`, kind: "rollout", aims: AIMS },
  {
    case: "hostile-objects-restarted",
    title: `restarted with 1,000 ${TITLE}`,
    kind: "memory",
    aims: AIMS,
  },
] as const satisfies readonly Line[];

const LIMITS = { memoryBytes: 100 * 1024 * 1024 };
const HOSTILITY: Hostility = { accounts: 40, secrets: 40, scopes: 5 };
const WITHIN_MS = 120_000;
/** For what a change of all large objects brings about, and for the lists of a start. */
const SETTLE_MS = 10_000;

/** An operator among tenants who make everything as large as they can. */
export const hostileObjectsCase: Case = {
  name: ROLLED_OUT.case,
  title: ROLLED_OUT.title,
  lines: [ROLLED_OUT, RESTARTED],
  runs: 1,
  run,
};

async function* run(bench: Bench): AsyncGenerator<Measurement> {
  const count = bench.quick ? 200 : 1_000;
  await using hostile = await HostileNamespace.create(bench.plane, HOSTILITY);
  await using scenario = await Scenario.prepare(bench, oneIdentity(count));
  yield {
    case: ROLLED_OUT.case,
    ...await inPod(scenario, (cgroup) => rollOut(scenario, hostile, cgroup)),
  };
  yield { case: RESTARTED.case, ...await inPod(scenario, (cgroup) => restart(scenario, cgroup)) };
}

async function inPod(scenario: Scenario, work: (cgroup: Cgroup) => Promise<Run>): Promise<Run> {
  const { bench, workload } = scenario;
  await using resources = new AsyncDisposableStack();
  const cgroup = createCgroup(LIMITS);
  resources.defer(() => cgroup.remove());
  return await confined(cgroup, workload.count, bench.say, () => work(cgroup));
}

async function rollOut(
  scenario: Scenario,
  hostile: HostileNamespace,
  cgroup: Cgroup,
): Promise<Run> {
  const goal = { withinMs: WITHIN_MS, others: () => hostile.settled() };
  const { operator, ...measured } = await measure(scenario, goal, { cgroup });
  await hostile.touch();
  await operator.runFor(SETTLE_MS);
  const { peak } = operator.memory();
  await operator.stop();
  return { ...measured, peakRssBytes: peak };
}

async function restart(scenario: Scenario, cgroup: Cgroup): Promise<Run> {
  const operator = await scenario.start({ cgroup });
  await operator.runFor(SETTLE_MS);
  const { rss, peak, mapped } = operator.memory();
  const stallSeconds = await operator.longestStallSeconds();
  await operator.stop();
  return {
    stallSeconds,
    bindings: scenario.workload.count,
    rssBytes: rss,
    peakRssBytes: peak,
    mappedBytes: mapped,
    problems: [],
  };
}

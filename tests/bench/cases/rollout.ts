import {
  manyIdentities,
  oneAccount,
  oneIdentity,
  type Workload,
  workloadIdentities,
} from "../cluster/workload.ts";
import { type Cgroup, createCgroup, type Limits } from "../machine/cgroup.ts";
import { type Aim, atMost, exactly } from "../report/aims.ts";
import { type Figures, type Measurement, megabytes } from "../report/result.ts";
import { type Bench, measure, Scenario } from "../scenario.ts";
import type { Case } from "./case.ts";
import { confined, type Run } from "./confined.ts";
import { POD, POD_MEMORY } from "./pod.ts";

/** A case in which an operator meets bindings that have never had a credential. */
interface Rollout {
  readonly name: string;
  readonly title: string;
  readonly bindings: number;
  /** With `--quick`. */
  readonly quickBindings: number;
  readonly workload: (count: number) => Workload;
  readonly withinMs: number;
  readonly limits?: Limits;
  /** How often it is measured; once by default. */
  readonly runs?: number;
  readonly aims: readonly Aim[];
}

const ROLLOUTS: readonly Rollout[] = [
  {
    name: "v1beta1",
    title: "1,000 v1beta1, one identity, one registry",
    bindings: 1_000,
    quickBindings: 200,
    workload: oneIdentity,
    withinMs: 60_000,
    runs: 3,
    aims: [
      atMost("all ready / floor", 1.5, "times", timesFloor),
      atMost("CPU", 2, "s", ({ cpuSeconds }) => cpuSeconds),
      peakRssAtMost(75),
      exactly("IMDS call", 1, ({ azure }) => azure?.calls.imds),
      exactly("exchange", 1, ({ azure }) => azure?.calls.exchange),
      atMost("writes a binding", 4, "", writes),
    ],
  },
  {
    name: "workload-identity",
    title: "1,000 v1beta2 workload identity, 1,000 ServiceAccounts",
    bindings: 1_000,
    quickBindings: 200,
    workload: workloadIdentities,
    withinMs: 60_000,
    aims: [
      readyWithin(12),
      exactly("Entra calls", 1_000, ({ azure }) => azure?.calls.entra),
      atMost("writes a binding", 4, "", writes),
      exactly("TokenRequests", 1_000, ({ calls }) => calls?.["create serviceaccounts/token"]),
    ],
  },
  {
    name: "identities",
    title: "1,000 bindings, 50 identities x 20 registries, scopes differing",
    bindings: 1_000,
    quickBindings: 200,
    workload: manyIdentities,
    withinMs: 60_000,
    aims: [
      readyWithin(12),
      exactly("IMDS calls", 50, ({ azure }) => azure?.calls.imds),
      exactly("exchanges", 1_000, ({ azure }) => azure?.calls.exchange),
      exactly("scoped tokens", 1_000, ({ azure }) => azure?.calls.token),
      exactly("IMDS refusals", 0, throttles),
    ],
  },
  {
    name: "shared-account",
    title: "200 bindings on one ServiceAccount",
    bindings: 200,
    quickBindings: 100,
    workload: oneAccount,
    withinMs: 30_000,
    aims: [
      readyWithin(3),
      atMost("its writes", 100, "", ({ calls }) => calls?.["patch serviceaccounts"]),
      atMost("conflicts", 10, "", conflicts),
    ],
  },
  {
    name: "pod",
    title: "1,000 v1beta1 under 100m CPU and 100Mi",
    bindings: 1_000,
    quickBindings: 200,
    workload: oneIdentity,
    withinMs: 180_000,
    limits: POD,
    aims: [readyWithin(40), neverKilled()],
  },
  {
    name: "5000",
    title: "5,000 v1beta1",
    bindings: 5_000,
    quickBindings: 1_000,
    workload: oneIdentity,
    withinMs: 120_000,
    aims: [readyWithin(35), peakRssAtMost(100)],
  },
  {
    name: "5000-pod",
    title: "5,000 v1beta1 under 100Mi",
    bindings: 5_000,
    quickBindings: 1_000,
    workload: oneIdentity,
    withinMs: 120_000,
    limits: POD_MEMORY,
    aims: [neverKilled()],
  },
  {
    name: "5000-wi-pod",
    title: "5,000 workload identity under 100Mi",
    bindings: 5_000,
    quickBindings: 1_000,
    workload: workloadIdentities,
    withinMs: 180_000,
    limits: POD_MEMORY,
    aims: [neverKilled()],
  },
];

/** The cases in which all bindings are new. */
export const rolloutCases: readonly Case[] = ROLLOUTS.map((rollout) => ({
  name: rollout.name,
  title: rollout.title,
  lines: [{ case: rollout.name, title: rollout.title, kind: "rollout", aims: rollout.aims }],
  runs: rollout.runs ?? 1,
  run: (bench) => run(rollout, bench),
  profiled: (bench) => workloadOf(rollout, bench),
}));

async function* run(rollout: Rollout, bench: Bench): AsyncGenerator<Measurement> {
  yield { case: rollout.name, ...await rollOut(bench, workloadOf(rollout, bench), rollout) };
}

function workloadOf({ workload, quickBindings, bindings }: Rollout, { quick }: Bench): Workload {
  return workload(quick ? quickBindings : bindings);
}

/**
 * Runs one roll-out from start to stop. Rejects when the operator is too slow or ends by itself; a
 * kill by the memory limit is a result.
 */
export async function rollOut(
  bench: Bench,
  workload: Workload,
  { withinMs, limits }: { readonly withinMs: number; readonly limits?: Limits },
): Promise<Run> {
  await using resources = new AsyncDisposableStack();
  const cgroup = limits && createCgroup(limits);
  if (cgroup) resources.defer(() => cgroup.remove());
  const scenario = resources.use(await Scenario.prepare(bench, workload));
  const run = () => startToStop(scenario, withinMs, cgroup);
  return await (cgroup ? confined(cgroup, workload.count, bench.say, run) : run());
}

async function startToStop(
  scenario: Scenario,
  withinMs: number,
  cgroup: Cgroup | undefined,
): Promise<Run> {
  const { operator, ...measured } = await measure(scenario, { withinMs }, cgroup ? { cgroup } : {});
  await operator.stop();
  return measured;
}

function readyWithin(seconds: number): Aim {
  return atMost("all ready", seconds, "s", ({ readySeconds }) => readySeconds);
}

function peakRssAtMost(limit: number): Aim {
  return atMost(
    "peak RSS",
    limit,
    "MB",
    ({ peakRssBytes }) => peakRssBytes && megabytes(peakRssBytes),
  );
}

function neverKilled(): Aim {
  return exactly("kills", 0, ({ oomKills }) => oomKills);
}

function timesFloor(
  { readySeconds }: Figures,
  floor: Figures | undefined,
): number | undefined {
  return readySeconds && floor?.readySeconds && readySeconds / floor.readySeconds;
}

function writes({ writesPerBinding }: Figures): number | undefined {
  return writesPerBinding;
}

function throttles({ azure }: Figures): number | undefined {
  return azure && azure.throttles.rate + azure.throttles.concurrency;
}

function conflicts({ calls }: Figures): number | undefined {
  return calls && Object.entries(calls)
    .filter(([name]) => name.endsWith(" 409"))
    .reduce((sum, [, value]) => sum + value, 0);
}

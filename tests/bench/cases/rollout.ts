import {
  manyIdentities,
  oneAccount,
  oneIdentity,
  type Workload,
  workloadIdentities,
} from "../cluster/workload.ts";
import { createCgroup, type Limits } from "../machine/cgroup.ts";
import {
  type Aim,
  atMost,
  exactly,
  type Figures,
  megabytes,
  type Result,
} from "../report/result.ts";
import { type Bench, measure, type Measured, Scenario } from "../scenario.ts";
import type { Case } from "./case.ts";

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
  readonly aims: (figures: Measured, floorSeconds: number | undefined) => readonly Aim[];
}

const MIB = 1024 * 1024;
const POD: Limits = { cpuMillis: 100, memoryBytes: 100 * MIB };

const ROLLOUTS: readonly Rollout[] = [
  {
    name: "v1beta1",
    title: "1,000 v1beta1, one identity, one registry",
    bindings: 1_000,
    quickBindings: 200,
    workload: oneIdentity,
    withinMs: 60_000,
    aims: (figures, floorSeconds) => [
      ...(floorSeconds === undefined
        ? []
        : [atMost("all ready / floor", figures.readySeconds / floorSeconds, 1.5, "times")]),
      atMost("CPU", figures.cpuSeconds, 2, "s"),
      atMost("peak RSS", megabytes(figures.peakRssBytes), 75, "MB"),
      exactly("IMDS call", figures.azure.calls.imds, 1),
      exactly("exchange", figures.azure.calls.exchange, 1),
      atMost("writes a binding", figures.writesPerBinding, 4, ""),
    ],
  },
  {
    name: "workload-identity",
    title: "1,000 v1beta2 workload identity, 1,000 ServiceAccounts",
    bindings: 1_000,
    quickBindings: 200,
    workload: workloadIdentities,
    withinMs: 60_000,
    aims: (figures) => [
      atMost("all ready", figures.readySeconds, 12, "s"),
      exactly("Entra calls", figures.azure.calls.entra, figures.bindings),
      atMost("writes a binding", figures.writesPerBinding, 4, ""),
      exactly(
        "TokenRequests",
        figures.calls["create serviceaccounts/token"] ?? 0,
        figures.bindings,
      ),
    ],
  },
  {
    name: "identities",
    title: "1,000 bindings, 50 identities x 20 registries, scopes differing",
    bindings: 1_000,
    quickBindings: 200,
    workload: manyIdentities,
    withinMs: 60_000,
    aims: (figures) => [
      atMost("all ready", figures.readySeconds, 12, "s"),
      exactly("IMDS calls", figures.azure.calls.imds, 50),
      exactly("exchanges", figures.azure.calls.exchange, figures.bindings),
      exactly("scoped tokens", figures.azure.calls.token, figures.bindings),
      exactly("IMDS refusals", throttles(figures), 0),
    ],
  },
  {
    name: "shared-account",
    title: "200 bindings on one ServiceAccount",
    bindings: 200,
    quickBindings: 100,
    workload: oneAccount,
    withinMs: 30_000,
    aims: (figures) => [
      atMost("all ready", figures.readySeconds, 3, "s"),
      atMost("its writes", figures.calls["patch serviceaccounts"] ?? 0, 100, ""),
      atMost("conflicts", conflicts(figures), 10, ""),
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
    aims: (figures) => [atMost("all ready", figures.readySeconds, 40, "s")],
  },
  {
    name: "5000",
    title: "5,000 v1beta1",
    bindings: 5_000,
    quickBindings: 1_000,
    workload: oneIdentity,
    withinMs: 120_000,
    aims: (figures) => [
      atMost("all ready", figures.readySeconds, 35, "s"),
      atMost("peak RSS", megabytes(figures.peakRssBytes), 100, "MB"),
    ],
  },
  {
    name: "5000-pod",
    title: "5,000 v1beta1 under 100Mi",
    bindings: 5_000,
    quickBindings: 1_000,
    workload: oneIdentity,
    withinMs: 120_000,
    limits: { memoryBytes: POD.memoryBytes },
    aims: () => [],
  },
];

/** The cases in which all bindings are new. */
export const rolloutCases: readonly Case[] = ROLLOUTS.map((rollout) => ({
  name: rollout.name,
  title: rollout.title,
  run: (bench, before) => run(rollout, bench, before),
}));

async function* run(
  rollout: Rollout,
  bench: Bench,
  before: readonly Result[],
): AsyncGenerator<Result> {
  const { name, title, aims } = rollout;
  const count = bench.quick ? rollout.quickBindings : rollout.bindings;
  const measured = await rollOut(bench, rollout.workload(count), rollout);
  const floor = before.find((result) => result.case === "floor");
  yield {
    case: name,
    title,
    ...measured.figures,
    aims: bench.quick ? [] : [
      ...aims(measured.run, floor?.readySeconds),
      ...(rollout.limits === undefined ? [] : [exactly("kills", measured.kills, 0)]),
    ],
    problems: measured.run.problems,
  };
}

/** Runs one roll-out from start to stop. Rejects when the operator is killed or too slow. */
export async function rollOut(
  bench: Bench,
  workload: Workload,
  { withinMs, limits }: { readonly withinMs: number; readonly limits?: Limits },
): Promise<{ readonly run: Measured; readonly figures: Figures; readonly kills: number }> {
  await using resources = new AsyncDisposableStack();
  const cgroup = limits && createCgroup(limits);
  if (cgroup) resources.defer(() => cgroup.remove());
  const scenario = resources.use(await Scenario.prepare(bench, workload));
  const run = await measure(scenario, { withinMs }, cgroup ? { cgroup } : {});
  const cgroupPeakBytes = cgroup?.peakBytes();
  const kills = cgroup?.oomKills() ?? 0;
  await run.operator.stop();
  const { operator: _, problems: __, ...figures } = run;
  return {
    run,
    kills,
    figures: { ...figures, ...(cgroupPeakBytes === undefined ? {} : { cgroupPeakBytes }) },
  };
}

function throttles({ azure }: Measured): number {
  return azure.throttles.rate + azure.throttles.concurrency;
}

function conflicts({ calls }: Measured): number {
  return Object.entries(calls)
    .filter(([name]) => name.endsWith(" 409"))
    .reduce((sum, [, value]) => sum + value, 0);
}

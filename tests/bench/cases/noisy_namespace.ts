import {
  EXPIRY_ANNOTATION,
  FIELD_MANAGER,
  REFRESH_ANNOTATION,
} from "../../../src/controller/conventions.ts";
import { HangingWebhook } from "../../e2e/servers/hanging_webhook.ts";
import { BenchNamespace, type Binding } from "../cluster/namespace.ts";
import { isReady, watchProgress } from "../cluster/readiness.ts";
import {
  hangingRegistries,
  hostsOf,
  inventedIdentities,
  oneIdentity,
  strangers,
  type Workload,
} from "../cluster/workload.ts";
import { type Cgroup, createCgroup } from "../machine/cgroup.ts";
import { type Aim, atMost, exactly } from "../report/aims.ts";
import type { Line, Measurement } from "../report/result.ts";
import { type Bench, measure, Scenario } from "../scenario.ts";
import { seenBetween } from "../servers/azure.ts";
import type { Case } from "./case.ts";
import { confined, type Run } from "./confined.ts";
import { POD } from "./pod.ts";

/** One way in which a namespace keeps the operator busy. */
interface Noise {
  readonly line: Line;
  readonly bindings: number;
  /** With `--quick`. */
  readonly quickBindings: number;
  readonly workload: (count: number) => Workload;
  /** Whether updates of its ServiceAccounts meet a webhook that times out. */
  readonly behindWebhook?: boolean;
}

const AIMS: readonly Aim[] = [
  atMost("another's new binding", 5, "s", ({ newcomerSeconds }) => newcomerSeconds),
  atMost("another's refresh", 5, "s", ({ refreshSeconds }) => refreshSeconds),
  exactly("kills", 0, ({ oomKills }) => oomKills),
];

const NOISES: readonly Noise[] = [
  {
    line: line("webhook", "300 bindings behind a webhook that times out"),
    bindings: 300,
    quickBindings: 60,
    workload: oneIdentity,
    behindWebhook: true,
  },
  {
    line: line("identities", "2,000 bindings with invented client IDs", [
      atMost("IMDS calls a second", 10, "", ({ imdsCallsPerSecond }) => imdsCallsPerSecond),
    ]),
    bindings: 2_000,
    quickBindings: 200,
    workload: inventedIdentities,
  },
  {
    line: line("registries", "600 registries that hang"),
    bindings: 600,
    quickBindings: 100,
    workload: hangingRegistries,
  },
];

const NEWCOMERS = ["first", "second", "third"];
const WITHIN_MS = 180_000;

/** Those whose refresh comes due: they are there before. */
const DUE = strangers("due", 3);
/** Half of a life is left: neither early nor urgent. */
const LEFT_MS = 25 * 60_000;

/** Credentials are shared for 5 % of their life, and tokens of IMDS until 5 minutes before its end. */
const LIFETIMES_MS = { imds: 6 * 60_000, refresh: 20 * 60_000 };
const SHARED_MS = 65_000;

/** What others wait while one namespace keeps an operator busy, in a pod as deployed. */
export const noisyNamespaceCase: Case = {
  name: "noisy-namespace",
  title: "what others wait while one namespace is busy, under 100m CPU and 100Mi",
  lines: NOISES.map(({ line }) => line),
  runs: 1,
  run,
};

async function* run(bench: Bench): AsyncGenerator<Measurement> {
  for (const noise of NOISES) {
    const workload = noise.workload(bench.quick ? noise.quickBindings : noise.bindings);
    await using resources = new AsyncDisposableStack();
    const cgroup = createCgroup(POD);
    resources.defer(() => cgroup.remove());
    const work = () => amid(noise, workload, bench, cgroup);
    yield { case: noise.line.case, ...await confined(cgroup, workload.count, bench.say, work) };
  }
}

async function amid(noise: Noise, workload: Workload, bench: Bench, cgroup: Cgroup): Promise<Run> {
  const newcomers = NEWCOMERS.map((name) => strangers(name, 1));
  await using resources = new AsyncDisposableStack();
  const scenario = resources.use(
    await Scenario.prepare(bench, DUE, {
      hosts: newcomers.flatMap(hostsOf),
      hanging: hostsOf(workload).filter((host) => host.startsWith("hangs")),
      tokenLifetimeMs: LIFETIMES_MS,
    }),
  );
  const { operator } = await measure(scenario, { withinMs: 60_000 }, { cgroup });
  const sharingEnds = performance.now() + SHARED_MS;
  const busy = resources.use(await BenchNamespace.create(bench.plane, oneIdentity(0)));
  if (noise.behindWebhook) resources.use(await HangingWebhook.install(bench.plane, busy.name));
  const seenBefore = await scenario.azure.seen();
  const startedAt = performance.now();
  await busy.add(workload);
  const [first, ...others] = newcomers;
  const waits = [await untilServed(bench, first!)];
  await operator.runFor(Math.max(0, sharingEnds - performance.now()));
  const refreshSeconds = await untilRefreshed(scenario.namespace);
  for (const newcomer of others) waits.push(await untilServed(bench, newcomer));
  const seen = seenBetween(seenBefore, await scenario.azure.seen());
  const { peak } = operator.memory();
  const figures = {
    bindings: workload.count,
    newcomerSeconds: Math.max(...waits),
    refreshSeconds,
    imdsCallsPerSecond: seen.calls.imds / (performance.now() - startedAt) * 1000,
    stallSeconds: await operator.longestStallSeconds(),
    cpuSeconds: operator.cpuSeconds(),
    peakRssBytes: peak,
    azure: seen,
    problems: seen.problems,
  };
  await operator.stop();
  return figures;
}

/** Seconds from the making of a binding, in a namespace of its own, until it is ready. */
async function untilServed({ plane }: Bench, workload: Workload): Promise<number> {
  await using namespace = await BenchNamespace.create(plane, oneIdentity(0));
  return await secondsUntil(namespace, workload, isReady, () => namespace.add(workload));
}

/** Seconds from the moment at which credentials are due for their successors until all have them. */
async function untilRefreshed(namespace: BenchNamespace): Promise<number> {
  const now = Date.now();
  const annotations = {
    [EXPIRY_ANNOTATION]: timeText(now + LEFT_MS),
    [REFRESH_ANNOTATION]: timeText(now - 2 * LEFT_MS),
  };
  const since = timeText(now);
  const refreshed = ({ status }: Binding) => (status?.lastTokenRefreshTime ?? "") >= since;
  const patch = { metadata: { annotations } };
  return await secondsUntil(
    namespace,
    DUE,
    refreshed,
    () => namespace.patchSecrets(patch, FIELD_MANAGER),
  );
}

async function secondsUntil(
  namespace: BenchNamespace,
  { apiVersion, count }: Workload,
  condition: (binding: Binding) => boolean,
  begin: () => Promise<void>,
): Promise<number> {
  const progress = await watchProgress(namespace, apiVersion, count, condition);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`another namespace waits for more than ${WITHIN_MS / 1000} s`)),
    WITHIN_MS,
  );
  try {
    const startedAt = performance.now();
    await begin();
    const moments = await Promise.race([progress.moments, late.promise]);
    return (moments.at(-1)! - startedAt) / 1000;
  } finally {
    clearTimeout(timer);
    await progress.stop();
  }
}

function line(name: string, title: string, aims: readonly Aim[] = []): Line {
  return { case: `noisy-${name}`, title, kind: "rollout", aims: [...AIMS, ...aims] };
}

/** RFC 3339 in whole seconds, as annotations and status have it. */
function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

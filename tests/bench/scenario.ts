import { ENVIRONMENT } from "../../deploy/executable/environment.ts";
import type { ControlPlane } from "../e2e/servers/control_plane.ts";
import { OPERATOR } from "../e2e/servers/manifests.ts";
import { add, bindingWrites, type Calls, difference, serverWrites } from "./cluster/api_calls.ts";
import { deleteLease } from "./cluster/lease.ts";
import { BenchNamespace, type Binding } from "./cluster/namespace.ts";
import { isReady, type Progress, watchProgress } from "./cluster/readiness.ts";
import { hostsOf, type Workload } from "./cluster/workload.ts";
import { executableArguments } from "../suites/executable.ts";
import type { Cgroup } from "./machine/cgroup.ts";
import { cpuSecondsOfServers } from "./machine/proc.ts";
import type { Figures } from "./report/result.ts";
import { AzureProcess, type AzureSetup, seenBetween } from "./servers/azure.ts";
import { OperatorProcess } from "./servers/operator.ts";

/** What all cases share. */
export interface Bench {
  readonly plane: ControlPlane;
  /** For files of this run. */
  readonly directory: string;
  /** The program: the bundle. */
  readonly bundle: string;
  readonly v8Flags: readonly string[];
  /** Fewer bindings and shorter windows; aims are then not judged. */
  readonly quick: boolean;
  /** Tells the user what goes on. */
  readonly say: (line: string) => void;
}

/** How a case's operator is started, where not as usual. */
export interface StartOptions {
  /** Instead of the bundle. */
  readonly program?: readonly string[];
  /** Besides what every operator is given. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cgroup?: Cgroup;
}

/** For what the operator still writes after the last binding is ready. */
const QUIET_MS = 500;

/** A namespace with a workload, and a fake Azure of its own. */
export class Scenario implements AsyncDisposable {
  readonly bench: Bench;
  readonly workload: Workload;
  readonly namespace: BenchNamespace;
  readonly azure: AzureProcess;
  readonly #kubeconfig: string;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    bench: Bench,
    workload: Workload,
    namespace: BenchNamespace,
    azure: AzureProcess,
    kubeconfig: string,
    resources: AsyncDisposableStack,
  ) {
    this.bench = bench;
    this.workload = workload;
    this.namespace = namespace;
    this.azure = azure;
    this.#kubeconfig = kubeconfig;
    this.#resources = resources;
  }

  /** `more` is what Azure answers besides the hosts that the workload leads to. */
  static async prepare(
    bench: Bench,
    workload: Workload,
    more: Partial<AzureSetup> = {},
  ): Promise<Scenario> {
    await using resources = new AsyncDisposableStack();
    const { plane, directory } = bench;
    const hosts = [...hostsOf(workload), ...more.hosts ?? []];
    const azure = resources.use(await AzureProcess.start(directory, { ...more, hosts }));
    const namespace = resources.use(await BenchNamespace.create(plane, workload));
    const account = await plane.serviceAccountKubeconfig(
      OPERATOR.namespace,
      OPERATOR.serviceAccount,
    );
    const kubeconfig = account.kubeconfig.path;
    return new Scenario(bench, workload, namespace, azure, kubeconfig, resources.move());
  }

  /** Starts the operator as its own ServiceAccount. It is killed when the scenario is disposed. */
  async start(options: StartOptions = {}): Promise<OperatorProcess> {
    const { plane, directory } = this.bench;
    await deleteLease(plane);
    return this.#resources.use(
      await OperatorProcess.start({
        command: options.program ?? this.program(),
        kubeconfig: this.#kubeconfig,
        namespace: OPERATOR.namespace,
        env: { ...ENVIRONMENT, ...this.azure.env, HOME: directory, ...options.env },
        hostsFile: this.azure.hostsFile,
        directory,
        ...(options.cgroup && { cgroup: options.cgroup }),
      }),
    );
  }

  /** The bundle as the executable runs it, but for where the API server and Azure are. */
  program(
    flags: readonly string[] = this.bench.v8Flags,
    more: readonly string[] = [],
  ): readonly string[] {
    const { bundle, directory, plane } = this.bench;
    const additions = {
      hosts: ["127.0.0.1", this.azure.imds],
      paths: [directory, plane.directory],
    };
    return [Deno.execPath(), ...executableArguments(bundle, more, additions, flags)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** A measured run: the operator goes on, so that a case may look at what comes after. */
export interface Measured extends Required<Pick<Figures, MeasuredFields>> {
  readonly operator: OperatorProcess;
  readonly problems: readonly string[];
}

type MeasuredFields =
  | "bindings"
  | "readySeconds"
  | "p50Seconds"
  | "cpuSeconds"
  | "serverCpuSeconds"
  | "peakRssBytes"
  | "rssBytes"
  | "mappedBytes"
  | "stallSeconds"
  | "azure"
  | "calls"
  | "writesPerBinding";

/** What a run waits for. */
export interface Goal {
  readonly withinMs: number;
  /** Whether a binding is where it should be; Ready if left out. */
  readonly condition?: (binding: Binding) => boolean;
  /** What else must have come to an end before calls are counted. */
  readonly others?: () => Promise<void>;
}

/** Starts the operator and measures until the goal is reached. Rejects when it is not. */
export async function measure(
  scenario: Scenario,
  goal: Goal,
  options: StartOptions = {},
): Promise<Measured> {
  const { bench, namespace, workload, azure } = scenario;
  const { apiVersion, count } = workload;
  const before = await serverWrites(bench.plane);
  const azureBefore = await azure.seen();
  const progress = await watchProgress(namespace, apiVersion, count, goal.condition ?? isReady);
  const serversBefore = serversCpuSeconds(bench);
  const operator = await scenario.start(options);
  try {
    const moments = await reached(progress, operator, goal.withinMs, count);
    const cpuSeconds = operator.cpuSeconds();
    const serverCpuSeconds = serversCpuSeconds(bench) - serversBefore;
    await goal.others?.();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const calls = await ownCalls(operator);
    const { peak, rss, mapped } = operator.memory();
    const writes = difference(before, await serverWrites(bench.plane));
    const seen = seenBetween(azureBefore, await azure.seen());
    const seconds = moments.map((moment) => (moment - operator.startedAt) / 1000);
    return {
      operator,
      bindings: count,
      readySeconds: seconds.at(-1)!,
      p50Seconds: seconds[Math.floor((seconds.length - 1) / 2)]!,
      cpuSeconds,
      serverCpuSeconds,
      peakRssBytes: peak,
      rssBytes: rss,
      mappedBytes: mapped,
      stallSeconds: await operator.longestStallSeconds(),
      azure: seen,
      calls,
      writesPerBinding: bindingWrites(calls) / count,
      problems: [...seen.problems, ...disagreements(calls, writes)],
    };
  } finally {
    await progress.stop();
  }
}

/** CPU time of the API server and its etcd so far. */
export function serversCpuSeconds({ plane }: Bench): number {
  return cpuSecondsOfServers(["kube-apiserver", "etcd"], plane.directory);
}

async function reached(
  progress: Progress,
  operator: OperatorProcess,
  withinMs: number,
  count: number,
): Promise<readonly number[]> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), withinMs);
  try {
    const first = await Promise.race([
      progress.moments,
      late.promise,
      operator.ended,
    ]);
    if (typeof first === "object") return first;
    const what = first === undefined
      ? `is not done after ${withinMs / 1000} s`
      : `ended with status ${first}${first === 137 ? " (killed)" : ""}`;
    throw await operator.failure(`${what}, with ${progress.done} of ${count} bindings done`);
  } finally {
    clearTimeout(timer);
  }
}

/** The operator's calls by its own metrics. */
async function ownCalls(operator: OperatorProcess): Promise<Calls> {
  const calls: Record<string, number> = {};
  for (const { labels, value } of await operator.metrics(["acrpull_kubernetes_requests_total"])) {
    const { verb, resource, code = "" } = labels;
    const key = `${verb} ${resource}`;
    add(calls, code.startsWith("2") ? key : `${key} ${code}`, value);
  }
  return calls;
}

/** Where the operator's own count of its writes is not the API server's. */
function disagreements(own: Calls, served: Calls): readonly string[] {
  const names = new Set([...Object.keys(own), ...Object.keys(served)]);
  return [...names]
    .filter((name) => /^(create|update|patch|delete) /.test(name) && !/ (leases|events)/.test(name))
    .filter((name) => (own[name] ?? 0) !== (served[name] ?? 0))
    .map((name) =>
      `${name}: the operator counts ${own[name] ?? 0}, the API server ${served[name] ?? 0}`
    );
}

import { DIRECT_LIMITS } from "../../src/azure/host_limits.ts";
import { parseOptions } from "../../src/cli/flags/options.ts";
import { runOperator } from "../../src/cli/operator/operator.ts";
import { withRetries } from "../../src/kubernetes/http/retry.ts";
import { systemClock } from "../../src/runtime/time/clock.ts";
import type { Random } from "../../src/runtime/random.ts";
import { createInstruments } from "../../src/telemetry/metrics/instruments.ts";
import { type LogEntry, loggerOver } from "../../src/telemetry/log/logger.ts";
import { Registry } from "../../src/telemetry/metrics/registry.ts";
import type { ApiServer } from "../sandbox/api_server.ts";
import { FakeAzure } from "../sandbox/azure/azure.ts";
import type { FakeAzureOptions } from "../sandbox/azure/options.ts";
import { type AnyObject, ClusterAdmin, connect } from "./cluster_admin.ts";
import { eventually } from "./eventually.ts";
import { FollowedClient } from "./followed_client.ts";
import { ShiftedClock } from "./shifted_clock.ts";

/** How an operator is started for a test. */
export interface RigOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly azure?: Partial<FakeAzureOptions>;
  /** As whom the operator calls the API server; the administrator by default. */
  readonly user?: string;
  /** Where the operator's jitter comes from. */
  readonly random?: Random;
  /** Milliseconds that only ever advance; the process's own by default. */
  readonly monotonic?: () => number;
  /** How much later than it was given each answer of the API server reaches the operator. */
  readonly answerLagMs?: number;
}

/** Longer than any call of the operator takes. */
const QUIET_MS = 80;

/** Bindings of both APIs, Secrets and ServiceAccounts. */
const CACHES = 4;

/** Serves nothing, so that operators of several tests do not meet at a port. */
const NO_PORTS = ["--metrics-bind-address=0", "--health-probe-bind-address=0"];

/** An operator in this process, with a fake Azure, at work in one namespace of a test's own. */
export class OperatorRig implements AsyncDisposable {
  readonly azure: FakeAzure;
  readonly admin: ClusterAdmin;
  readonly clock: ShiftedClock;
  readonly logged: LogEntry[] = [];
  readonly #api: ApiServer;
  readonly #options: RigOptions;
  readonly #resources = new AsyncDisposableStack();
  #registry: Registry | undefined;
  #rest: FollowedClient | undefined;
  /** Entries of runs before this one. */
  #loggedBefore = 0;
  #running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  private constructor(
    api: ApiServer,
    options: RigOptions,
    admin: ClusterAdmin,
    clock: ShiftedClock,
  ) {
    this.#api = api;
    this.#options = options;
    this.admin = admin;
    this.clock = clock;
    this.azure = new FakeAzure({ clock, ...options.azure });
  }

  /** Makes a namespace, and starts the operator. */
  static async start(api: ApiServer, options: RigOptions = {}): Promise<OperatorRig> {
    const rig = await OperatorRig.prepare(api, options);
    await rig.startOperator();
    return rig;
  }

  /** Makes a namespace for an operator that has yet to be started. */
  static async prepare(api: ApiServer, options: RigOptions = {}): Promise<OperatorRig> {
    const rest = await connect(api);
    // kube-apiserver answers 429 for a moment after a CRD was installed or changed.
    const patient = withRetries(rest, { clock: systemClock, random: Math.random });
    const admin = new ClusterAdmin(patient, await api.createNamespace());
    const rig = new OperatorRig(api, options, admin, new ShiftedClock());
    rig.#resources.use(rest);
    return rig;
  }

  /** Starts the operator, or starts it anew, as after a restart of its pod. */
  async startOperator(): Promise<void> {
    const client = await connect(this.#api, this.#options.user);
    const rest = new FollowedClient(client, this.#options.answerLagMs ?? 0);
    this.#rest = rest;
    const registry = new Registry();
    this.#registry = registry;
    this.#loggedBefore = this.logged.length;
    const log = loggerOver((entry) => this.logged.push(entry), this.clock);
    const stop = new AbortController();
    const ended = runOperator(this.#parse(), {
      rest,
      renewConnections: () => client.renew(),
      podNamespace: undefined,
      identity: crypto.randomUUID(),
      azureFetch: this.azure.fetch,
      azureLimits: DIRECT_LIMITS,
      clock: this.clock,
      monotonic: this.#options.monotonic ?? (() => performance.now()),
      random: this.#options.random ?? Math.random,
      log,
      registry,
      instruments: createInstruments(registry),
    }, stop.signal).finally(() => client.close());
    // An operator that ends by itself must fail the test and not the whole process.
    ended.catch(() => {});
    this.#running = { stop, ended };
  }

  /** Settles when the operator that runs has ended, as it ended. */
  get ended(): Promise<void> {
    return this.#running?.ended ?? Promise.resolve();
  }

  /** Ends the operator as SIGTERM does. Rejects with what it ended by. */
  async stopOperator(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.stop.abort();
    await running?.ended;
  }

  /**
   * Resolves once the operator waits for no answer of the API server and has acted on the last one.
   * What it logged and counted is then about all that the cluster shows, which shows a write before
   * the writer hears of it.
   */
  async answered(): Promise<void> {
    await eventually("the operator has all its answers", async () => {
      for (let turn = 0; turn < 3; turn++) {
        if ((this.#rest?.underWay ?? 0) > 0) return undefined;
        // What an answer sets in motion begins in the same turn of the event loop.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      return true;
    });
  }

  /** Versions of everything in the namespace, to tell whether anything was written. */
  async resourceVersions(): Promise<Record<string, string>> {
    await this.answered();
    const objects = [
      ...await this.admin.bindings(),
      ...await this.admin.list<AnyObject>("v1", "Secret"),
      ...await this.admin.list<AnyObject>("v1", "ServiceAccount"),
    ] as (AnyObject & { metadata: { resourceVersion: string } })[];
    return Object.fromEntries(objects.map(({ apiVersion, kind, metadata }) => [
      `${apiVersion}/${kind}/${metadata.name}`,
      metadata.resourceVersion,
    ]));
  }

  /**
   * Requests of the operator since its start that write, each with their number, as
   * `patch acrpullbindings/status`. One that changes nothing counts as well.
   */
  writes(): Record<string, number> {
    return Object.fromEntries(
      Object.entries(this.calls()).filter(([call]) => !/^(get|list|watch) /.test(call)),
    );
  }

  /** All requests of the operator to the API server since its start, each with their number. */
  calls(): Record<string, number> {
    const series = /^acrpull_kubernetes_requests_total\{(.*)\} (\d+)$/gm;
    const counts: Record<string, number> = {};
    for (const [, labels, count] of this.#metrics.matchAll(series)) {
      const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels!)?.[1] ?? "";
      const call = `${label("verb")} ${label("resource")}`;
      counts[call] = (counts[call] ?? 0) + Number(count);
    }
    return counts;
  }

  /** Resolves once the operator's caches are in step with the API server. */
  async inStep(): Promise<void> {
    await eventually("the operator's caches are in step", () => {
      const told = this.logged.slice(this.#loggedBefore)
        .filter(({ message }) => message.startsWith("cache is in step"));
      return told.length >= CACHES || undefined;
    });
  }

  /** Resolves once the operator has asked the API server nothing for a moment. */
  async quiet(): Promise<void> {
    let before = "";
    for (let calls = this.#callsNow(); calls !== before; calls = this.#callsNow()) {
      before = calls;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
  }

  #callsNow(): string {
    return JSON.stringify(this.calls());
  }

  /** How often an action has failed since the operator's start, by its metric. */
  failed(action: string): number {
    const series = /^acrpull_actions_total\{(.*)\} (\d+)$/gm;
    return this.#metrics.matchAll(series).reduce((sum, [, labels, count]) => {
      const isIt = labels!.includes(`action="${action}"`) && labels!.includes('result="failed"');
      return sum + (isIt ? Number(count) : 0);
    }, 0);
  }

  /** Resolves once there is an Event of that reason. */
  async eventOnce(reason: string): Promise<void> {
    await eventually(`an Event ${reason}`, async () => {
      const events = await this.admin.list<{ reason: string }>("v1", "Event");
      return events.some((event) => event.reason === reason) || undefined;
    });
  }

  /** Everything that could have leaked: log lines, metrics and what the cluster shows of bindings. */
  async said(): Promise<string> {
    const bindings = await this.admin.bindings();
    const events = await this.admin.list("v1", "Event");
    return JSON.stringify([this.logged, this.#metrics, bindings, events]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The next test's operator sees all namespaces and must not find this one's work.
    await this.stopOperator();
    await this.admin.clear();
    await this.#resources.disposeAsync();
  }

  get #metrics(): string {
    return this.#registry?.expose() ?? "";
  }

  #parse() {
    const { args = [], env = {} } = this.#options;
    const parsed = parseOptions([...NO_PORTS, ...args], (name) => env[name]);
    if (parsed.kind === "options") return parsed.options;
    throw new Error(`options are ${parsed.kind}: ${JSON.stringify(parsed)}`);
  }
}

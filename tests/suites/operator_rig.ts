import { parseOptions } from "../../src/cli/options.ts";
import { runOperator } from "../../src/cli/operator.ts";
import { VALIDATORS } from "../../src/cli/validators.ts";
import { createInstruments } from "../../src/telemetry/instruments.ts";
import { type LogEntry, loggerOver } from "../../src/telemetry/log.ts";
import { Registry } from "../../src/telemetry/metrics.ts";
import type { ApiServer } from "../sandbox/api_server.ts";
import { FakeAzure } from "../sandbox/azure/azure.ts";
import type { FakeAzureOptions } from "../sandbox/azure/options.ts";
import { ClusterAdmin, connect } from "./cluster_admin.ts";
import { ShiftedClock } from "./shifted_clock.ts";

/** How an operator is started for a test. */
export interface RigOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly azure?: Partial<FakeAzureOptions>;
  /** As whom the operator calls the API server; the administrator by default. */
  readonly user?: string;
}

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
    const rest = await connect(api);
    const admin = new ClusterAdmin(rest, await api.createNamespace());
    const rig = new OperatorRig(api, options, admin, new ShiftedClock());
    rig.#resources.use(rest);
    await rig.startOperator();
    return rig;
  }

  /** Starts the operator anew, as after a restart of its pod. */
  async startOperator(): Promise<void> {
    const rest = await connect(this.#api, this.#options.user);
    const registry = new Registry();
    this.#registry = registry;
    const log = loggerOver((entry) => this.logged.push(entry), this.clock);
    const stop = new AbortController();
    const ended = runOperator(this.#parse(), {
      rest,
      renewConnections: () => rest.renew(),
      podNamespace: undefined,
      identity: crypto.randomUUID(),
      azureFetch: this.azure.fetch,
      clock: this.clock,
      monotonic: () => performance.now(),
      random: Math.random,
      log,
      registry,
      instruments: createInstruments(registry),
    }, stop.signal).finally(() => rest.close());
    // An operator that ends by itself must fail the test and not the whole process.
    ended.catch(() => {});
    this.#running = { stop, ended };
  }

  /** Ends the operator as SIGTERM does. Rejects with what it ended by. */
  async stopOperator(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.stop.abort();
    await running?.ended;
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
    const parsed = parseOptions([...NO_PORTS, ...args], (name) => env[name], VALIDATORS);
    if (parsed.kind === "options") return parsed.options;
    throw new Error(`options are ${parsed.kind}: ${JSON.stringify(parsed)}`);
  }
}

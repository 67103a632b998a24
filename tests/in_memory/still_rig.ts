import { DIRECT_LIMITS } from "../../src/azure/host_limits.ts";
import { parseOptions } from "../../src/cli/flags/options.ts";
import { runOperator } from "../../src/cli/operator/operator.ts";
import type { BindingStatus } from "../../src/controller/binding/view.ts";
import { createInstruments } from "../../src/telemetry/metrics/instruments.ts";
import { loggerOver } from "../../src/telemetry/log/logger.ts";
import { Registry } from "../../src/telemetry/metrics/registry.ts";
import { FakeAzure } from "../sandbox/azure/azure.ts";
import type { FakeAzureOptions } from "../sandbox/azure/options.ts";
import type { JsonObject } from "../sandbox/kubernetes/model/json.ts";
import { InMemoryKubernetes } from "../sandbox/kubernetes/server.ts";
import { restOver } from "../unit/controller/rest.ts";
import { FakeTime } from "../unit/kubernetes/fake_time.ts";
import { readCrds } from "../suites/crds.ts";

const BINDING = { apiVersion: "msi-acrpull.microsoft.com/v1beta1", kind: "AcrPullBinding" };
const SERVICE_ACCOUNT = { apiVersion: "v1", kind: "ServiceAccount" };
const SECRET = { apiVersion: "v1", kind: "Secret" };
const SECOND = 1000;

/** What stands in a status and in the Secret beside it. */
interface Seen {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Record<string, string>;
    readonly resourceVersion?: string;
    readonly managedFields?: unknown;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: BindingStatus;
}

/** The whole operator on an API server in memory and a fake Azure, in time that a test moves. */
export class StillRig implements AsyncDisposable {
  readonly time = new FakeTime();
  readonly kubernetes: InMemoryKubernetes;
  readonly azure: FakeAzure;
  /** Answers a request in place of the API server, or lets it through by undefined. */
  intercept: (request: Request) => Promise<Response> | undefined = () => undefined;
  /** What the operator reaches Azure by. */
  azureFetch: typeof fetch;
  readonly #stop = new AbortController();
  readonly #registry = new Registry();
  #running: Promise<void> = Promise.resolve();

  constructor(azure: Partial<FakeAzureOptions> = {}) {
    const { clock } = this.time;
    this.kubernetes = new InMemoryKubernetes({ clock, crds: readCrds(), historySize: 10_000 });
    this.azure = new FakeAzure({ clock, ...azure });
    this.azureFetch = this.azure.fetch;
  }

  /** Starts the operator and lets it come in step with the API server. */
  async start(...args: string[]): Promise<void> {
    const { clock, elapsed } = this.time;
    const parsed = parseOptions(
      ["--metrics-bind-address=0", "--health-probe-bind-address=0", ...args],
      () => undefined,
    );
    if (parsed.kind !== "options") throw new Error(JSON.stringify(parsed));
    const answer = (request: Request) => this.intercept(request) ?? this.kubernetes.fetch(request);
    this.#running = runOperator(parsed.options, {
      rest: restOver(answer, clock),
      renewConnections: () => {},
      podNamespace: undefined,
      identity: "still",
      azureFetch: this.azureFetch,
      azureLimits: DIRECT_LIMITS,
      clock,
      monotonic: elapsed,
      random: () => 0.5,
      log: loggerOver(() => {}, clock),
      registry: this.#registry,
      instruments: createInstruments(this.#registry),
    }, this.#stop.signal);
    await this.time.pass(SECOND);
  }

  /** A v1beta1 binding with an account of its own, in a namespace that is made where it is not there. */
  bind(namespace: string, name: string, spec: Readonly<Record<string, unknown>> = {}): void {
    this.kubernetes.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    const metadata = { namespace, name };
    this.kubernetes.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
    this.kubernetes.apply({
      ...BINDING,
      metadata,
      spec: {
        acrServer: "bench.azurecr.io",
        managedIdentityClientID: "1b461305-28be-5271-beda-bd9fd2e24251",
        serviceAccountName: name,
        ...spec,
      },
    });
  }

  isReady(namespace: string, name: string): boolean {
    const binding = this.#binding(namespace, name);
    return binding?.status?.conditions?.some(({ type, status }) =>
      type === "Ready" && status === "True"
    ) ?? false;
  }

  /** Lets the time pass until that binding is ready. Answers how many milliseconds that took. */
  async untilReady(namespace: string, name: string, limitMs: number): Promise<number> {
    const startedAt = this.time.elapsed();
    const ready = await this.time.waitFor(() => this.isReady(namespace, name), limitMs);
    if (ready) return this.time.elapsed() - startedAt;
    const { status } = this.#binding(namespace, name)!;
    throw new Error(
      `${namespace}/${name} is not ready after ${limitMs} ms: ${JSON.stringify(status)}`,
    );
  }

  uid(namespace: string, name: string): string {
    return this.#binding(namespace, name)!.metadata.uid;
  }

  /** When that binding's credential was minted and when it expires, in milliseconds of the clock. */
  lifetime(namespace: string, name: string): { mintedAt: number; expiresAt: number } {
    const annotations = this.#secret(namespace, name).metadata.annotations!;
    return {
      mintedAt: Date.parse(annotations["acr.microsoft.com/token.refresh"]!),
      expiresAt: Date.parse(annotations["acr.microsoft.com/token.expiry"]!),
    };
  }

  /** What the Secret of that binding holds, in base64. */
  secretData(namespace: string, name: string): string | undefined {
    return this.#secret(namespace, name).data?.[".dockerconfigjson"];
  }

  /** The Secrets that an account names. */
  pullSecrets(namespace: string, name: string): readonly string[] {
    const account = this.kubernetes.get(SERVICE_ACCOUNT, namespace, name) as unknown as {
      readonly imagePullSecrets?: readonly { readonly name: string }[];
    };
    return account.imagePullSecrets?.map((each) => each.name) ?? [];
  }

  /** Has a tenant write into the Secret of that binding when it is to expire. */
  sayItExpires(namespace: string, name: string, at: number): void {
    const { annotations } = this.#secret(namespace, name).metadata;
    const expiry = new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
    this.changeSecret(namespace, name, {
      metadata: { annotations: { ...annotations, "acr.microsoft.com/token.expiry": expiry } },
    });
  }

  /** Has a tenant write into the Secret of that binding, whatever its version. */
  changeSecret(
    namespace: string,
    name: string,
    { metadata = {}, ...content }: { readonly metadata?: JsonObject; readonly data?: JsonObject },
  ): void {
    const secret = this.#secret(namespace, name);
    const { resourceVersion: _, managedFields: __, ...known } = secret.metadata;
    const changed = { ...secret, ...SECRET, ...content, metadata: { ...known, ...metadata } };
    this.kubernetes.apply(changed as unknown as JsonObject, "tenant");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.time.pass(60 * SECOND);
    await this.#running;
  }

  #secret(namespace: string, name: string): Seen {
    return this.kubernetes.get(SECRET, namespace, `${name}-msi-acrpull-secret`) as Seen;
  }

  #binding(namespace: string, name: string): Seen | undefined {
    return this.kubernetes.get(BINDING, namespace, name) as Seen | undefined;
  }
}

import type { Credentials } from "../azure/credentials.ts";
import type { RestClient } from "../kubernetes/http/contract.ts";
import type { InformerReport, SyncState } from "../kubernetes/informer/informer.ts";
import type { LargeObjects } from "../kubernetes/http/large_objects.ts";
import { SECRET } from "../kubernetes/resources/built_in.ts";
import type { Breather } from "../runtime/time/breather.ts";
import type { Clock } from "../runtime/time/clock.ts";
import type { Urgency } from "../runtime/fairness/fair_line.ts";
import type { PlacesOptions } from "../runtime/fairness/fair_places.ts";
import type { Random } from "../runtime/random.ts";
import type { AcrPullBinding } from "./binding/api.ts";
import { APIS, type BindingApis } from "./binding/apis.ts";
import type { BindingSettings } from "./binding/settings.ts";
import { type ApiName, parseBindingKey } from "./binding/view.ts";
import { Cluster } from "./cluster/cluster.ts";
import { wholeOnly } from "./cluster/cached_service_account.ts";
import { StatusSchemas } from "./cluster/status_schemas.ts";
import { Executor } from "./execute/executor.ts";
import { ServiceAccountWriter } from "./execute/service_account_writer.ts";
import { type Slot, WorkQueue } from "./queue.ts";
import { Reconciler } from "./reconciler.ts";
import type { ReconcileReport } from "./report.ts";
import { Timers } from "./timers.ts";
import {
  type AllClients,
  type AnyInformer,
  clientsOver,
  followLargeOf,
  type Informers,
  informersOver,
} from "./informers.ts";

/** What the controller needs from its surroundings. */
export interface ControllerOptions {
  /** Those whose bindings are served; if left out, all that this release knows. */
  readonly apis?: BindingApis;
  readonly rest: RestClient;
  readonly credentials: Pick<Credentials, "mint">;
  readonly settings: BindingSettings;
  /** Bindings that it does not match are not seen. Empty for all. */
  readonly labelSelector: string;
  /** Whether each Secret is read by its name; else they are listed and watched. */
  readonly readsSecretsByName?: boolean;
  readonly clock: Clock;
  /** Milliseconds that only ever advance. */
  readonly monotonic: () => number;
  readonly random: Random;
  readonly breather: Breather;
  /** Is told which objects are large; `rest` lets requests for them through few at a time. */
  readonly largeObjects: LargeObjects;
  readonly report: ReconcileReport;
  /** Hears of the caches by the names of their resources, and of the CRDs behind them. */
  readonly informerReport: (name: string, crd?: string) => InformerReport;
  /** Hears that a watch was silent for too long: its connection may be dead. */
  readonly onSilent: () => void;
}

/**
 * Bindings being worked on at once. The API server is the limit; more only wait in its queues, and
 * each takes memory. The urgent leave some to the others: tenants can write what makes them urgent.
 *
 * A namespace that is alone has 16. In a pod of 100m CPU each step of another's binding waits behind
 * the answers to all of these. With 10 a roll-out would take a third longer, by more CPU.
 */
export const PLACES: PlacesOptions = { places: 32, forUrgent: 4, forOthers: 8, alpha: 1 };

/** A credential that expires within this time goes to a worker before all that is not urgent. */
const WORKER_URGENT_MS = 10 * 60_000;

/** How far one cache is, for the readiness probe. */
export interface CacheState {
  readonly name: string;
  readonly state: SyncState;
  readonly reason: string;
}

/** Watches bindings, Secrets and ServiceAccounts, and keeps the bindings' credentials. */
export class Controller {
  readonly cluster: Cluster;
  readonly #options: ControllerOptions;
  readonly #apis: BindingApis;
  readonly #informers: Informers;
  readonly #reconciler: Reconciler;
  readonly #timers: Timers;
  readonly #queue: WorkQueue;
  readonly #statusSchemas: StatusSchemas;
  /** Aborts when this replica may write no more. */
  #writing: AbortSignal | undefined;
  #known: (() => void)[] = [];

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#apis = options.apis ?? APIS;
    const clients = clientsOver(options.rest, this.#apis);
    this.#statusSchemas = new StatusSchemas(
      options.rest,
      (api, kept) => this.#conditionsChanged(api, kept),
    );
    this.#informers = informersOver(clients, {
      ...options,
      apis: this.#apis,
      statusSchemas: this.#statusSchemas,
      onStateChange: () => this.#known.splice(0).forEach((tell) => tell()),
    });
    this.#followLarge();
    this.cluster = new Cluster(this.#apis, this.#informers, options.settings);
    this.#timers = new Timers(options.clock, (key) => this.#queue.add(key));
    this.#queue = new WorkQueue({
      ...options,
      places: PLACES,
      namespaceOf: (key) => parseBindingKey(key).namespace,
      urgencyOf: (key) => this.#urgencyOf(key),
      work: (key, slot) => this.#work(key, slot),
    });
    this.#reconciler = new Reconciler({
      ...options,
      cluster: this.cluster,
      executor: this.#createExecutor(clients),
      keepsConditions: (api) => this.#statusSchemas.keepsConditions(api),
    });
    this.cluster.subscribe((key) => {
      // Who leads starts from all bindings; until then a queue of them would only grow.
      if (this.#writing !== undefined) this.#queue.add(key);
    });
  }

  /** How far each cache is. */
  get caches(): readonly CacheState[] {
    return this.#followed.map(({ name, state, stateReason }) => ({
      name,
      state,
      reason: stateReason,
    }));
  }

  /** Bindings that wait for work, and those being worked on. */
  get queue(): { readonly depth: number; readonly working: number } {
    return this.#queue;
  }

  /** What has stopped, though there is work to do; undefined where work moves on. */
  stuck(): string | undefined {
    return this.#queue.stuck();
  }

  /** How many bindings there are, by API and readiness. */
  census(): readonly { api: ApiName; ready: boolean; count: number }[] {
    return this.#byApi((api, bindings) =>
      [true, false].map((ready) => ({
        api,
        ready,
        count: bindings.filter((binding) => isReady(binding) === ready).length,
      }))
    );
  }

  /** When the first of all credentials expires, in milliseconds since the epoch, by API. */
  firstExpiries(): readonly { api: ApiName; expiresAt: number }[] {
    return this.#byApi((api, bindings) => {
      const moments = bindings
        .map(({ status }) => Date.parse(status?.tokenExpirationTime ?? ""))
        .filter((moment) => !Number.isNaN(moment));
      // Not Math.min(...moments): thousands of arguments overflow the stack.
      const first = moments.reduce((least, moment) => Math.min(least, moment), Infinity);
      return first === Infinity ? [] : [{ api, expiresAt: first }];
    });
  }

  #byApi<T>(tell: (api: ApiName, bindings: AcrPullBinding[]) => readonly T[]): readonly T[] {
    return [...this.#informers.bindings].flatMap(([api, cache]) => tell(api, [...cache.values()]));
  }

  /** The informers that list and watch. That of Secrets may hold only what was read by name. */
  get #followed(): readonly AnyInformer[] {
    const { bindings, secrets, serviceAccounts } = this.#informers;
    const watched = this.#options.readsSecretsByName ? [] : [secrets];
    return [...bindings.values(), serviceAccounts, ...watched];
  }

  /** Keeps the caches until `signal` aborts. A standby keeps them too, to be quick when it leads. */
  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#followed.map((informer) => informer.run(signal)));
  }

  /**
   * Works on bindings until `signal` aborts, once the caches are filled; resolves when the last
   * write has ended. Needs `watch` to run.
   */
  async lead(signal: AbortSignal): Promise<void> {
    await this.#whenKnown(signal);
    if (signal.aborted) return;
    this.#writing = signal;
    for (const key of this.cluster.keys()) this.#queue.add(key);
    await this.#queue.run(signal);
    this.#timers.stop();
  }

  /** What bindings of that API should say is no longer what they say. */
  #conditionsChanged(api: ApiName, kept: boolean): void {
    this.#options.report.conditions(api, kept);
    if (this.#writing === undefined) return;
    for (const key of this.cluster.keys()) {
      if (parseBindingKey(key).api === api) this.#queue.add(key);
    }
  }

  #urgencyOf(key: string): Urgency | undefined {
    return this.#urgencyUntil(this.cluster.servesUntil(parseBindingKey(key)));
  }

  /** What has expired already is no worse off than what is new. */
  #urgencyUntil(until: number | undefined): Urgency | undefined {
    if (until === undefined || until <= this.#options.clock.now()) return undefined;
    return { from: until - WORKER_URGENT_MS, until };
  }

  async #work(key: string, slot: Slot): Promise<void> {
    const signal = this.#writing!;
    try {
      const wakeAt = await this.#reconciler.reconcile(key, { signal, slot });
      if (wakeAt === undefined) this.#timers.clear(key);
      else this.#timers.set(key, wakeAt);
    } catch (error) {
      // The only thing that reconcile rejects with; what it left is found again by who leads next.
      if (!signal.aborted) throw error;
    }
  }

  /** Resolves when every cache is filled, or its resource is known not to be there. */
  async #whenKnown(signal: AbortSignal): Promise<void> {
    const bindings: readonly AnyInformer[] = [...this.#informers.bindings.values()];
    const required = this.#followed.filter((informer) => !bindings.includes(informer));
    const known = () =>
      required.every(({ synced }) => synced) &&
      bindings.every(({ state }) => state !== "listing" && state !== "desynced");
    while (!signal.aborted && !known()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#known.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
      await promise;
    }
  }

  #followLarge(): void {
    const { largeObjects } = this.#options;
    followLargeOf(this.#informers, this.#apis, largeObjects);
    // The account of a binding whose credential serves names it already.
    largeObjects.rankBy(({ plural, namespace, name }) =>
      plural === SECRET.plural
        ? this.#urgencyUntil(this.cluster.secretServesUntil(namespace, name))
        : undefined
    );
  }

  #createExecutor(clients: AllClients): Executor {
    const caches = this.#informers;
    return new Executor({
      apis: this.#apis,
      clients,
      caches,
      readsSecretsByName: this.#options.readsSecretsByName ?? false,
      serviceAccounts: new ServiceAccountWriter({
        apis: this.#apis,
        client: clients.serviceAccounts,
        cached: (namespace, name) => wholeOnly(caches.serviceAccounts.get(namespace, name)),
        observe: (account) => caches.serviceAccounts.observe(account),
        forget: (...account) => caches.serviceAccounts.forget(...account),
      }),
      clock: this.#options.clock,
      mint: (request, need) => this.#options.credentials.mint(request, need),
      conditionsKept: (...written) => this.#statusSchemas.written(...written),
      onOtherAudience: (binding, audience) => this.#options.report.otherAudience(binding, audience),
    });
  }
}

/** Where the API prunes conditions, the fields of the reference must do. */
function isReady({ status = {} }: AcrPullBinding): boolean {
  const { conditions, tokenExpirationTime, error = "" } = status;
  if (conditions === undefined) return tokenExpirationTime !== undefined && error === "";
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

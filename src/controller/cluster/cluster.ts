import type { CacheReader, KeptObject } from "../../kubernetes/informer/informer.ts";
import type { BindingApi, CachedBinding } from "../binding/api.ts";
import type { BindingApis } from "../binding/apis.ts";
import { basicsOf } from "../binding/basics.ts";
import type { BindingSettings } from "../binding/settings.ts";
import {
  type ApiName,
  type Asked,
  type BindingBasics,
  type BindingId,
  bindingKey,
  type BindingView,
  type SecretRules,
} from "../binding/view.ts";
import { ownershipOf } from "../plan/ownership.ts";
import type { SecretState, ServiceAccountState, Snapshot } from "../plan/snapshot.ts";
import { isInCrowd } from "./crowd.ts";
import type { CachedSecret } from "./cached_secret.ts";
import {
  type CachedServiceAccount,
  pullSecretsOf,
  serviceAccountState,
} from "./cached_service_account.ts";

/** The caches from which snapshots are taken, none of which is written here. */
export interface Caches {
  /** By API. */
  readonly bindings: ReadonlyMap<ApiName, CacheReader<CachedBinding>>;
  readonly secrets: CacheReader<CachedSecret>;
  readonly serviceAccounts: CacheReader<CachedServiceAccount>;
}

/** What the caches tell of one binding. */
type Known = Pick<Snapshot, "binding" | "rules" | "secrets" | "serviceAccounts">;

/** Names of indexes. Their keys are `namespace/value`. */
const BY_SERVICE_ACCOUNT = "serviceAccount";
const BY_SECRET_NAME = "secretName";
const BY_LABEL = "label";
const BY_OWNER = "owner";
const BY_PULL_SECRET = "pullSecret";
/** ServiceAccounts that name so many Secrets that no index holds them, by namespace. */
const CROWDED = "crowded";

/** What the caches know, put together for one binding at a time. */
export class Cluster {
  readonly #apis: BindingApis;
  readonly #caches: Caches;
  readonly #settings: BindingSettings;
  /** What is asked for, by the specs that the caches hold. */
  readonly #asked = new WeakMap<object, Asked>();

  /** Adds indexes to the caches: call it once, before these are filled. */
  constructor(apis: BindingApis, caches: Caches, settings: BindingSettings) {
    this.#apis = apis;
    this.#caches = caches;
    this.#settings = settings;
    const { secrets, serviceAccounts } = caches;
    for (const [api, bindings] of this.#bindings()) {
      bindings.addIndex(BY_SERVICE_ACCOUNT, (object) => near(object, api.accountsOf(object)));
      bindings.addIndex(BY_SECRET_NAME, (object) => near(object, [secretNameOf(api, object)]));
    }
    secrets.addIndex(
      BY_LABEL,
      ({ metadata, state: { label } }) => label === undefined ? [] : near({ metadata }, [label]),
    );
    secrets.addIndex(BY_OWNER, ({ state: { owner } }) => owner === undefined ? [] : [owner.uid]);
    serviceAccounts.addIndex(
      BY_PULL_SECRET,
      (object) => pullSecretsOf(object).map((name) => `${object.metadata.namespace}/${name}`),
    );
    serviceAccounts.addIndex(
      CROWDED,
      ({ crowd, metadata }) => crowd === undefined ? [] : [metadata.namespace],
    );
  }

  /** Calls `enqueue` with the key of every binding that a change may concern. */
  subscribe(enqueue: (key: string) => void): void {
    const { bindings, secrets, serviceAccounts } = this.#caches;
    for (const [api, cache] of bindings) {
      const tell = (object: KeptObject) => enqueue(keyOf(api, object));
      cache.subscribe({ changed: tell, removed: tell });
    }
    const secretChanged = (secret: CachedSecret) => this.#ofSecret(secret).forEach(enqueue);
    secrets.subscribe({
      changed: (secret, previous) => {
        // One whose owner or label changed concerns those of before, too.
        if (previous !== undefined) secretChanged(previous);
        secretChanged(secret);
      },
      removed: secretChanged,
    });
    const tellOf = (...accounts: readonly (CachedServiceAccount | undefined)[]) => {
      // Most are concerned several times over, of what may be thousands.
      const keys = new Set<string>();
      for (const account of accounts) {
        if (account === undefined) continue;
        for (const key of this.#ofServiceAccount(account)) keys.add(key);
      }
      for (const key of keys) enqueue(key);
    };
    serviceAccounts.subscribe({ changed: tellOf, removed: (account) => tellOf(account) });
  }

  /** The binding as it is now. */
  view(id: BindingId): BindingView | undefined {
    const binding = this.#get(id);
    if (binding === undefined) return undefined;
    const api = this.#apis.named(id.api);
    return { ...basicsOf(api, binding), ...this.#askedBy(api, binding) };
  }

  /** Each spec is understood once: hashes cost more than all else that is decided on it. */
  #askedBy(api: BindingApi, binding: CachedBinding): Asked {
    const { spec } = binding;
    if (typeof spec !== "object" || spec === null) return api.asked(binding, this.#settings);
    const known = this.#asked.get(spec);
    if (known !== undefined) return known;
    const asked = api.asked(binding, this.#settings);
    this.#asked.set(spec, asked);
    return asked;
  }

  /** The binding as it is now, as far as that can be said whatever its spec says. */
  basics(id: BindingId): BindingBasics | undefined {
    const binding = this.#get(id);
    return binding && basicsOf(this.#apis.named(id.api), binding);
  }

  #get({ api, namespace, name }: BindingId): CachedBinding | undefined {
    return this.#cache(api).get(namespace, name);
  }

  /** Which state of which binding is known, without the cost of a whole view. */
  version(id: BindingId): Pick<BindingView, "uid" | "resourceVersion"> | undefined {
    return this.#get(id)?.metadata;
  }

  /**
   * When the binding's credential expires, in milliseconds since the epoch, by its Secret, or by its
   * status where the Secret is not known; undefined where neither tells.
   */
  servesUntil(id: BindingId): number | undefined {
    const secretName = this.#apis.named(id.api).secretName(id.name);
    const told = this.#expiryOf(id.namespace, secretName) ??
      this.#get(id)?.status?.tokenExpirationTime;
    return momentOf(told);
  }

  /** When the credential in that Secret expires, in milliseconds since the epoch, where it is known. */
  secretServesUntil(namespace: string, name: string): number | undefined {
    return momentOf(this.#expiryOf(namespace, name));
  }

  #expiryOf(namespace: string, secretName: string): string | undefined {
    return this.#caches.secrets.get(namespace, secretName)?.state.expiry;
  }

  /** Keys of all bindings. */
  *keys(): IterableIterator<string> {
    for (const [api, bindings] of this.#caches.bindings) {
      for (const binding of bindings.values()) yield keyOf(api, binding);
    }
  }

  /** Everything known of one binding; undefined where it is gone. */
  snapshot(id: BindingId): Known | undefined {
    const binding = this.view(id);
    if (binding === undefined) return undefined;
    const rules = this.#apis.named(id.api);
    const secrets = this.#secretsOf(binding);
    return { binding, rules, secrets, serviceAccounts: this.#accountsFor(binding, rules, secrets) };
  }

  /** A ServiceAccount as it is now, and which of `secrets` it names, where it names many. */
  serviceAccount(
    namespace: string,
    name: string,
    secrets: Iterable<string> = [],
  ): ServiceAccountState | undefined {
    const account = this.#caches.serviceAccounts.get(namespace, name);
    return account && serviceAccountState(account, secrets);
  }

  /** Whether the operator knows that a Secret is gone, which was read by its name before. */
  isGone({ uid }: Pick<SecretState, "uid">): boolean {
    return this.#caches.secrets.isForgotten(uid);
  }

  #bindings(): readonly (readonly [BindingApi, CacheReader<CachedBinding>])[] {
    return this.#apis.all.map((api) => [api, this.#cache(api.name)]);
  }

  #cache(api: ApiName): CacheReader<CachedBinding> {
    return this.#caches.bindings.get(api)!;
  }

  /** By owner, by label or by the name that the binding's Secret has. */
  #secretsOf(binding: BindingView): readonly SecretState[] {
    const { secrets } = this.#caches;
    const { namespace, label, secretName, uid } = binding;
    const named = secrets.get(namespace, secretName);
    const found = new Set([
      ...(named === undefined ? [] : [named]),
      ...secrets.byIndex(BY_LABEL, `${namespace}/${label}`),
      ...secrets.byIndex(BY_OWNER, uid),
    ]);
    return [...found].filter(({ metadata }) => metadata.namespace === namespace)
      .map(({ state }) => state);
  }

  #accountsFor(
    binding: BindingView,
    rules: SecretRules,
    secrets: readonly SecretState[],
  ): ReadonlyMap<string, ServiceAccountState> {
    const { serviceAccounts } = this.#caches;
    const { namespace, secretName } = binding;
    const ours = secrets.filter((secret) => ownershipOf(secret, binding, rules) !== "foreign");
    const names = new Set([secretName, ...ours.map((secret) => secret.name)]);
    const states = [
      ...[...names].flatMap((name) =>
        serviceAccounts.byIndex(BY_PULL_SECRET, `${namespace}/${name}`)
      ),
      ...serviceAccounts.byIndex(CROWDED, namespace),
    ]
      .map((account) => serviceAccountState(account, names))
      .filter(({ pullSecrets }) => pullSecrets.length > 0);
    for (const name of namedAccounts(binding)) {
      const state = this.serviceAccount(namespace, name, names);
      if (state !== undefined) states.push(state);
    }
    return new Map(states.map((state) => [state.name, state]));
  }

  #ofSecret({ metadata: { namespace, name }, state }: CachedSecret): string[] {
    const keys = this.#bindingsBy(BY_SECRET_NAME, `${namespace}/${name}`);
    for (const candidate of [state.owner?.name, state.label]) {
      if (candidate === undefined) continue;
      keys.push(...this.#bindingsNamed(namespace, candidate));
    }
    return keys;
  }

  #ofServiceAccount(account: CachedServiceAccount): string[] {
    const { namespace, name } = account.metadata;
    return [
      ...this.#bindingsBy(BY_SERVICE_ACCOUNT, `${namespace}/${name}`),
      ...pullSecretsOf(account).flatMap((secret) =>
        this.#bindingsBy(BY_SECRET_NAME, `${namespace}/${secret}`)
      ),
      ...this.#bindingsInCrowd(account),
    ];
  }

  /** Bindings whose Secret is named by an account that names many. */
  #bindingsInCrowd({ crowd, metadata }: CachedServiceAccount): string[] {
    if (crowd === undefined) return [];
    const keys: string[] = [];
    for (const [api, bindings] of this.#bindings()) {
      for (const binding of bindings.values()) {
        const isNear = binding.metadata.namespace === metadata.namespace;
        if (!isNear || !isInCrowd(crowd, secretNameOf(api, binding))) continue;
        keys.push(keyOf(api.name, binding));
      }
    }
    return keys;
  }

  #bindingsBy(index: string, key: string): string[] {
    const keys: string[] = [];
    for (const [api, bindings] of this.#caches.bindings) {
      for (const binding of bindings.byIndex(index, key)) keys.push(keyOf(api, binding));
    }
    return keys;
  }

  #bindingsNamed(namespace: string, name: string): string[] {
    const keys: string[] = [];
    for (const [api, bindings] of this.#caches.bindings) {
      if (bindings.get(namespace, name)) keys.push(bindingKey({ api, namespace, name }));
    }
    return keys;
  }
}

function keyOf(api: ApiName, { metadata }: KeptObject): string {
  return bindingKey({ api, namespace: metadata.namespace, name: metadata.name });
}

function secretNameOf(api: BindingApi, { metadata }: KeptObject): string {
  return api.secretName(metadata.name);
}

function namedAccounts({ target, credential }: BindingView): ReadonlySet<string> {
  const names = new Set([target]);
  if (credential.kind === "workloadIdentity") names.add(credential.serviceAccountName);
  return names;
}

/** Keys of names in the object's own namespace. */
function near({ metadata }: KeptObject, names: readonly string[]): readonly string[] {
  return names.map((name) => `${metadata.namespace}/${name}`);
}

function momentOf(text: string | undefined): number | undefined {
  const moment = Date.parse(text ?? "");
  return Number.isNaN(moment) ? undefined : moment;
}

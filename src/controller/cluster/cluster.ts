import type { AcrPullBinding as BindingV1 } from "../../api/v1beta1.ts";
import type { AcrPullBinding as BindingV2 } from "../../api/v1beta2.ts";
import type { Informer } from "../../kubernetes/informer/informer.ts";
import type { KubernetesObject, Stored } from "../../kubernetes/resources/resource_client.ts";
import type { BindingSettings } from "../binding/settings.ts";
import { basicsOf } from "../binding/common.ts";
import { accountsOfV1beta1, viewOfV1beta1 } from "../binding/v1beta1.ts";
import { accountsOfV1beta2, viewOfV1beta2 } from "../binding/v1beta2.ts";
import {
  type ApiName,
  type BindingBasics,
  type BindingId,
  bindingKey,
  type BindingView,
} from "../binding/view.ts";
import { BINDING_LABEL, EXPIRY_ANNOTATION } from "../conventions.ts";
import { v1beta1SecretName, v1beta2SecretName } from "../names.ts";
import { ownershipOf } from "../plan/ownership.ts";
import type { SecretState, ServiceAccountState, Snapshot } from "../plan/snapshot.ts";
import { isInCrowd } from "./crowd.ts";
import {
  type CachedServiceAccount,
  pullSecretsOf,
  type SecretMetadata,
  secretState,
  serviceAccountState,
} from "./objects.ts";

/** The caches from which snapshots are taken. */
export interface Informers {
  readonly v1beta1: Informer<BindingV1>;
  readonly v1beta2: Informer<BindingV2>;
  readonly secrets: Informer<SecretMetadata>;
  readonly serviceAccounts: Informer<CachedServiceAccount>;
}

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
  readonly #informers: Informers;
  readonly #settings: BindingSettings;

  /** Adds indexes to the informers: call it once, before they run. */
  constructor(informers: Informers, settings: BindingSettings) {
    this.#informers = informers;
    this.#settings = settings;
    const { v1beta1, v1beta2, secrets, serviceAccounts } = informers;
    v1beta1.addIndex(BY_SERVICE_ACCOUNT, (object) => near(object, accountsOfV1beta1(object)));
    v1beta2.addIndex(BY_SERVICE_ACCOUNT, (object) => near(object, accountsOfV1beta2(object)));
    v1beta1.addIndex(BY_SECRET_NAME, (object) => [within(object, v1beta1SecretName)]);
    v1beta2.addIndex(BY_SECRET_NAME, (object) => [within(object, v1beta2SecretName)]);
    secrets.addIndex(BY_LABEL, ({ metadata }) => {
      const label = metadata.labels?.[BINDING_LABEL];
      return label === undefined ? [] : [`${metadata.namespace}/${label}`];
    });
    secrets.addIndex(BY_OWNER, (object) => {
      const { owner } = secretState(object);
      return owner === undefined ? [] : [owner.uid];
    });
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
    const { v1beta1, v1beta2, secrets, serviceAccounts } = this.#informers;
    for (const [api, informer] of [["v1beta1", v1beta1], ["v1beta2", v1beta2]] as const) {
      const tell = (object: Stored<KubernetesObject>) => enqueue(keyOf(api, object));
      informer.subscribe({ changed: tell, removed: tell });
    }
    const secretChanged = (secret: Stored<SecretMetadata>) =>
      this.#ofSecret(secret).forEach(enqueue);
    secrets.subscribe({
      changed: (secret, previous) => {
        // One whose owner or label changed concerns those of before, too.
        if (previous !== undefined) secretChanged(previous);
        secretChanged(secret);
      },
      removed: secretChanged,
    });
    const tellOf = (...accounts: readonly (Stored<CachedServiceAccount> | undefined)[]) => {
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
    const { namespace, name } = id;
    if (id.api === "v1beta1") {
      const binding = this.#informers.v1beta1.get(namespace, name);
      return binding && viewOfV1beta1(binding, this.#settings);
    }
    const binding = this.#informers.v1beta2.get(namespace, name);
    return binding && viewOfV1beta2(binding, this.#settings);
  }

  /** The binding as it is now, as far as that can be said whatever its spec says. */
  basics({ api, namespace, name }: BindingId): BindingBasics | undefined {
    const binding = this.#informers[api].get(namespace, name);
    return binding && basicsOf(api, binding);
  }

  /** Which state of which binding is known, without the cost of a whole view. */
  version(
    { api, namespace, name }: BindingId,
  ): Pick<BindingView, "uid" | "resourceVersion"> | undefined {
    return this.#informers[api].get(namespace, name)?.metadata;
  }

  /**
   * When the binding's credential expires, in milliseconds since the epoch, by its Secret, or by its
   * status where the Secret is not known; undefined where neither tells.
   */
  servesUntil({ api, namespace, name }: BindingId): number | undefined {
    const nameOf = api === "v1beta1" ? v1beta1SecretName : v1beta2SecretName;
    const secret = this.#informers.secrets.get(namespace, nameOf(name));
    const told = secret?.metadata.annotations?.[EXPIRY_ANNOTATION] ??
      this.#informers[api].get(namespace, name)?.status?.tokenExpirationTime;
    const moment = Date.parse(told ?? "");
    return Number.isNaN(moment) ? undefined : moment;
  }

  /** Keys of all bindings. */
  *keys(): IterableIterator<string> {
    for (const binding of this.#informers.v1beta1.values()) yield keyOf("v1beta1", binding);
    for (const binding of this.#informers.v1beta2.values()) yield keyOf("v1beta2", binding);
  }

  /** Everything known of one binding; undefined where it is gone. */
  snapshot(id: BindingId): Pick<Snapshot, "binding" | "secrets" | "serviceAccounts"> | undefined {
    const binding = this.view(id);
    if (binding === undefined) return undefined;
    const secrets = this.#secretsOf(binding);
    return { binding, secrets, serviceAccounts: this.#accountsFor(binding, secrets) };
  }

  /** A ServiceAccount as it is now, and which of `secrets` it names, where it names many. */
  serviceAccount(
    namespace: string,
    name: string,
    secrets: Iterable<string> = [],
  ): ServiceAccountState | undefined {
    const account = this.#informers.serviceAccounts.get(namespace, name);
    return account && serviceAccountState(account, secrets);
  }

  /** Whether the operator knows that a Secret is gone, which was read by its name before. */
  isGone({ uid }: Pick<SecretState, "uid">): boolean {
    return this.#informers.secrets.isForgotten(uid);
  }

  /** Drops what was read of the Secret of a binding that is gone, where no watch keeps it. */
  dropSecret({ api, namespace, name }: BindingId): void {
    const secretName = api === "v1beta1" ? v1beta1SecretName(name) : v1beta2SecretName(name);
    this.#informers.secrets.drop(namespace, secretName);
  }

  /** By owner, by label or by the name that the binding's Secret has. */
  #secretsOf(binding: BindingView): readonly SecretState[] {
    const { secrets } = this.#informers;
    const { namespace, label, secretName, uid } = binding;
    const named = secrets.get(namespace, secretName);
    const found = new Set([
      ...(named === undefined ? [] : [named]),
      ...secrets.byIndex(BY_LABEL, `${namespace}/${label}`),
      ...secrets.byIndex(BY_OWNER, uid),
    ]);
    return [...found].filter(({ metadata }) => metadata.namespace === namespace).map(secretState);
  }

  #accountsFor(
    binding: BindingView,
    secrets: readonly SecretState[],
  ): ReadonlyMap<string, ServiceAccountState> {
    const { serviceAccounts } = this.#informers;
    const { namespace, secretName } = binding;
    const ours = secrets.filter((secret) => ownershipOf(secret, binding) !== "foreign");
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

  #ofSecret(secret: Stored<SecretMetadata>): string[] {
    const { namespace, name } = secret.metadata;
    const keys = this.#bindingsBy(BY_SECRET_NAME, `${namespace}/${name}`);
    const { owner, label } = secretState(secret);
    for (const candidate of [owner?.name, label]) {
      if (candidate === undefined) continue;
      keys.push(...this.#bindingsNamed(namespace, candidate));
    }
    return keys;
  }

  #ofServiceAccount(account: Stored<CachedServiceAccount>): string[] {
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
  #bindingsInCrowd({ crowd, metadata }: Stored<CachedServiceAccount>): string[] {
    if (crowd === undefined) return [];
    const { v1beta1, v1beta2 } = this.#informers;
    const keys: string[] = [];
    const find = (
      api: ApiName,
      bindings: Iterable<Stored<KubernetesObject>>,
      secretName: (binding: string) => string,
    ) => {
      for (const binding of bindings) {
        const { namespace, name } = binding.metadata;
        if (namespace !== metadata.namespace || !isInCrowd(crowd, secretName(name))) continue;
        keys.push(keyOf(api, binding));
      }
    };
    find("v1beta1", v1beta1.values(), v1beta1SecretName);
    find("v1beta2", v1beta2.values(), v1beta2SecretName);
    return keys;
  }

  #bindingsBy(index: string, key: string): string[] {
    const { v1beta1, v1beta2 } = this.#informers;
    return [
      ...v1beta1.byIndex(index, key).map((binding) => keyOf("v1beta1", binding)),
      ...v1beta2.byIndex(index, key).map((binding) => keyOf("v1beta2", binding)),
    ];
  }

  #bindingsNamed(namespace: string, name: string): string[] {
    const { v1beta1, v1beta2 } = this.#informers;
    const keys: string[] = [];
    if (v1beta1.get(namespace, name)) keys.push(bindingKey({ api: "v1beta1", namespace, name }));
    if (v1beta2.get(namespace, name)) keys.push(bindingKey({ api: "v1beta2", namespace, name }));
    return keys;
  }
}

function keyOf(api: ApiName, { metadata }: Stored<KubernetesObject>): string {
  return bindingKey({ api, namespace: metadata.namespace, name: metadata.name });
}

function within(object: Stored<KubernetesObject>, nameOf: (binding: string) => string): string {
  return `${object.metadata.namespace}/${nameOf(object.metadata.name)}`;
}

function namedAccounts({ target, credential }: BindingView): ReadonlySet<string> {
  const names = new Set([target]);
  if (credential.kind === "workloadIdentity") names.add(credential.serviceAccountName);
  return names;
}

/** Keys of names in the object's own namespace. */
function near({ metadata }: Stored<KubernetesObject>, names: readonly string[]): readonly string[] {
  return names.map((name) => `${metadata.namespace}/${name}`);
}

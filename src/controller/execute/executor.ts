import type { CredentialRequest } from "../../azure/credential_request.ts";
import type { Credential, Need } from "../../azure/credentials.ts";
import type { AcrPullBinding as BindingV1 } from "../../api/v1beta1.ts";
import type { AcrPullBinding as BindingV2 } from "../../api/v1beta2.ts";
import { isNotFound } from "../../kubernetes/errors.ts";
import type { Secret } from "../../kubernetes/core.ts";
import type {
  KubernetesObject,
  PartialObjectMetadata,
  ResourceClient,
  Stored,
} from "../../kubernetes/resource.ts";
import type { Clock } from "../../runtime/clock.ts";
import { optional } from "../../runtime/optional.ts";
import { isOurCondition } from "../binding/kept.ts";
import type { ApiName, BindingStatus, BindingView } from "../binding/view.ts";
import type { Informers } from "../cluster/cluster.ts";
import { secretState, trimSecret } from "../cluster/objects.ts";
import { BINDING_LABEL, FINALIZER } from "../conventions.ts";
import type { Action, MintAction } from "../plan/actions.ts";
import { lifetimeOf } from "../plan/schedule.ts";
import type { Inspection, SecretState } from "../plan/snapshot.ts";
import type { Slot } from "../queue.ts";
import { attempt } from "./attempt.ts";
import { contentOf } from "./inspect.ts";
import {
  adoptSecret,
  deleteSecret,
  type SecretMetadataClient,
  writeCredential,
} from "./secret_writer.ts";
import type { Outside, ServiceAccountWriter } from "./service_account_writer.ts";
import { SupersededError } from "./superseded.ts";

/** The clients by which actions reach the API server. */
export interface Clients {
  readonly v1beta1: ResourceClient<BindingV1>;
  readonly v1beta2: ResourceClient<BindingV2>;
  readonly secrets: ResourceClient<Secret>;
  readonly secretMetadata: SecretMetadataClient;
}

/** What the executor needs from its surroundings. */
export interface ExecutorOptions {
  readonly clients: Clients;
  readonly informers: Informers;
  /** Whether the cache of Secrets holds only what was read by name, and no watch keeps it. */
  readonly readsSecretsByName?: boolean;
  readonly serviceAccounts: ServiceAccountWriter;
  readonly mint: (request: CredentialRequest, need: Need) => Promise<Credential>;
  readonly clock: Clock;
  /** Hears whether the conditions that were written into a status are there, or were pruned. */
  readonly conditionsKept: (api: ApiName, kept: boolean) => void;
  /** Hears of a Secret whose token names another registry than its binding. */
  readonly onOtherAudience?: (binding: BindingView, audience: string) => void;
}

/** What an action may end early by, and whose place it holds. */
export interface ActionContext {
  readonly signal: AbortSignal;
  readonly slot: Slot;
}

/**
 * Carries out actions: the only part of the operator that writes what bindings make. What it wrote
 * goes into the caches at once, so that the next plan starts from it.
 */
export class Executor {
  readonly #options: ExecutorOptions;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /**
   * Carries out one action. Answers what reading a Secret told, if that was the action. Rejects with
   * an ApiError, an AzureError or the abort reason.
   */
  async execute(
    binding: BindingView,
    action: Action,
    context: ActionContext,
  ): Promise<Inspection | undefined> {
    const { namespace } = binding;
    const { signal } = context;
    switch (action.kind) {
      case "inspectSecret":
        return await this.inspect(binding, signal);
      case "addFinalizer":
        await this.#setFinalizers(binding, (present) => [...present, FINALIZER], signal);
        return undefined;
      case "removeFinalizer":
        await this.#removeFinalizer(binding, signal);
        return undefined;
      case "mint":
        await this.#mint(binding, action, context);
        return undefined;
      case "adoptSecret": {
        const { secretMetadata } = this.#options.clients;
        this.#observeSecret(await adoptSecret(secretMetadata, namespace, action, signal));
        return undefined;
      }
      case "deleteSecret":
        await this.#deleteSecret(namespace, action.secret, signal);
        return undefined;
      case "addReference": {
        const references = new Map([[action.secret, true]]);
        await this.#reference(namespace, action.serviceAccount, references, context);
        return undefined;
      }
      case "removeReferences": {
        const references = new Map(action.secrets.map((name) => [name, false]));
        await this.#reference(namespace, action.serviceAccount, references, context);
        return undefined;
      }
      case "writeStatus":
        await this.#writeStatus(binding, action.status, signal);
        return undefined;
    }
  }

  /** Reads the binding's Secret in full, past the cache, which also gets to know it. */
  async inspect(binding: BindingView, signal: AbortSignal): Promise<Inspection> {
    const { clients } = this.#options;
    const { namespace, secretName, credential } = binding;
    const forget = this.#forgetterOf(namespace, secretName);
    try {
      const secret = await clients.secrets.get(namespace, secretName, { signal });
      this.#observeSecret(secret);
      const server = credential.kind === "invalid" ? undefined : credential.server;
      const content = contentOf(secret, server);
      if (content.kind === "intact" && content.otherAudience !== undefined) {
        this.#options.onOtherAudience?.(binding, content.otherAudience);
      }
      return { kind: "found", secret: secretState(trimSecret(secret)), content };
    } catch (error) {
      if (!isNotFound(error)) throw error;
      forget();
      return { kind: "absent" };
    }
  }

  /** Reads the metadata of the binding's Secret into the cache, where no watch keeps it. */
  async readSecret({ namespace, secretName }: BindingView, signal: AbortSignal): Promise<void> {
    const { secretMetadata } = this.#options.clients;
    const forget = this.#forgetterOf(namespace, secretName);
    try {
      this.#observeSecret(await secretMetadata.get(namespace, secretName, { signal }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      forget();
    }
  }

  /** Reads the binding itself past the cache: the last write met one that was no longer so. */
  async refresh(binding: BindingView, signal: AbortSignal): Promise<void> {
    const { namespace, name, uid } = binding;
    await this.#perApi(binding.api, async (client, informer) => {
      try {
        informer.observe(await client.get(namespace, name, { signal }));
      } catch (error) {
        if (!isNotFound(error)) throw error;
        informer.forget(namespace, name, uid);
      }
    });
  }

  async #mint(binding: BindingView, action: MintAction, context: ActionContext): Promise<void> {
    const { clients, informers, mint, clock } = this.#options;
    const credential = await context.slot.outside(() => {
      const need = needOf(binding, action);
      return attempt((asked) => mint(action.request, asked), need, need.expiresAt, clock);
    }, action.request.server);
    context.signal.throwIfAborted();
    this.#assertStillWanted(binding, action);
    const written = await writeCredential(
      clients.secretMetadata,
      binding,
      action,
      credential,
      context.signal,
    );
    if (action.write.mode === "replace") {
      const { name, uid } = action.write.secret;
      informers.secrets.forget(binding.namespace, name, uid);
    }
    this.#observeSecret(written);
  }

  async #deleteSecret(namespace: string, secret: SecretState, signal: AbortSignal): Promise<void> {
    const { clients, informers } = this.#options;
    await deleteSecret(clients.secretMetadata, namespace, secret, signal);
    informers.secrets.forget(namespace, secret.name, secret.uid);
  }

  async #reference(
    namespace: string,
    serviceAccount: string,
    references: ReadonlyMap<string, boolean>,
    { signal, slot }: ActionContext,
  ): Promise<void> {
    const outside: Outside = (wait) => slot.outside(wait, `${namespace}/${serviceAccount}`);
    const { serviceAccounts } = this.#options;
    await serviceAccounts.write(namespace, serviceAccount, references, signal, outside);
  }

  async #removeFinalizer(binding: BindingView, signal: AbortSignal): Promise<void> {
    const without = (present: readonly string[]) => present.filter((each) => each !== FINALIZER);
    try {
      const left = await this.#setFinalizers(binding, without, signal);
      if (left.length > 0) return;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (!binding.deleting) return;
    const { api, namespace, name, uid } = binding;
    await this.#perApi(api, (_, informer) => informer.forget(namespace, name, uid));
  }

  /** Answers the finalizers that the binding has now. */
  async #setFinalizers(
    binding: BindingView,
    change: (present: readonly string[]) => readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { api, namespace, name, uid, resourceVersion } = binding;
    const whole = await this.#whole(binding, signal);
    const finalizers = change(whole?.metadata.finalizers ?? binding.finalizers);
    const body = { metadata: { uid, resourceVersion, finalizers } };
    await this.#perApi(api, async (client, informer) => {
      informer.observe(await client.patch(namespace, name, { type: "merge", body }, { signal }));
    });
    return finalizers;
  }

  async #writeStatus(
    binding: BindingView,
    status: BindingStatus,
    signal: AbortSignal,
  ): Promise<void> {
    const { api, namespace, name, uid, resourceVersion } = binding;
    const conditions = withOthers(status, (await this.#whole(binding, signal))?.status);
    // A merge patch keeps what it does not name; an error that is over must go.
    const body = {
      metadata: { uid, resourceVersion },
      status: { error: null, ...status, ...optional("conditions", conditions) },
    };
    await this.#perApi(api, async (client, informer) => {
      const written = await client.patchStatus(
        namespace,
        name,
        { type: "merge", body },
        { signal },
      );
      informer.observe(written);
      this.#options.conditionsKept(api, written.status?.conditions !== undefined);
    });
  }

  /** The binding itself, where the cache has left out a part of it, whatever has become of it since. */
  async #whole(
    { api, namespace, name, isIncomplete }: BindingView,
    signal: AbortSignal,
  ): Promise<Stored<AnyBinding> | undefined> {
    if (!isIncomplete) return undefined;
    let whole: Stored<AnyBinding> | undefined;
    await this.#perApi(api, async (client) => {
      whole = await client.get(namespace, name, { signal });
    });
    return whole;
  }

  /** A watched cache holds labelled Secrets alone; one without the label would never leave it. */
  #observeSecret(secret: Stored<PartialObjectMetadata>): void {
    const { readsSecretsByName = false, informers } = this.#options;
    if (!readsSecretsByName && secret.metadata.labels?.[BINDING_LABEL] === undefined) return;
    informers.secrets.observe(secret);
  }

  /**
   * To be called before a Secret is asked for; what it answers forgets the one that was known then.
   * The watch may overtake an answer, and tell of one that was made anew since.
   */
  #forgetterOf(namespace: string, name: string): () => void {
    const { secrets } = this.#options.informers;
    const uid = secrets.get(namespace, name)?.metadata.uid;
    return () => {
      if (uid !== undefined) secrets.forget(namespace, name, uid);
    };
  }

  /** Azure may take minutes, in which a binding is changed, deleted or made anew. */
  #assertStillWanted(binding: BindingView, { request }: MintAction): void {
    const { informers } = this.#options;
    const { namespace, name, api, uid, generation } = binding;
    const known = informers[api].get(namespace, name)?.metadata;
    if (known?.uid !== uid || (known.generation ?? 0) !== generation) {
      throw new SupersededError("the binding changed while its credential was minted");
    }
    if (request.identity.kind !== "workloadIdentity") return;
    const { serviceAccount } = request.identity;
    const account = informers.serviceAccounts.get(namespace, serviceAccount.name)?.metadata;
    if (account?.uid === serviceAccount.uid) return;
    throw new SupersededError("the ServiceAccount was made anew while its credential was minted");
  }

  /** Both APIs' clients take the same calls, but their types know nothing of one another. */
  async #perApi(
    api: ApiName,
    call: (client: BindingClient, informer: BindingCache) => Promise<void> | void,
  ): Promise<void> {
    const { clients, informers } = this.#options;
    if (api === "v1beta1") await call(clients.v1beta1, informers.v1beta1 as BindingCache);
    else await call(clients.v1beta2, informers.v1beta2 as unknown as BindingCache);
  }
}

/** The conditions to be written: those of others as they are, which the cache may have left out. */
function withOthers(
  { conditions = [] }: BindingStatus,
  whole: BindingStatus | undefined,
): BindingStatus["conditions"] {
  const others = (whole?.conditions ?? []).filter((condition) => !isOurCondition(condition));
  return others.length === 0 ? undefined : [...others, ...conditions];
}

/** Who asks, and what the binding has already. */
function needOf({ namespace }: BindingView, { write, failedAt, lastTry }: MintAction): Need {
  const lifetime = write.mode === "create" ? undefined : lifetimeOf(write.secret);
  return {
    namespace,
    ...optional("expiresAt", lifetime?.expiresAt),
    ...optional("newerThan", write.mode === "update" ? lastMomentOf(write.secret) : undefined),
    ...optional("failedAt", failedAt),
    ...optional("lastTry", lastTry),
  };
}

/** A Secret in place tells when its credential was minted, in whole seconds. */
function lastMomentOf(secret: SecretState): number | undefined {
  const lifetime = lifetimeOf(secret);
  return lifetime && lifetime.refreshedAt + 999;
}

type AnyBinding = KubernetesObject & { status?: BindingStatus };

interface BindingClient {
  get(namespace: string, name: string, options: { signal: AbortSignal }): Promise<
    Stored<AnyBinding>
  >;
  patch: ResourceClient<AnyBinding>["patch"];
  patchStatus: ResourceClient<AnyBinding>["patchStatus"];
}

interface BindingCache {
  observe(binding: Stored<AnyBinding>): void;
  forget(namespace: string, name: string, uid: string): void;
}

import type { CredentialRequest } from "../../azure/credential_request.ts";
import type { Credential, Need } from "../../azure/credentials.ts";
import type { AzureError } from "../../azure/errors.ts";
import { scopeNotGranted } from "../../azure/granted.ts";
import { registryHost } from "../../azure/registry.ts";
import { ApiError, isNotFound } from "../../kubernetes/http/errors.ts";
import type { Secret } from "../../kubernetes/resources/built_in.ts";
import type {
  ObjectMeta,
  PartialObjectMetadata,
  Stored,
} from "../../kubernetes/resources/resource_client.ts";
import type { Clock } from "../../runtime/time/clock.ts";
import { optional } from "../../runtime/optional.ts";
import type { BindingApis } from "../binding/apis.ts";
import type { BindingBasics, BindingStatus, BindingView } from "../binding/view.ts";
import type { Informers } from "../cluster/cluster.ts";
import { secretState, trimSecret } from "../cluster/objects.ts";
import { BINDING_LABEL } from "../conventions.ts";
import type { Action, AdoptSecretAction, MintAction } from "../plan/actions.ts";
import { type Lifetime, lifetimeOf } from "../plan/schedule.ts";
import type { FoundSecret, Inspection, SecretState } from "../plan/snapshot.ts";
import type { Slot } from "../queue.ts";
import { attempt } from "./attempt.ts";
import { BindingWriter, type BindingWriterOptions } from "./binding_writer.ts";
import type { Clients } from "./clients.ts";
import { contentOf } from "./inspect.ts";
import {
  adoptSecret,
  askToReplace,
  deleteSecret,
  writeCredential,
  writtenBy,
} from "./secret_writer.ts";
import type { Outside, ServiceAccountWriter } from "./service_account_writer.ts";
import { HeldError, SupersededError } from "./superseded.ts";
import { type Undoer, UndoneError } from "./undone.ts";
import { fieldsOf, undoerIn } from "./undoer.ts";
import { missingOfSecret } from "./written.ts";

export type { Clients } from "./clients.ts";

/** What the executor needs from its surroundings. */
export interface ExecutorOptions {
  readonly apis: BindingApis;
  readonly clients: Clients;
  readonly informers: Informers;
  /** Whether the cache of Secrets holds only what was read by name, and no watch keeps it. */
  readonly readsSecretsByName?: boolean;
  readonly serviceAccounts: ServiceAccountWriter;
  readonly mint: (request: CredentialRequest, need: Need) => Promise<Credential>;
  readonly clock: Clock;
  /** See `BindingWriterOptions`. */
  readonly conditionsKept: BindingWriterOptions["conditionsKept"];
  /** Hears of a Secret whose token names another registry than its binding. */
  readonly onOtherAudience?: (binding: BindingView, audience: string) => void;
}

/** What an action may end early by, and whose place it holds. */
export interface ActionContext {
  readonly signal: AbortSignal;
  readonly slot: Slot;
}

/** What carrying out an action told. */
export interface ActionOutcome {
  /** What reading a Secret told. */
  readonly inspection?: Inspection;
  /** Of the credential that was minted. */
  readonly lifetime?: Lifetime;
  /** What minting fell short of. */
  readonly shortfall?: Shortfall;
}

/**
 * Azure granted less than was asked for. What came is in the Secret, unless what was there does as
 * well or better.
 */
export interface Shortfall {
  readonly error: AzureError;
  /** The Secret with what came. */
  readonly written?: SecretState;
}

const NOTHING: ActionOutcome = {};

/**
 * Carries out actions: the only part of the operator that writes what bindings make. What it wrote
 * goes into the caches at once, as the server's answer has it, so that the next plan starts from it.
 */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #bindings: BindingWriter;

  constructor(options: ExecutorOptions) {
    this.#options = options;
    this.#bindings = new BindingWriter(options);
  }

  /**
   * Carries out one action. Rejects with an ApiError, an AzureError, the abort reason, or one of
   * these: an UndoneError where the answer to a write lacks what was written, a SupersededError
   * where what was decided on has changed, a HeldError where finalizers keep what was deleted.
   */
  async execute(
    binding: BindingView,
    action: Action,
    context: ActionContext,
  ): Promise<ActionOutcome> {
    const { signal } = context;
    switch (action.kind) {
      case "inspectSecret":
        return { inspection: await this.inspect(binding, signal) };
      case "mint":
        return await this.#mint(binding, action, context);
      case "addFinalizer":
        await this.#bindings.addFinalizer(binding, signal);
        return NOTHING;
      case "removeFinalizer":
        await this.#bindings.removeFinalizer(binding, signal);
        return NOTHING;
      case "adoptSecret":
        await this.#adopt(binding, action, signal);
        return NOTHING;
      case "deleteSecret":
        await this.#deleteSecret(binding.namespace, action.secret, signal);
        return NOTHING;
      case "addReference":
      case "removeReferences":
        await this.#reference(binding, action, context);
        return NOTHING;
      case "writeStatus":
        await this.tell(binding, action.status, signal);
        return NOTHING;
    }
  }

  /** Writes a binding's status, for which its spec need not be understood. */
  async tell(binding: BindingBasics, status: BindingStatus, signal: AbortSignal): Promise<void> {
    await this.#bindings.writeStatus(binding, status, signal);
  }

  /** Reads the binding itself past the cache: the last write met one that was no longer so. */
  async refresh(binding: BindingView, signal: AbortSignal): Promise<void> {
    await this.#bindings.refresh(binding, signal);
  }

  /** Who undid what an action wrote, by the `managedFields` of what it was written into. */
  async undoerOf(binding: BindingView, action: Action, signal: AbortSignal): Promise<Undoer> {
    const fields = fieldsOf(action);
    if (fields.length === 0) return { kind: "unknown" };
    try {
      return undoerIn(await this.#metadataOf(binding, action, signal), fields);
    } catch (error) {
      signal.throwIfAborted();
      // One that is gone, or that may not be read, tells nothing.
      if (error instanceof ApiError) return { kind: "unknown" };
      throw error;
    }
  }

  /** Reads the binding's Secret in full, past the cache, which also gets to know it. */
  async inspect(binding: BindingView, signal: AbortSignal): Promise<Inspection> {
    const { clients } = this.#options;
    const { namespace, secretName } = binding;
    const forget = this.#forgetterOf(namespace, secretName);
    try {
      const secret = await clients.secrets.get(namespace, secretName, { signal });
      this.#observeSecret(secret);
      const inspection = this.#verdictOn(secret, binding);
      const { content } = inspection;
      if (content.kind === "intact" && content.otherAudience !== undefined) {
        this.#options.onOtherAudience?.(binding, content.otherAudience);
      }
      return inspection;
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

  async #metadataOf(
    binding: BindingView,
    action: Action,
    signal: AbortSignal,
  ): Promise<ObjectMeta> {
    const { serviceAccountMetadata, secretMetadata } = this.#options.clients;
    const { namespace, secretName } = binding;
    switch (action.kind) {
      case "addReference":
      case "removeReferences": {
        const { serviceAccount } = action;
        return (await serviceAccountMetadata.get(namespace, serviceAccount, { signal })).metadata;
      }
      case "mint":
        return (await secretMetadata.get(namespace, secretName, { signal })).metadata;
      case "adoptSecret":
      case "deleteSecret":
        return (await secretMetadata.get(namespace, action.secret.name, { signal })).metadata;
      default:
        return await this.#bindings.metadata(binding, signal);
    }
  }

  async #mint(
    binding: BindingView,
    action: MintAction,
    context: ActionContext,
  ): Promise<ActionOutcome> {
    const { mint, clock } = this.#options;
    const { signal } = context;
    const { request, keeps } = action;
    const credential = await context.slot.outside(() => {
      const need = needOf(binding, action);
      return attempt((asked) => mint(request, asked), need, need.expiresAt, clock);
    });
    signal.throwIfAborted();
    this.#assertStillWanted(binding, action);
    const { lacking, mintedAt, expiresAt } = credential;
    if (lacking === undefined) {
      await this.#write(binding, action, credential, signal);
      return { lifetime: { refreshedAt: mintedAt, expiresAt } };
    }
    const error = scopeNotGranted(registryHost(request.server), lacking);
    if (keeps !== undefined && lacking.length >= keeps) return { shortfall: { error } };
    const written = await this.#write(binding, action, credential, signal);
    return { shortfall: { error, written } };
  }

  async #write(
    binding: BindingView,
    action: MintAction,
    credential: Credential,
    signal: AbortSignal,
  ): Promise<SecretState> {
    const { clients } = this.#options;
    const { write } = action;
    const client = clients.secretMetadata;
    if (write.mode === "replace") {
      const { secret, serves } = write;
      if (serves) await askToReplace(client, binding, action, credential, secret, signal);
      await this.#deleteSecret(binding.namespace, secret, signal);
    }
    const written = await writeCredential(clients.secrets, binding, action, credential, signal);
    this.#observeSecret(written);
    const missing = missingOfSecret(written, writtenBy(binding, action, credential));
    // By its metadata it would pass for what the operator wrote.
    if (missing.length > 0) {
      throw UndoneError.byAdmission(missing, this.#verdictOn(written, binding));
    }
    return this.#stateOf(written);
  }

  async #adopt(
    { namespace }: BindingView,
    action: AdoptSecretAction,
    signal: AbortSignal,
  ): Promise<void> {
    const { labels, annotations } = action;
    const { secretMetadata } = this.#options.clients;
    const written = await adoptSecret(secretMetadata, namespace, action, signal);
    this.#observeSecret(written);
    const missing = missingOfSecret(written, { labels, annotations });
    if (missing.length > 0) throw UndoneError.byAdmission(missing);
  }

  /** What was deleted is forgotten at once: should anything else fail, it is known to be gone. */
  async #deleteSecret(namespace: string, secret: SecretState, signal: AbortSignal): Promise<void> {
    const { clients, informers } = this.#options;
    const left = await deleteSecret(clients.secretMetadata, namespace, secret, signal);
    if (left === undefined) {
      informers.secrets.forget(namespace, secret.name, secret.uid);
      return;
    }
    this.#observeSecret(left);
    throw new HeldError(`Secret ${secret.name} was deleted, and its finalizers hold it`);
  }

  async #reference(
    { namespace }: BindingView,
    action: Extract<Action, { kind: "addReference" | "removeReferences" }>,
    { signal, slot }: ActionContext,
  ): Promise<void> {
    const { serviceAccount } = action;
    const references = action.kind === "addReference"
      ? new Map([[action.secret, true]])
      : new Map(action.secrets.map((name) => [name, false]));
    const outside: Outside = (wait) => slot.outside(wait, `${namespace}/${serviceAccount}`);
    const { serviceAccounts } = this.#options;
    await serviceAccounts.write(namespace, serviceAccount, references, signal, outside);
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

  /** What a Secret that was read in full tells. */
  #verdictOn(secret: Stored<Secret>, { credential }: BindingView): FoundSecret {
    return {
      kind: "found",
      secret: this.#stateOf(secret),
      content: contentOf(secret, credential.kind === "invalid" ? undefined : credential),
    };
  }

  #stateOf(secret: Stored<Secret>): SecretState {
    const { apis } = this.#options;
    return secretState(trimSecret(secret, apis), apis);
  }

  /** Azure may take minutes, in which a binding is changed, deleted or made anew. */
  #assertStillWanted(binding: BindingView, { request }: MintAction): void {
    const { informers } = this.#options;
    const { namespace, name, api, uid, generation } = binding;
    const known = informers.bindings.get(api)!.get(namespace, name)?.metadata;
    if (known?.uid !== uid || (known.generation ?? 0) !== generation) {
      throw new SupersededError("the binding changed while its credential was minted");
    }
    if (request.identity.kind !== "workloadIdentity") return;
    const { serviceAccount } = request.identity;
    const account = informers.serviceAccounts.get(namespace, serviceAccount.name)?.metadata;
    if (account?.uid === serviceAccount.uid) return;
    throw new SupersededError("the ServiceAccount was made anew while its credential was minted");
  }
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

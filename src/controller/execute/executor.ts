import { ApiError } from "../../kubernetes/http/errors.ts";
import type { ObjectMeta } from "../../kubernetes/resources/resource_client.ts";
import type { BindingBasics, BindingId, BindingStatus, BindingView } from "../binding/view.ts";
import type { Action } from "../plan/actions.ts";
import type { Inspection } from "../plan/snapshot.ts";
import type { ActionContext, ActionOutcome, Hands } from "./actions/action_handler.ts";
import { handlerOf } from "./actions/all.ts";
import { BindingWriter, type BindingWriterOptions } from "./binding_writer.ts";
import type { CacheWriters, Clients } from "./clients.ts";
import { Secrets, type SecretsOptions } from "./secrets.ts";
import type { Undoer } from "./undone.ts";
import { undoerIn } from "./undoer.ts";

export type { ActionContext, ActionOutcome, Shortfall } from "./actions/action_handler.ts";
export type { Clients } from "./clients.ts";

/** What the executor needs from its surroundings. */
export interface ExecutorOptions
  extends
    Pick<Hands, "serviceAccounts" | "mint" | "clock">,
    Pick<SecretsOptions, "apis" | "readsSecretsByName" | "onOtherAudience">,
    Pick<BindingWriterOptions, "conditionsKept"> {
  readonly clients: Clients;
  readonly caches: CacheWriters;
}

/**
 * Carries out actions: the only part of the operator that writes what bindings make. What it wrote
 * goes into the caches at once, as the server's answer has it, so that the next plan starts from it.
 */
export class Executor {
  readonly #clients: Clients;
  readonly #hands: Hands;

  constructor(options: ExecutorOptions) {
    this.#clients = options.clients;
    this.#hands = {
      bindings: new BindingWriter(options),
      secrets: new Secrets(options),
      serviceAccounts: options.serviceAccounts,
      mint: options.mint,
      caches: options.caches,
      clock: options.clock,
    };
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
    return await handlerOf(action).execute(binding, action, this.#hands, context);
  }

  /** Writes a binding's status, for which its spec need not be understood. */
  async tell(binding: BindingBasics, status: BindingStatus, signal: AbortSignal): Promise<void> {
    await this.#hands.bindings.writeStatus(binding, status, signal);
  }

  /** Reads the binding itself past the cache: the last write met one that was no longer so. */
  async refresh(binding: BindingView, signal: AbortSignal): Promise<void> {
    await this.#hands.bindings.refresh(binding, signal);
  }

  /** Reads the binding's Secret in full, past the cache, which also gets to know it. */
  async inspect(binding: BindingView, signal: AbortSignal): Promise<Inspection> {
    return await this.#hands.secrets.inspect(binding, signal);
  }

  /** Reads the metadata of the binding's Secret into the cache, where no watch keeps it. */
  async readSecret(binding: BindingView, signal: AbortSignal): Promise<void> {
    await this.#hands.secrets.read(binding, signal);
  }

  /** Drops what was read of the Secret of a binding that is gone, where no watch keeps it. */
  dropSecret(id: BindingId): void {
    this.#hands.secrets.drop(id);
  }

  /** Who undid what an action wrote, by the `managedFields` of what it was written into. */
  async undoerOf(binding: BindingView, action: Action, signal: AbortSignal): Promise<Undoer> {
    const fields = handlerOf(action).fields(action);
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

  async #metadataOf(
    binding: BindingView,
    action: Action,
    signal: AbortSignal,
  ): Promise<ObjectMeta> {
    const { serviceAccountMetadata, secretMetadata } = this.#clients;
    const { namespace } = binding;
    const { kind, name } = handlerOf(action).subject(binding, action);
    switch (kind) {
      case "binding":
        return await this.#hands.bindings.metadata(binding, signal);
      case "secret":
        return (await secretMetadata.get(namespace, name, { signal })).metadata;
      case "serviceAccount":
        return (await serviceAccountMetadata.get(namespace, name, { signal })).metadata;
    }
  }
}

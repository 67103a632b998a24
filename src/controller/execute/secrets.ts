import type { Credential } from "../../azure/credentials.ts";
import { isNotFound } from "../../kubernetes/http/errors.ts";
import type { Secret } from "../../kubernetes/resources/built_in.ts";
import type { PartialObjectMetadata, Stored } from "../../kubernetes/resources/resource_client.ts";
import type { BindingApis } from "../binding/apis.ts";
import type { BindingId, BindingView } from "../binding/view.ts";
import { keepSecret } from "../cluster/cached_secret.ts";
import { BINDING_LABEL } from "../conventions.ts";
import type { AdoptSecretAction, MintAction } from "../plan/actions.ts";
import type { FoundSecret, Inspection, SecretState } from "../plan/snapshot.ts";
import type { CacheWriters, Clients } from "./clients.ts";
import { contentOf } from "./inspect.ts";
import {
  adoptSecret,
  askToReplace,
  deleteSecret,
  writeCredential,
  writtenBy,
} from "./secret_writer.ts";
import { HeldError } from "./superseded.ts";
import { UndoneError } from "./undone.ts";
import { missingOfSecret } from "./written.ts";

/** What reading and writing Secrets needs from its surroundings. */
export interface SecretsOptions {
  readonly apis: BindingApis;
  readonly clients: Pick<Clients, "secrets" | "secretMetadata">;
  readonly caches: Pick<CacheWriters, "secrets">;
  /** Whether the cache of Secrets holds only what was read by name, and no watch keeps it. */
  readonly readsSecretsByName?: boolean;
  /** Hears of a Secret whose token names another registry than its binding. */
  readonly onOtherAudience?: (binding: BindingView, audience: string) => void;
}

/** Reads and writes the Secrets of bindings, and has the cache know of each answer at once. */
export class Secrets {
  readonly #options: SecretsOptions;

  constructor(options: SecretsOptions) {
    this.#options = options;
  }

  /** Reads the binding's Secret in full, past the cache, which also gets to know it. */
  async inspect(binding: BindingView, signal: AbortSignal): Promise<Inspection> {
    const { clients } = this.#options;
    const { namespace, secretName } = binding;
    const forget = this.#forgetterOf(namespace, secretName);
    try {
      const secret = await clients.secrets.get(namespace, secretName, { signal });
      this.#observe(secret);
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
  async read({ namespace, secretName }: BindingView, signal: AbortSignal): Promise<void> {
    const { secretMetadata } = this.#options.clients;
    const forget = this.#forgetterOf(namespace, secretName);
    try {
      this.#observe(await secretMetadata.get(namespace, secretName, { signal }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      forget();
    }
  }

  /** Drops what was read of the Secret of a binding that is gone, where no watch keeps it. */
  drop({ api, namespace, name }: BindingId): void {
    const { apis, caches } = this.#options;
    caches.secrets.drop(namespace, apis.named(api).secretName(name));
  }

  /**
   * Writes a new credential as `action` says, in the place of what is to make way for it. Rejects
   * with an UndoneError where the answer lacks what was written.
   */
  async write(
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
      await this.delete(binding.namespace, secret, signal);
    }
    const written = await writeCredential(clients.secrets, binding, action, credential, signal);
    this.#observe(written);
    const missing = missingOfSecret(written, writtenBy(binding, action, credential));
    // By its metadata it would pass for what the operator wrote.
    if (missing.length > 0) {
      throw UndoneError.byAdmission(missing, this.#verdictOn(written, binding));
    }
    return this.#stateOf(written);
  }

  /**
   * Puts label and annotations right. Answers what the Secret holds then: whatever admission made of
   * its data would pass for what the operator wrote. Rejects with an UndoneError where the answer
   * lacks what was written.
   */
  async adopt(
    binding: BindingView,
    action: AdoptSecretAction,
    signal: AbortSignal,
  ): Promise<FoundSecret> {
    const { labels, annotations } = action;
    const { secrets } = this.#options.clients;
    const written = await adoptSecret(secrets, binding.namespace, action, signal);
    this.#observe(written);
    const found = this.#verdictOn(written, binding);
    const missing = missingOfSecret(written, { labels, annotations });
    if (missing.length > 0) throw UndoneError.byAdmission(missing, found);
    return found;
  }

  /**
   * Deletes a Secret, which is forgotten at once: should anything else fail, it is known to be gone.
   * Rejects with a HeldError where finalizers keep it.
   */
  async delete(namespace: string, secret: SecretState, signal: AbortSignal): Promise<void> {
    const { clients, caches } = this.#options;
    const left = await deleteSecret(clients.secretMetadata, namespace, secret, signal);
    if (left === undefined) {
      caches.secrets.forget(namespace, secret.name, secret.uid);
      return;
    }
    this.#observe(left);
    throw new HeldError(`Secret ${secret.name} was deleted, and its finalizers hold it`);
  }

  /** A watched cache holds labelled Secrets alone; one without the label would never leave it. */
  #observe(secret: Stored<PartialObjectMetadata>): void {
    const { readsSecretsByName = false, caches } = this.#options;
    if (!readsSecretsByName && secret.metadata.labels?.[BINDING_LABEL] === undefined) return;
    caches.secrets.observe(secret);
  }

  /**
   * To be called before a Secret is asked for; what it answers forgets the one that was known then.
   * The watch may overtake an answer, and tell of one that was made anew since.
   */
  #forgetterOf(namespace: string, name: string): () => void {
    const { secrets } = this.#options.caches;
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
    return keepSecret(secret, this.#options.apis).state;
  }
}

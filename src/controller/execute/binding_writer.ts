import { isNotFound } from "../../kubernetes/http/errors.ts";
import type { CacheWriter } from "../../kubernetes/informer/informer.ts";
import type {
  ObjectMeta,
  ResourceClient,
  Stored,
} from "../../kubernetes/resources/resource_client.ts";
import { optional } from "../../runtime/optional.ts";
import type { AcrPullBinding, CachedBinding } from "../binding/api.ts";
import { isOurCondition } from "../binding/kept.ts";
import type { ApiName, BindingBasics, BindingStatus } from "../binding/view.ts";
import { FINALIZER } from "../conventions.ts";
import type { CacheWriters, Clients } from "./clients.ts";
import { UndoneError } from "./undone.ts";
import { type Missing, missingFinalizers, missingOfStatus } from "./written.ts";

/** What the writer needs from its surroundings. */
export interface BindingWriterOptions {
  readonly clients: Pick<Clients, "bindings">;
  readonly caches: Pick<CacheWriters, "bindings">;
  /**
   * Hears whether a status came back with the conditions that were written into it. Answers whether
   * it should have: the reference's CRDs prune them.
   */
  readonly conditionsKept: (
    api: ApiName,
    kept: boolean,
    signal: AbortSignal,
  ) => boolean | Promise<boolean>;
}

/**
 * Writes finalizers and statuses of bindings, each at the version that was decided on.
 * Everything rejects with an ApiError, with an UndoneError where the answer lacks what was written,
 * or with the abort reason.
 */
export class BindingWriter {
  readonly #options: BindingWriterOptions;

  constructor(options: BindingWriterOptions) {
    this.#options = options;
  }

  /** Reads the binding past the cache: the last write met one that was no longer so. */
  async refresh({ api, namespace, name, uid }: BindingBasics, signal: AbortSignal): Promise<void> {
    const cache = this.#cache(api);
    try {
      cache.observe(await this.#client(api).get(namespace, name, { signal }));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      cache.forget(namespace, name, uid);
    }
  }

  /** Reads the binding's metadata, `managedFields` included, past the cache. */
  async metadata(
    { api, namespace, name }: BindingBasics,
    signal: AbortSignal,
  ): Promise<ObjectMeta> {
    return (await this.#client(api).get(namespace, name, { signal })).metadata;
  }

  async addFinalizer(binding: BindingBasics, signal: AbortSignal): Promise<void> {
    await this.#setFinalizers(binding, (present) => [...present, FINALIZER], signal);
  }

  /** Lets the binding go, unless it is held by others. One that is gone needs no more. */
  async removeFinalizer(binding: BindingBasics, signal: AbortSignal): Promise<void> {
    const without = (present: readonly string[]) => present.filter((each) => each !== FINALIZER);
    try {
      const left = await this.#setFinalizers(binding, without, signal);
      if (left.length > 0) return;
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    if (!binding.deleting) return;
    const { api, namespace, name, uid } = binding;
    this.#cache(api).forget(namespace, name, uid);
  }

  async writeStatus(
    binding: BindingBasics,
    status: BindingStatus,
    signal: AbortSignal,
  ): Promise<void> {
    const { api, namespace, name, uid, resourceVersion } = binding;
    const conditions = withOthers(status, (await this.#whole(binding, signal))?.status);
    const wanted = { ...status, ...optional("conditions", conditions) };
    // A merge patch keeps what it does not name; an error that is over must go.
    const body = { metadata: { uid, resourceVersion }, status: { error: null, ...wanted } };
    const patch = { type: "merge", body } as const;
    const written = await this.#client(api).patchStatus(namespace, name, patch, { signal });
    this.#cache(api).observe(written);
    const kept = wanted.conditions === undefined || written.status?.conditions !== undefined;
    const isMissed = await this.#options.conditionsKept(api, kept, signal) && !kept;
    const missing = missingOfStatus(written.status, wanted);
    refuse(isMissed ? [...missing, "status.conditions"] : missing);
  }

  /** Answers the finalizers that the binding has now. */
  async #setFinalizers(
    binding: BindingBasics,
    change: (present: readonly string[]) => readonly string[],
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { api, namespace, name, uid, resourceVersion } = binding;
    const whole = await this.#whole(binding, signal);
    const finalizers = change(whole?.metadata.finalizers ?? binding.finalizers);
    const body = { metadata: { uid, resourceVersion, finalizers } };
    const patch = { type: "merge", body } as const;
    const written = await this.#client(api).patch(namespace, name, patch, { signal });
    this.#cache(api).observe(written);
    refuse(missingFinalizers(written, finalizers, FINALIZER));
    return finalizers;
  }

  /** The binding itself, where the cache has left out a part of it, whatever has become of it since. */
  async #whole(
    { api, namespace, name, isIncomplete }: BindingBasics,
    signal: AbortSignal,
  ): Promise<Stored<AcrPullBinding> | undefined> {
    return isIncomplete ? await this.#client(api).get(namespace, name, { signal }) : undefined;
  }

  #client(api: ApiName): ResourceClient<AcrPullBinding> {
    return this.#options.clients.bindings.get(api)!;
  }

  #cache(api: ApiName): CacheWriter<AcrPullBinding, CachedBinding> {
    return this.#options.caches.bindings.get(api)!;
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

function refuse(missing: Missing): void {
  if (missing.length > 0) throw UndoneError.byAdmission(missing);
}

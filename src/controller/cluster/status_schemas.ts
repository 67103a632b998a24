import type { RestClient } from "../../kubernetes/http/contract.ts";
import { keepsField, schemaOf } from "../../kubernetes/resources/openapi.ts";
import type {
  Each,
  KubernetesObject,
  ListOptions,
  ListWatch,
  ResourceClient,
  ResourceDefinition,
  WatchOptions,
} from "../../kubernetes/resources/resource_client.ts";
import type { ApiName } from "../binding/view.ts";

/**
 * Knows whether each API keeps the conditions of a status: the reference's CRDs prune them, and to
 * write them there again and again would be in vain.
 *
 * The schema is read before bindings are listed, so that nothing is decided without it. While it
 * prunes, it is read whenever their watch begins anew: the API server ends the watches of a CRD
 * that changes. Where the schema cannot be read, conditions count as kept until a write shows
 * otherwise; where it can, a write that comes back without them has been changed by somebody.
 */
export class StatusSchemas {
  readonly #rest: RestClient;
  readonly #onChange: (api: ApiName, keepsConditions: boolean) => void;
  readonly #pruning = new Set<ApiName>();
  /** What each schema said when it was read, if that was since its watch began. */
  readonly #said = new Map<ApiName, boolean>();
  readonly #definitions = new Map<ApiName, ResourceDefinition>();
  readonly #reading = new Map<ApiName, Promise<void>>();

  /** `onChange` hears each time that an API begins to prune conditions, or to keep them. */
  constructor(rest: RestClient, onChange: (api: ApiName, keepsConditions: boolean) => void) {
    this.#rest = rest;
    this.#onChange = onChange;
  }

  /** Whether conditions that are written into the status of a binding stay there. */
  keepsConditions(api: ApiName): boolean {
    return !this.#pruning.has(api);
  }

  /**
   * Takes in whether a status that was written came back with conditions. Answers whether the API
   * keeps them: where one binding's are gone all the same, that says nothing of the others. Rejects
   * with the abort reason alone.
   */
  async written(api: ApiName, kept: boolean, signal: AbortSignal): Promise<boolean> {
    if (kept || !this.keepsConditions(api)) {
      this.learn(api, kept);
      return kept;
    }
    const definition = this.#definitions.get(api);
    if (!this.#said.has(api) && definition !== undefined) await this.#read(api, definition, signal);
    const said = this.#said.get(api) ?? false;
    this.learn(api, said);
    return said;
  }

  /** Takes in what a write to a status showed, or a schema. */
  learn(api: ApiName, keepsConditions: boolean): void {
    if (keepsConditions === this.keepsConditions(api)) return;
    if (keepsConditions) this.#pruning.delete(api);
    else this.#pruning.add(api);
    this.#onChange(api, keepsConditions);
  }

  /** The same resource, whose schema is read when its objects are. */
  followedBy<T extends KubernetesObject>(
    api: ApiName,
    resource: ResourceClient<T>,
  ): ListWatch<T> {
    const { definition } = resource;
    this.#definitions.set(api, definition);
    let listedJustNow = false;
    return {
      list: async (options: ListOptions, each?: Each<T>) => {
        if (options.continue === undefined) await this.#read(api, definition, options.signal);
        listedJustNow = true;
        return await resource.list(options, each);
      },
      watch: async (options: WatchOptions) => {
        if (!listedJustNow) this.#said.delete(api);
        const stale = !listedJustNow && !this.keepsConditions(api);
        if (stale) await this.#read(api, definition, options.signal);
        listedJustNow = false;
        return await resource.watch(options);
      },
    };
  }

  /** Many writes may ask at once, of which one reads. */
  async #read(
    api: ApiName,
    definition: ResourceDefinition,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const reading = this.#reading.get(api) ?? this.#readNow(api, definition, signal);
    this.#reading.set(api, reading);
    try {
      await reading;
    } finally {
      this.#reading.delete(api);
    }
  }

  async #readNow(
    api: ApiName,
    definition: ResourceDefinition,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    this.#said.delete(api);
    try {
      const schema = await schemaOf(this.#rest, definition, { signal });
      if (schema === undefined) return;
      const keepsConditions = keepsField(schema, ["status", "conditions"]);
      this.#said.set(api, keepsConditions);
      this.learn(api, keepsConditions);
    } catch {
      // Refused, not there yet or out of reach: the list that follows tells what is the matter.
      signal?.throwIfAborted();
    }
  }
}

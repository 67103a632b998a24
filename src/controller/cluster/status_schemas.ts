import type { RestClient } from "../../kubernetes/contract.ts";
import { keepsField, schemaOf } from "../../kubernetes/openapi.ts";
import type {
  Each,
  KubernetesObject,
  ListOptions,
  ListWatch,
  ResourceClient,
  WatchOptions,
} from "../../kubernetes/resource.ts";
import type { ApiName } from "../binding/view.ts";

/**
 * Knows whether each API keeps the conditions of a status: the reference's CRDs prune them, and to
 * write them there again and again would be in vain.
 *
 * The schema is read before bindings are listed, so that nothing is decided without it, and while
 * it prunes, whenever their watch begins anew: the API server ends the watches of a CRD that
 * changes. Where the schema cannot be read, conditions count as kept until a write shows otherwise.
 */
export class StatusSchemas {
  readonly #rest: RestClient;
  readonly #onChange: (api: ApiName, keepsConditions: boolean) => void;
  readonly #pruning = new Set<ApiName>();

  /** `onChange` hears each time that an API begins to prune conditions, or to keep them. */
  constructor(rest: RestClient, onChange: (api: ApiName, keepsConditions: boolean) => void) {
    this.#rest = rest;
    this.#onChange = onChange;
  }

  /** Whether conditions that are written into the status of a binding stay there. */
  keepsConditions(api: ApiName): boolean {
    return !this.#pruning.has(api);
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
    let listedJustNow = false;
    return {
      list: async (options: ListOptions, each?: Each<T>) => {
        if (options.continue === undefined) await this.#read(api, resource, options.signal);
        listedJustNow = true;
        return await resource.list(options, each);
      },
      watch: async (options: WatchOptions) => {
        const stale = !listedJustNow && !this.keepsConditions(api);
        if (stale) await this.#read(api, resource, options.signal);
        listedJustNow = false;
        return await resource.watch(options);
      },
    };
  }

  async #read(
    api: ApiName,
    { definition }: Pick<ResourceClient<KubernetesObject>, "definition">,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    try {
      const schema = await schemaOf(this.#rest, definition, { signal });
      if (schema !== undefined) this.learn(api, keepsField(schema, ["status", "conditions"]));
    } catch {
      // Refused, not there yet or out of reach: the list that follows tells what is the matter.
      signal?.throwIfAborted();
    }
  }
}

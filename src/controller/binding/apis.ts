import type { BindingApi } from "./api.ts";
import { V1BETA1 } from "./v1beta1.ts";
import { V1BETA2 } from "./v1beta2.ts";
import type { ApiName } from "./view.ts";

/** The APIs that are served. */
export class BindingApis {
  /** Oldest first. */
  readonly all: readonly BindingApi[];
  readonly #byName: ReadonlyMap<ApiName, BindingApi>;
  readonly #groups: ReadonlySet<string>;

  /** In the order in which they came about. */
  constructor(all: readonly BindingApi[]) {
    this.all = all;
    this.#byName = new Map(all.map((api) => [api.name, api]));
    this.#groups = new Set(all.map(({ definition }) => definition.group));
  }

  /** The API of that name. Throws a TypeError where it is not served. */
  named(name: ApiName): BindingApi {
    const api = this.#byName.get(name);
    if (api === undefined) throw new TypeError(`there is no API ${name} of bindings`);
    return api;
  }

  /** Whether objects of that group are bindings. */
  hasGroup(group: string): boolean {
    return this.#groups.has(group);
  }

  /** The API for whose bindings Secrets of that name are made; undefined for any other name. */
  ofSecret(name: string): BindingApi | undefined {
    return this.all.find((api) => api.isSecretName(name));
  }

  /**
   * The names of pull Secrets in the order in which kubelet is to try them: those of others first, as
   * they are, then those of the newest API, sorted, and so on, as in the reference.
   */
  inOrder(names: readonly string[]): readonly string[] {
    const groups = new Map<BindingApi | undefined, string[]>([[undefined, []]]);
    for (const api of this.all.toReversed()) groups.set(api, []);
    for (const name of names) groups.get(this.ofSecret(name))!.push(name);
    const [others, ...ours] = groups.values();
    return others!.concat(...ours.map((group) => group.sort()));
  }

  /** Less than 0 where one name stands before the other in that order, 0 where it does not matter. */
  compare(one: string, other: string): number {
    const ranks = this.#rankOf(one) - this.#rankOf(other);
    if (ranks !== 0 || one === other || this.#rankOf(one) === 0) return ranks;
    return one < other ? -1 : 1;
  }

  #rankOf(name: string): number {
    const api = this.ofSecret(name);
    return api === undefined ? 0 : this.all.length - this.all.indexOf(api);
  }
}

/** All that this release knows. A further one is a file like theirs and an entry here. */
export const APIS: BindingApis = new BindingApis([V1BETA1, V1BETA2]);

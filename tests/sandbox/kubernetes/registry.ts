import { BUILTINS } from "./builtin/all.ts";
import { customResources } from "./custom/custom_resource.ts";
import { definitionSpec } from "./custom/definition.ts";
import type { KubeObject } from "./model/object.ts";
import { apiVersionOf, type ResourceType, storageKey } from "./model/resource.ts";

/** Which resources are served: the built-in ones, and those of the established definitions. */
export class Registry {
  readonly #types = new Map<string, ResourceType>();
  readonly #definitions = new Map<string, ResourceType[]>();
  #generation = 0;

  constructor() {
    for (const type of BUILTINS) this.#types.set(typeKey(type), type);
  }

  /** Grows whenever a definition comes or goes, so that discovery can be cached. */
  get generation(): number {
    return this.#generation;
  }

  /** Every served resource, in the order in which they came. */
  all(): ResourceType[] {
    return [...this.#types.values()];
  }

  find(group: string, version: string, plural: string): ResourceType | undefined {
    return this.#types.get(typeKey({ group, version, plural }));
  }

  /** The resource of `group/plural` in any of its versions, as the store names it. */
  stored(key: string): ResourceType | undefined {
    return this.all().find((type) => storageKey(type) === key);
  }

  /** The resource of a kind, as an owner reference or a manifest names it. */
  ofKind(apiVersion: string, kind: string): ResourceType | undefined {
    return this.all().find((type) => type.kind === kind && apiVersionOf(type) === apiVersion);
  }

  /** Whether any resource is served in `group`, in `version` when given. */
  serves(group: string, version?: string): boolean {
    return this.all().some((type) =>
      type.group === group && (version === undefined || type.version === version)
    );
  }

  /** Starts to serve what `crd` defines, or serves its new versions. */
  define(crd: KubeObject): void {
    this.remove(crd.metadata.name);
    const types = customResources(definitionSpec(crd));
    for (const type of types) this.#types.set(typeKey(type), type);
    this.#definitions.set(crd.metadata.name, types);
  }

  /** Stops serving what the definition called `name` defined. */
  remove(name: string): void {
    this.#generation++;
    for (const type of this.#definitions.get(name) ?? []) this.#types.delete(typeKey(type));
    this.#definitions.delete(name);
  }
}

function typeKey(type: { group: string; version: string; plural: string }): string {
  return `${type.group}/${type.version}/${type.plural}`;
}

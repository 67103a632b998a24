import type { JsonObject } from "../model/json.ts";
import { type ResourceType, VERBS } from "../model/resource.ts";
import type { Registry } from "../registry.ts";
import { groupVersions, subresourceKind, typesOf } from "./discovery.ts";

/** The content type of aggregated discovery. */
export const AGGREGATED_TYPE =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** /api or /apis with everything below in one document, as kubectl asks for it first. */
export function aggregatedDiscovery(registry: Registry, core: boolean): JsonObject {
  const groups: [string, string[]][] = core ? [["", ["v1"]]] : [...groupVersions(registry)];
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: group === "" ? {} : { name: group },
      versions: versions.map((version) => ({
        version,
        freshness: "Current",
        resources: typesOf(registry, group, version).map(resource),
      })),
    })),
  };
}

function resource(type: ResourceType): JsonObject {
  const { group, version, kind } = type;
  const subresources = Object.entries(type.subresources).map(([subresource, verbs]) => ({
    subresource,
    responseKind: { group, version, ...subresourceKind(type, subresource) },
    verbs: [...verbs],
  }));
  return {
    resource: type.plural,
    responseKind: { group, version, kind },
    scope: type.namespaced ? "Namespaced" : "Cluster",
    singularResource: type.singular,
    verbs: [...VERBS],
    ...(type.shortNames.length === 0 ? {} : { shortNames: [...type.shortNames] }),
    ...(type.categories.length === 0 ? {} : { categories: [...type.categories] }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}

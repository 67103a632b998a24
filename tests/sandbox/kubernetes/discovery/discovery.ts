import type { JsonObject } from "../model/json.ts";
import { apiVersionOf, type ResourceType, VERBS } from "../model/resource.ts";
import type { Registry } from "../registry.ts";

/** What kubectl shows as the server's version. The minor decides which features clients use. */
export interface ServerVersion {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}

/** /version. */
export function versionDocument(version: ServerVersion): JsonObject {
  return {
    major: version.major,
    minor: version.minor,
    emulationMajor: version.major,
    emulationMinor: version.minor,
    gitVersion: version.gitVersion,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: "none",
    compiler: "none",
    platform: "in-memory",
  };
}

/** /api. */
export function coreVersions(): JsonObject {
  return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
}

/** The groups other than core with their versions, in the order in which they came. */
export function groupVersions(registry: Registry): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { group, version } of registry.all()) {
    if (group === "") continue;
    const versions = groups.get(group) ?? [];
    if (!versions.includes(version)) versions.push(version);
    groups.set(group, versions);
  }
  return groups;
}

/** /apis. */
export function groupList(registry: Registry): JsonObject {
  const groups = [...groupVersions(registry).keys()].map((group) => {
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = groupDocument(registry, group)!;
    return rest;
  });
  return { kind: "APIGroupList", apiVersion: "v1", groups };
}

/** /apis/{group}, or undefined for a group that is not served. */
export function groupDocument(registry: Registry, group: string): JsonObject | undefined {
  const versions = groupVersions(registry).get(group)?.map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));
  if (versions === undefined) return undefined;
  return {
    kind: "APIGroup",
    apiVersion: "v1",
    name: group,
    versions,
    preferredVersion: versions[0]!,
  };
}

/** /api/v1 and /apis/{group}/{version}, or undefined for what is not served. */
export function resourceList(
  registry: Registry,
  group: string,
  version: string,
): JsonObject | undefined {
  const types = typesOf(registry, group, version);
  if (types.length === 0) return undefined;
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersionOf({ group, version }),
    resources: types.flatMap(resourceEntries),
  };
}

/** The resources of one group and version. */
export function typesOf(registry: Registry, group: string, version: string): ResourceType[] {
  return registry.all().filter((type) => type.group === group && type.version === version);
}

function resourceEntries(type: ResourceType): JsonObject[] {
  const own: JsonObject = {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: [...VERBS],
    ...(type.shortNames.length === 0 ? {} : { shortNames: [...type.shortNames] }),
    ...(type.categories.length === 0 ? {} : { categories: [...type.categories] }),
  };
  const below = Object.entries(type.subresources).map(([name, verbs]) => ({
    name: `${type.plural}/${name}`,
    singularName: "",
    namespaced: type.namespaced,
    ...subresourceKind(type, name),
    verbs: [...verbs],
  }));
  return [own, ...below];
}

/** A subresource has its parent's kind, save for tokens. */
export function subresourceKind(type: ResourceType, name: string): Record<string, string> {
  if (name !== "token") return { kind: type.kind };
  return { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
}

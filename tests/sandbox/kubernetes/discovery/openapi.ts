import type { JsonObject } from "../model/json.ts";
import type { ResourceType } from "../model/resource.ts";
import type { Registry } from "../registry.ts";
import { OBJECT_META } from "../schema/object_meta.ts";
import { type Schema, text } from "../schema/schema.ts";
import { patchTypes } from "../verbs/patch.ts";
import { Components } from "./components.ts";
import { typesOf } from "./discovery.ts";

/** /openapi/v3: where the document of each group and version lies. */
export function openApiIndex(registry: Registry): JsonObject {
  const paths = [...new Set(registry.all().map(documentPath))];
  const entries = paths.map((path) => [
    path,
    { serverRelativeURL: `/openapi/v3/${path}?hash=${registry.generation}` },
  ]);
  return { paths: Object.fromEntries(entries) };
}

function documentPath({ group, version }: { group: string; version: string }): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

/**
 * /openapi/v3/...: the kinds of one group and version, or undefined when it is not served. kubectl
 * reads from it which parameters and patch types a kind takes, how its lists merge, and what
 * `explain` prints.
 */
export function openApiV3(
  registry: Registry,
  group: string,
  version: string,
): JsonObject | undefined {
  const types = typesOf(registry, group, version);
  if (types.length === 0) return undefined;
  const components = new Components("#/components/schemas/");
  const paths = Object.fromEntries(types.flatMap((type) => {
    components.define(schemaName(type), wholeSchema(type), kindExtension(type));
    return pathEntries(type, components);
  }));
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1" },
    paths,
    components: { schemas: components.schemas },
  };
}

/** /openapi/v2: the same kinds as definitions, for clients that know no version 3. */
export function openApiV2(registry: Registry): JsonObject {
  const components = new Components("#/definitions/");
  for (const type of registry.all()) {
    components.define(schemaName(type), wholeSchema(type), kindExtension(type));
  }
  const paths = registry.all().map((type) => [
    `${collectionPath(type)}/{name}`,
    { patch: { ...operation(type), consumes: patchTypes(type), responses: {} } },
  ]);
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: "v1" },
    paths: Object.fromEntries(paths),
    definitions: components.schemas,
  };
}

function wholeSchema(type: ResourceType): Schema {
  if (!type.custom) return type.schema;
  const properties = { apiVersion: text, kind: text, metadata: OBJECT_META };
  return { ...type.schema, properties: { ...type.schema.properties, ...properties } };
}

/** The name of a kind's schema: reversed group for custom kinds, as the API server builds it. */
function schemaName(type: ResourceType): string {
  if (type.schema.ref !== undefined) return type.schema.ref;
  return [...type.group.split(".").reverse(), type.version, type.kind].join(".");
}

function kindExtension({ group, version, kind }: ResourceType): JsonObject {
  return { "x-kubernetes-group-version-kind": [{ group, version, kind }] };
}

function collectionPath(type: ResourceType): string {
  const base = `/${documentPath(type)}`;
  return type.namespaced
    ? `${base}/namespaces/{namespace}/${type.plural}`
    : `${base}/${type.plural}`;
}

const WRITE_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation"];

function operation(type: ResourceType): JsonObject {
  const { group, version, kind } = type;
  return {
    "x-kubernetes-group-version-kind": { group, version, kind },
    parameters: WRITE_PARAMETERS.map((name) => ({
      name,
      in: "query",
      schema: { type: "string" },
    })),
  };
}

function pathEntries(type: ResourceType, components: Components): [string, JsonObject][] {
  const content = (types: readonly string[], schema: JsonObject) => ({
    content: Object.fromEntries(types.map((name) => [name, { schema }])),
  });
  const own = components.reference(schemaName(type));
  const write = { ...operation(type), requestBody: content(["*/*"], own) };
  const patch = { ...operation(type), requestBody: content(patchTypes(type), { type: "object" }) };
  const read = operation(type);
  const action = (name: string, body: JsonObject) => ({ ...body, "x-kubernetes-action": name });
  return [
    [collectionPath(type), { get: action("list", read), post: action("post", write) }],
    [`${collectionPath(type)}/{name}`, {
      get: action("get", read),
      put: action("put", write),
      patch: action("patch", patch),
      delete: action("delete", read),
    }],
  ];
}

/** Whether a media type asks for the protobuf form of the version 2 document. */
export function wantsProtobuf(accept: string | null): boolean {
  return accept !== null && accept.includes("protobuf") && !accept.includes("json");
}

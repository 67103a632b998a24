import { stringify } from "yaml";
import type { JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { apiVersionOf, type ResourceType } from "../model/resource.ts";
import { tableOf } from "../table/table.ts";
import type { Representation, Shape } from "./negotiation.ts";

const texts = new WeakMap<KubeObject, string>();

/** The JSON text of `object` in the version of `type`. Stored objects are written once. */
export function objectText(object: KubeObject, type: ResourceType): string {
  const apiVersion = apiVersionOf(type);
  if (object.apiVersion !== apiVersion) return JSON.stringify({ ...object, apiVersion });
  let text = texts.get(object);
  if (text === undefined) texts.set(object, text = JSON.stringify(object));
  return text;
}

/** PartialObjectMetadata of an object. */
export function partialMetadata(object: KubeObject): JsonObject {
  return {
    kind: "PartialObjectMetadata",
    apiVersion: "meta.k8s.io/v1",
    metadata: object.metadata,
  };
}

/** One object in the shape asked for. */
export function encodeOne(
  object: KubeObject,
  type: ResourceType,
  shape: Shape,
  now: number,
  includeObject: string,
): string {
  if (shape === "table") {
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? "" };
    return JSON.stringify(tableOf([object], type, metadata, now, includeObject, true));
  }
  return shape === "object" ? objectText(object, type) : JSON.stringify(partialMetadata(object));
}

/** A list in the shape asked for. Items of built-in kinds are written without their kind. */
export function encodeList(
  items: readonly KubeObject[],
  metadata: JsonObject,
  type: ResourceType,
  shape: Shape,
  now: number,
  includeObject: string,
): string {
  if (shape === "table") {
    return JSON.stringify(tableOf(items, type, metadata, now, includeObject, true));
  }
  const [kind, apiVersion] = shape === "object"
    ? [type.listKind, apiVersionOf(type)]
    : ["PartialObjectMetadataList", "meta.k8s.io/v1"];
  const written = items.map((item) => {
    if (shape !== "object") return JSON.stringify(partialMetadata(item));
    if (type.custom) return objectText(item, type);
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = item;
    return JSON.stringify(rest);
  });
  // Lists of custom objects name the token even when there is none.
  const token = type.custom && shape === "object" ? { continue: "" } : {};
  const head = JSON.stringify({ kind, apiVersion, metadata: { ...token, ...metadata } });
  return `${head.slice(0, -1)},"items":[${written.join(",")}]}`;
}

/** A response with a JSON body, or the same as YAML. */
export function respond(
  text: string,
  representation: Pick<Representation, "yaml">,
  status: number,
  headers: HeadersInit = {},
): Response {
  const all = new Headers(headers);
  all.set("cache-control", "no-cache, private");
  if (!representation.yaml) {
    all.set("content-type", "application/json");
    return new Response(text, { status, headers: all });
  }
  all.set("content-type", "application/yaml");
  return new Response(stringify(JSON.parse(text)), { status, headers: all });
}

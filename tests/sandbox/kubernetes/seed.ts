import type { Core } from "./core.ts";
import { attributesOf } from "./http/attributes.ts";
import { isObject, type JsonObject } from "./model/json.ts";
import type { KubeObject } from "./model/object.ts";
import type { ResourceType } from "./model/resource.ts";
import type { Call } from "./verbs/call.ts";
import { create } from "./verbs/create.ts";
import { update } from "./verbs/update.ts";

/** The kind that `object` is of. Throws when it is not served. */
export function servedType(
  core: Core,
  { apiVersion, kind }: { apiVersion?: unknown; kind?: unknown },
): ResourceType {
  const type = core.registry.ofKind(String(apiVersion), String(kind));
  if (type === undefined) throw new Error(`no resource is served for ${apiVersion} ${kind}`);
  return type;
}

/**
 * Creates the object of a manifest, or replaces the one of its name, past recording, faults and
 * authorization. Throws ApiError for an object that is invalid.
 */
export function seed(core: Core, manifest: JsonObject, manager: string): KubeObject {
  const type = servedType(core, manifest);
  const metadata = isObject(manifest.metadata) ? manifest.metadata : {};
  const namespace = type.namespaced ? String(metadata.namespace ?? "default") : "";
  const name = String(metadata.name ?? "");
  const old = core.store.get(type, { namespace, name });
  if (old === undefined) {
    return create(core, callFor(type, "POST", namespace, "", manifest, manager));
  }
  const { resourceVersion = "" } = old.metadata;
  const body = { ...manifest, metadata: { ...metadata, resourceVersion } };
  return update(core, callFor(type, "PUT", namespace, name, body, manager)).object;
}

function callFor(
  type: ResourceType,
  method: string,
  namespace: string,
  name: string,
  body: JsonObject,
  manager: string,
): Call {
  const url = new URL(objectPath(type, namespace, name), "http://in-memory");
  return {
    attributes: attributesOf(method, url),
    type,
    url,
    accept: null,
    contentType: "application/json",
    userAgent: manager,
    body: JSON.stringify(body),
    signal: new AbortController().signal,
    warnings: [],
  };
}

function objectPath(type: ResourceType, namespace: string, name: string): string {
  const base = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.namespaced ? `/namespaces/${namespace}` : "";
  return `${base}${scope}/${type.plural}${name === "" ? "" : `/${name}`}`;
}

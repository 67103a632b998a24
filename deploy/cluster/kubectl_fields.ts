import type { JSONObject, JSONValue, RestClient } from "../../src/kubernetes/http/contract.ts";
import { asObject } from "../../src/runtime/as_object.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { DATA_KINDS, pathOf } from "./resources.ts";

/** Where `kubectl apply` keeps a copy of what it has applied. */
export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** As `kubectl apply` calls itself in managedFields. */
const KUBECTL = "kubectl-client-side-apply";

/** An object's metadata, as managedFields has it. */
const METADATA = "f:metadata";

interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1: JSONObject;
}

/** A field, as keys and as the names of list elements. */
type Path = readonly (string | { readonly name: string })[];

/**
 * The fields that `kubectl apply` has set, still owns, and `manifest` leaves out. Applying
 * server-side would keep them, since they are another's. An object's own labels and annotations, and
 * the data of a ConfigMap, are left to whoever set them; lists whose elements have no names are an
 * owner's as a whole anyway.
 */
export function keptByKubectl(live: JSONObject, manifest: Manifest): readonly Path[] {
  if (DATA_KINDS.includes(manifest.kind)) return [];
  const { annotations, managedFields } = live.metadata as JSONObject;
  const text = asObject(annotations)?.[LAST_APPLIED];
  const isOwner = (managedFields as unknown as ManagedFields[] ?? [])
    .some((entry) => isKubectl(entry) && Object.keys(withoutMetadata(entry)).length > 0);
  if (typeof text !== "string" || !isOwner) return [];
  const { metadata: _, ...last } = JSON.parse(text) as JSONObject;
  return leftOut(last, manifest as unknown as JSONObject, []);
}

/** A path as the API server writes it: `.spec.containers[name="manager"].env`. */
export function pathText(path: Path): string {
  return path.map((step) => typeof step === "string" ? `.${step}` : `[name="${step.name}"]`)
    .join("");
}

/** The object without those fields, nor lists and objects that are empty for want of them. */
export function without(object: JSONObject, paths: readonly Path[]): JSONObject {
  const copy = structuredClone(object);
  for (const path of paths) remove(copy, path);
  return copy;
}

/**
 * Makes `manager` the owner of what `kubectl apply` owns of an object. So what it applies next
 * takes away what it leaves out. `kubectl apply --server-side` does the same for itself. Rejects
 * with ApiError, of reason Conflict when the object has changed since it was read.
 */
export async function inherit(
  rest: RestClient,
  live: JSONObject,
  manifest: Manifest,
  manager: string,
  signal: AbortSignal,
): Promise<void> {
  const { managedFields, resourceVersion } = live.metadata as JSONObject;
  const entries = managedFields as unknown as ManagedFields[];
  const value = inherited(entries, manager) as unknown as JSONValue;
  await rest.performRequest({
    method: "PATCH",
    path: pathOf(manifest),
    contentType: "application/json-patch+json",
    bodyJson: [
      { op: "replace", path: "/metadata/managedFields", value },
      { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion },
    ],
    expectJson: true,
    abortSignal: signal,
  });
}

function inherited(entries: readonly ManagedFields[], manager: string): readonly ManagedFields[] {
  const isHeir = (entry: ManagedFields) =>
    entry.manager === manager && entry.operation === "Apply" && entry.subresource === undefined;
  const left = entries.find(isKubectl)!;
  const before = entries.find(isHeir)?.fieldsV1 ?? {};
  const heir = { ...left, manager, operation: "Apply" };
  return [
    ...entries.filter((entry) => !isKubectl(entry) && !isHeir(entry)),
    { ...left, fieldsV1: { [METADATA]: left.fieldsV1[METADATA] ?? {} } },
    { ...heir, fieldsV1: union(before, withoutMetadata(left)) },
  ];
}

function withoutMetadata({ fieldsV1 }: ManagedFields): JSONObject {
  const { [METADATA]: _, ...rest } = fieldsV1;
  return rest;
}

function isKubectl({ manager, operation, subresource }: ManagedFields): boolean {
  return manager === KUBECTL && operation === "Update" && subresource === undefined;
}

function leftOut(last: JSONValue, wanted: JSONValue, path: Path): readonly Path[] {
  if (Array.isArray(last) && Array.isArray(wanted)) {
    return last.filter(isNamed).flatMap((element) => {
      const step = [...path, { name: element.name }];
      const other = wanted.filter(isNamed).find(({ name }) => name === element.name);
      return other === undefined ? [step] : leftOut(element, other, step);
    });
  }
  const [before, after] = [asObject(last), asObject(wanted)];
  if (before === undefined || after === undefined) return [];
  return Object.entries(before as JSONObject).flatMap(([key, value]) => {
    // What is empty sets nothing: kubectl writes annotations that way.
    if (isEmpty(value)) return [];
    const step = [...path, key];
    return key in after ? leftOut(value, (after as JSONObject)[key], step) : [step];
  });
}

function remove(from: JSONValue, path: Path): void {
  const [step, ...rest] = path;
  if (Array.isArray(from) && typeof step === "object") {
    const at = from.findIndex((element) => isNamed(element) && element.name === step.name);
    if (at < 0) return;
    if (rest.length === 0) from.splice(at, 1);
    else remove(from[at], rest);
    return;
  }
  const object = asObject(from) as JSONObject | undefined;
  if (object === undefined || typeof step !== "string") return;
  if (rest.length > 0) remove(object[step], rest);
  if (rest.length === 0 || isEmpty(object[step])) delete object[step];
}

function isNamed(value: JSONValue): value is JSONObject & { name: string } {
  return typeof asObject(value)?.name === "string";
}

function isEmpty(value: JSONValue): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function union(a: JSONObject, b: JSONObject): JSONObject {
  const merged = { ...a };
  for (const [key, value] of Object.entries(b)) {
    merged[key] = union(merged[key] as JSONObject ?? {}, value as JSONObject);
  }
  return merged;
}

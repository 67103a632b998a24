import type { Core } from "../core.ts";
import { goJsonError } from "../http/body.ts";
import { writeOptions } from "../http/options.ts";
import {
  ApiError,
  badRequest,
  conflict,
  invalid,
  MODIFIED,
  notFound,
  unsupportedMediaType,
} from "../model/errors.ts";
import { invalidValue } from "../model/field_errors.ts";
import { isObject, type Json, type JsonObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import type { ResourceType } from "../model/resource.ts";
import { jsonPatch } from "../patch/json_patch.ts";
import { mergePatch } from "../patch/merge_patch.ts";
import { strategicMerge } from "../patch/strategic_merge.ts";
import { apply } from "./apply.ts";
import { type Call, keyOf } from "./call.ts";
import { decodePatched } from "./decode.ts";
import { checkPlace, replace, type Updated } from "./update.ts";

const JSON_PATCH = "application/json-patch+json";
const MERGE_PATCH = "application/merge-patch+json";
const STRATEGIC = "application/strategic-merge-patch+json";
const APPLY = "application/apply-patch+yaml";

/** The media types of patches that a kind takes. */
export function patchTypes(type: ResourceType): string[] {
  return [JSON_PATCH, MERGE_PATCH, ...(type.custom ? [] : [STRATEGIC]), APPLY];
}

/** Answers a PATCH of an object or one of its subresources. */
export function patch(core: Core, call: Call): Updated {
  checkMediaType(call);
  const options = writeOptions(call.url, call.userAgent, "PatchOptions");
  if (call.contentType === APPLY) return apply(core, call, options);
  const body = parsePatch(call);
  const key = keyOf(call);
  const old = core.store.get(call.type, key);
  if (old === undefined) throw notFound(call.type, key.name);
  const patched = applyTo(old, body, call);
  const draft = decodePatched(patched, call, options.fieldValidation);
  checkPlace(draft, call);
  checkVersion(draft, old, call.type);
  checkIdentity(draft, old, call.type);
  return { object: replace(core, call, old, draft, options), created: false };
}

function checkMediaType({ contentType, type }: Call): void {
  const accepted = patchTypes(type);
  if (accepted.includes(contentType)) return;
  if (contentType === STRATEGIC) throw unsupportedMediaType(accepted);
  throw new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
}

function parsePatch({ body, contentType }: Call): Json {
  let parsed: Json;
  try {
    parsed = JSON.parse(body) as Json;
  } catch (error) {
    throw badRequest(`error decoding patch: ${goJsonError(body, error)}`);
  }
  const wanted = contentType === JSON_PATCH ? "[]handlers.jsonPatchOp" : "map[string]interface {}";
  if (contentType === JSON_PATCH ? Array.isArray(parsed) : isObject(parsed)) return parsed;
  const given = Array.isArray(parsed) ? "array" : isObject(parsed) ? "object" : typeof parsed;
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${given} into Go value of type ${wanted}`,
  );
}

function applyTo(old: KubeObject, patch: Json, { contentType, type }: Call): JsonObject {
  if (contentType === STRATEGIC && isObject(patch)) return strategicMerge(old, patch, type.schema);
  const patched = Array.isArray(patch) ? jsonPatch(old, patch) : mergePatch(old, patch);
  return isObject(patched) ? patched : {};
}

/** A resourceVersion in a patch is a precondition. */
function checkVersion(draft: KubeObject, old: KubeObject, type: ResourceType): void {
  const given = draft.metadata.resourceVersion;
  if (given !== undefined && given !== old.metadata.resourceVersion) {
    throw conflict(type, old.metadata.name, MODIFIED);
  }
}

function checkIdentity(draft: KubeObject, old: KubeObject, type: ResourceType): void {
  const { uid } = draft.metadata;
  if (uid === undefined || uid === old.metadata.uid) return;
  const error = invalidValue("metadata.uid", uid, "field is immutable");
  throw invalid({ group: type.group, kind: type.kind }, old.metadata.name, [error, error]);
}

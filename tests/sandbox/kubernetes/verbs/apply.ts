import { parse as parseYaml } from "yaml";
import type { Core } from "../core.ts";
import { type FieldMap, fieldMapOf, SEPARATOR } from "../fields/field_map.ts";
import {
  type FieldManager,
  isEntryOf,
  type Ownership,
  readOwnership,
  refreshed,
  samePaths,
  writeOwnership,
} from "../fields/managed_fields.ts";
import type { WriteOptions } from "../http/options.ts";
import { ApiError, badRequest, invalid } from "../model/errors.ts";
import { required } from "../model/field_errors.ts";
import { equalJson, isObject, type JsonObject } from "../model/json.ts";
import { draftOf, type KubeObject } from "../model/object.ts";
import { apiVersionOf } from "../model/resource.ts";
import { mergeApplied, removePath } from "../patch/apply_merge.ts";
import { OBJECT_META } from "../schema/object_meta.ts";
import type { Schema } from "../schema/schema.ts";
import { type Call, keyOf } from "./call.ts";
import { createDraft } from "./create.ts";
import { decodePatched } from "./decode.ts";
import { checkPlace, replace, type Updated } from "./update.ts";

/**
 * Answers a server-side apply: what the configuration names becomes the manager's, what it named
 * before and names no more goes. Throws 409 with one cause for each field that another manager
 * holds at another value, unless forced.
 */
export function apply(core: Core, call: Call, options: WriteOptions): Updated {
  const { type } = call;
  const raw = parseConfig(call);
  const config = decodePatched(raw, call, "Strict", false);
  checkPlace(config, call);
  const by = managerOf(core, call);
  const applied = appliedPaths({ ...config, ...raw, metadata: config.metadata }, call);
  const key = keyOf(call);
  const old = core.store.get(type, key);
  if (old === undefined) {
    config.metadata.name = key.name;
    const draft = decodePatched(config, call, "Ignore");
    const entries = writeOwnership([{ entry: refreshed(undefined, applied, by), paths: applied }]);
    const object = createDraft(core, type, draft, key.namespace, options, entries);
    return { object, created: true };
  }
  const merged = merge(old, config, applied, by, call, options.force);
  const draft = decodePatched(merged.object, call, "Ignore");
  return { object: replace(core, call, old, draft, options, merged.entries), created: false };
}

function parseConfig(call: Call): JsonObject {
  if (!call.url.searchParams.get("fieldManager")) {
    throw invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [
      required("fieldManager", "is required for apply patch"),
    ]);
  }
  let raw: unknown;
  try {
    raw = parseYaml(call.body);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : error}`);
  }
  if (!isObject(raw)) throw badRequest("error decoding YAML: the configuration is no object");
  const expected = apiVersionOf(call.type);
  if (raw.apiVersion !== expected || raw.kind !== call.type.kind) {
    throw badRequest(
      `the configuration is of ${raw.apiVersion} ${raw.kind}, not of ${expected} ${call.type.kind}`,
    );
  }
  if (isObject(raw.metadata) && raw.metadata.managedFields !== undefined) {
    throw badRequest("metadata.managedFields must be nil");
  }
  return raw;
}

function managerOf(core: Core, { url, type, attributes }: Call): FieldManager {
  return {
    manager: url.searchParams.get("fieldManager") ?? "",
    operation: "Apply",
    apiVersion: apiVersionOf(type),
    subresource: attributes.subresource,
    time: core.timestamp(),
  };
}

/** Leaves and keyed items; the branches between them are nobody's. */
function appliedPaths(config: KubeObject, { type, attributes }: Call): Set<string> {
  const { subresource } = attributes;
  const fields = fieldMapOf(config, type.schema, type.custom);
  const paths = new Set<string>();
  for (const [path, leaf] of fields) {
    const status = path.startsWith("f:status");
    const written = subresource === "status" ? status : !status || !("status" in type.subresources);
    const item = path.split(SEPARATOR).at(-1)!.startsWith("k:");
    if (written && (leaf !== "" || item)) paths.add(path);
  }
  return paths;
}

function merge(
  old: KubeObject,
  config: KubeObject,
  applied: Set<string>,
  by: FieldManager,
  { type }: Call,
  force: boolean,
): { object: JsonObject; entries: ReturnType<typeof writeOwnership> } {
  const schema = withMetadata(type.schema);
  const owners = readOwnership(old.metadata.managedFields ?? []);
  const own = owners.find((owner) => isEntryOf(owner.entry, by));
  const others = owners.filter((owner) => owner !== own);
  const live = fieldMapOf(old, type.schema, type.custom);
  const wanted = fieldMapOf(config, type.schema, type.custom);
  const differing = new Set([...applied].filter((path) => live.get(path) !== wanted.get(path)));
  if (!force) checkConflicts(others, differing, wanted);
  const object = mergeApplied(draftOf(old), config, schema) as JsonObject;
  const kept = new Set(others.flatMap((owner) => [...owner.paths]));
  for (const path of [...own?.paths ?? []].sort()) {
    if (!applied.has(path) && !kept.has(path)) removePath(object, path, schema);
  }
  const left = others.map((owner) => ({ ...owner, paths: without(owner.paths, differing) }));
  const entry = refreshed(own, applied, by);
  // A change of ownership alone is not dated.
  const known = own !== undefined && samePaths(own.paths, applied);
  if (!known && equalJson(object, old)) delete entry.time;
  return { object, entries: writeOwnership([...left, { entry, paths: applied }]) };
}

function withMetadata(schema: Schema): Schema {
  return { ...schema, properties: { ...schema.properties, metadata: OBJECT_META } };
}

function without(paths: ReadonlySet<string>, gone: ReadonlySet<string>): Set<string> {
  return new Set([...paths].filter((path) => !gone.has(path)));
}

function checkConflicts(
  others: readonly Ownership[],
  differing: ReadonlySet<string>,
  wanted: FieldMap,
): void {
  const conflicts = others.flatMap((owner) =>
    [...owner.paths].filter((path) => differing.has(path) && wanted.get(path) !== "")
      .map((path) => ({ manager: managerText(owner), field: fieldText(path) }))
  );
  if (conflicts.length === 0) return;
  const list = conflicts.map(({ manager, field }) => `conflict with ${manager}: ${field}`);
  const count = conflicts.length === 1 ? "1 conflict" : `${conflicts.length} conflicts`;
  const text = conflicts.length === 1 ? ` ${list[0]}` : `\n- ${list.join("\n- ")}`;
  throw new ApiError(409, "Conflict", `Apply failed with ${count}:${text}`, {
    causes: conflicts.map(({ manager, field }) => ({
      reason: "FieldManagerConflict",
      message: `conflict with ${manager}`,
      field,
    })),
  });
}

function managerText({ entry }: Ownership): string {
  const subresource = entry.subresource === undefined
    ? ""
    : ` with subresource ${JSON.stringify(entry.subresource)}`;
  const using = entry.operation === "Update" ? ` using ${entry.apiVersion}` : "";
  return `${JSON.stringify(entry.manager)}${subresource}${using}`;
}

/** A path as the server prints it: `.spec.ports[name="http"].port`. */
function fieldText(path: string): string {
  return path.split(SEPARATOR).map((element) => {
    if (element.startsWith("f:")) return `.${element.slice(2)}`;
    if (element.startsWith("v:")) return `[=${element.slice(2)}]`;
    const key = JSON.parse(element.slice(2)) as JsonObject;
    const parts = Object.entries(key).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
    return `[${parts.join(",")}]`;
  }).join("");
}

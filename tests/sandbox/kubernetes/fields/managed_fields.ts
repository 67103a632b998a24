import type { KubeObject, ManagedFieldsEntry } from "../model/object.ts";
import type { Schema } from "../schema/schema.ts";
import { emptyTyped } from "../schema/typed.ts";
import { fieldMapOf } from "./field_map.ts";
import { fromFieldsV1, toFieldsV1 } from "./fields_v1.ts";

/** Who writes, as managedFields records it. */
export interface FieldManager {
  readonly manager: string;
  readonly operation: "Update" | "Apply";
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, whole seconds. */
  readonly time: string;
}

/** One manager's fields while they are worked on. */
export interface Ownership {
  readonly entry: ManagedFieldsEntry;
  readonly paths: Set<string>;
}

/** Which paths a write adds, changes and removes. */
export interface FieldChanges {
  readonly touched: ReadonlySet<string>;
  readonly removed: ReadonlySet<string>;
}

/** Compares two versions of an object field by field. */
export function compareFields(
  before: KubeObject | undefined,
  after: KubeObject,
  schema: Schema,
  custom: boolean,
): FieldChanges {
  // What Go writes of an empty object is there before anybody sets it.
  const empty = custom ? {} : emptyTyped(schema);
  const old = fieldMapOf(before ?? empty as KubeObject, schema, custom);
  const now = fieldMapOf(after, schema, custom);
  const touched = new Set<string>();
  const removed = new Set<string>();
  for (const [path, leaf] of now) {
    const before = old.get(path);
    const filled = before === "null" && leaf === ""; // A null list that gets items stays the same list.
    if (before !== leaf && !filled) touched.add(path);
  }
  for (const path of old.keys()) if (!now.has(path)) removed.add(path);
  return { touched, removed };
}

/** Reads managedFields; entries without fields are dropped. */
export function readOwnership(entries: readonly ManagedFieldsEntry[]): Ownership[] {
  return entries.map((entry) => ({ entry, paths: fromFieldsV1(entry.fieldsV1 ?? {}) }));
}

/** Whether an entry is the one that `by` writes into. */
export function isEntryOf(entry: ManagedFieldsEntry, by: FieldManager): boolean {
  return entry.manager === by.manager && entry.operation === by.operation &&
    entry.apiVersion === by.apiVersion && (entry.subresource ?? "") === by.subresource;
}

/** The managedFields after an update or patch: what was touched now belongs to `by` alone. */
export function trackUpdate(
  owners: readonly Ownership[],
  changes: FieldChanges,
  by: FieldManager,
): ManagedFieldsEntry[] {
  if (changes.touched.size === 0 && changes.removed.size === 0) {
    return owners.map((owner) => owner.entry);
  }
  const others = owners.filter((owner) => !isEntryOf(owner.entry, by))
    .map((owner) => without(owner, changes));
  const own = owners.find((owner) => isEntryOf(owner.entry, by));
  const paths = new Set(own?.paths ?? []);
  for (const path of changes.removed) paths.delete(path);
  for (const path of changes.touched) paths.add(path);
  return writeOwnership([...others, { entry: refreshed(own, paths, by), paths }]);
}

function without(owner: Ownership, changes: FieldChanges): Ownership {
  const paths = new Set(owner.paths);
  for (const path of changes.touched) paths.delete(path);
  for (const path of changes.removed) paths.delete(path);
  return { entry: owner.entry, paths };
}

/** Whether two sets hold the same paths. */
export function samePaths(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((path) => b.has(path));
}

/** The entry of `by`, with the moment of the last change of its set. */
export function refreshed(
  own: Ownership | undefined,
  paths: ReadonlySet<string>,
  by: FieldManager,
): ManagedFieldsEntry {
  const time = own !== undefined && samePaths(own.paths, paths) ? own.entry.time : by.time;
  return {
    manager: by.manager,
    operation: by.operation,
    apiVersion: by.apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: "FieldsV1",
    ...(by.subresource === "" ? {} : { subresource: by.subresource }),
  };
}

/** Writes managedFields in the server's order: Apply first, then by time, then by name. */
export function writeOwnership(owners: readonly Ownership[]): ManagedFieldsEntry[] {
  return owners.filter((owner) => owner.paths.size > 0)
    .map(({ entry, paths }) => ({ ...entry, fieldsV1: toFieldsV1(paths) }))
    .sort((a, b) => compareText(sortKey(a), sortKey(b)));
}

function sortKey(entry: ManagedFieldsEntry): string {
  return [entry.operation, entry.time, entry.manager, entry.apiVersion, entry.subresource]
    .map((part) => part ?? "").join("\u0000");
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

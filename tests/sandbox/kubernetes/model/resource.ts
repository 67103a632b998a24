import type { Schema } from "../schema/schema.ts";
import type { FieldError } from "./errors.ts";
import type { Json, JsonObject } from "./json.ts";
import type { KubeObject } from "./object.ts";

/** One column of a Table. */
export type Column = {
  name: string;
  type: string;
  format: string;
  description: string;
  priority: number;
};

/** The write for which an object is judged. */
export interface Write {
  /** What an update replaces. */
  readonly old?: KubeObject;
  readonly subresource: string;
  /** What is already known to be wrong with it. */
  readonly found: readonly FieldError[];
}

/** What a kind does of its own around the common machinery of writes. */
export interface Strategy {
  /** Sets defaults and clears what a creator may not set. Changes `draft` in place. */
  prepareForCreate(draft: KubeObject): void;
  /** As prepareForCreate, with the stored object at hand. */
  prepareForUpdate(draft: KubeObject, old: KubeObject): void;
  validate(object: KubeObject, write: Write): FieldError[];
  /** Judges the step from `old` to `object`. */
  validateUpdate(object: KubeObject, old: KubeObject): FieldError[];
  /** What is wrong with `name`, one sentence each. */
  nameErrors(name: string): string[];
}

/** A resource in one version, as the registry knows it. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** Subresources by name, with the verbs of each. */
  readonly subresources: Readonly<Record<string, readonly string[]>>;
  /** Whether a CustomResourceDefinition defines it: no strategic merge, pruning by its schema. */
  readonly custom: boolean;
  readonly schema: Schema;
  /** Whether writes maintain metadata.generation. */
  readonly tracksGeneration: boolean;
  /** Whether an update may leave resourceVersion out. */
  readonly unconditionalUpdate: boolean;
  /** Whether PUT creates what does not exist. */
  readonly createOnUpdate: boolean;
  /** Whether a delete is answered with the object instead of a Status. */
  readonly returnsDeleted: boolean;
  /** A finalizer that every deletion begins with, for a controller to empty the object. */
  readonly cleanupFinalizer?: string;
  readonly columns: readonly Column[];
  /** The cells of one row; `now` in milliseconds. */
  cells(object: KubeObject, now: number): Json[];
  /** The fields that a fieldSelector may name. */
  selectableFields(object: KubeObject): Record<string, string>;
  readonly strategy: Strategy;
}

/** The verbs that every resource here serves. */
export const VERBS = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
] as const;

/** `group/version`, or `version` for the core group. */
export function apiVersionOf(type: { group: string; version: string }): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** The key under which all versions of one resource are stored. */
export function storageKey(type: { group: string; plural: string }): string {
  return `${type.group}/${type.plural}`;
}

/** A string field of `object` at `path`, or "". */
export function textAt(object: JsonObject, ...path: string[]): string {
  let value: Json | undefined = object;
  for (const field of path) {
    value = typeof value === "object" && value !== null && !Array.isArray(value)
      ? value[field]
      : undefined;
  }
  return typeof value === "string" ? value : "";
}

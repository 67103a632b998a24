import type { ObjectMeta } from "../../kubernetes/resources/resource_client.ts";
import { asObject } from "../../runtime/as_object.ts";
import { BINDING_LABEL, FIELD_MANAGER } from "../conventions.ts";
import type { Action } from "../plan/actions.ts";
import type { Undoer } from "./undone.ts";

/** A field as FieldsV1 spells it (structured-merge-diff), one member for each step. */
type FieldPath = readonly string[];

const LABEL: FieldPath = ["f:metadata", "f:labels", `f:${BINDING_LABEL}`];

/** The fields whose writer is the one who undid an action, where there is one. */
export function fieldsOf(action: Action): readonly FieldPath[] {
  switch (action.kind) {
    case "addReference":
    case "removeReferences":
      return [["f:imagePullSecrets"]];
    case "mint":
      return [["f:data"], LABEL];
    case "adoptSecret": {
      const annotations = Object.keys(action.annotations);
      return [LABEL, ...annotations.map((name) => ["f:metadata", "f:annotations", `f:${name}`])];
    }
    case "deleteSecret":
      return [["f:type"]];
    case "writeStatus":
      return [["f:status"]];
    // Who takes a finalizer away owns nothing of it afterwards.
    case "addFinalizer":
    case "removeFinalizer":
    case "inspectSecret":
      return [];
  }
}

/**
 * Who wrote one of the fields last, other than the operator, as `managedFields` have it. They tell of
 * what is there: who takes a field away altogether leaves no trace in them.
 */
export function undoerIn(
  { managedFields = [] }: ObjectMeta,
  fields: readonly FieldPath[],
): Undoer {
  const writers = managedFields.filter(({ manager, fieldsV1 }) =>
    manager !== undefined && manager !== FIELD_MANAGER &&
    fields.some((path) => holds(fieldsV1, path))
  );
  const [last] = writers.sort((one, other) => (other.time ?? "") < (one.time ?? "") ? -1 : 1);
  return last === undefined ? { kind: "unknown" } : { kind: "manager", name: last.manager! };
}

function holds(fieldsV1: unknown, path: FieldPath): boolean {
  let at: unknown = fieldsV1;
  for (const step of path) at = asObject(at)?.[step];
  return at !== undefined;
}

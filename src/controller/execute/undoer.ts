import type { ObjectMeta } from "../../kubernetes/resources/resource_client.ts";
import { asObject } from "../../runtime/as_object.ts";
import { FIELD_MANAGER } from "../conventions.ts";
import type { FieldPath } from "./actions/action_handler.ts";
import type { Undoer } from "./undone.ts";

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

import type { Column } from "../model/resource.ts";
import type { KubeObject } from "../model/object.ts";
import { ageOf } from "./age.ts";

/** One column of a kind; further options as in metav1.TableColumnDefinition. */
export function column(
  name: string,
  description: string,
  more: Partial<Column> = {},
): Column {
  return { name, type: "string", format: "", description, priority: 0, ...more };
}

export const NAME_COLUMN = column("Name", "Name of the object.", { format: "name" });
export const AGE_COLUMN = column("Age", "Time since the object was created.");

/** The Age cell. */
export function creationAge(object: KubeObject, now: number): string {
  return ageOf(object.metadata.creationTimestamp, now);
}

import { objectAt } from "./crd.ts";

/** A string's place within a resource, such as `spec.acr.server`, and its `maxLength`. */
export type Bound = readonly [path: string, maxLength: number];

/**
 * Every string of a schema that has a maxLength, in the schema's order. Items of a list stand under
 * `[]`. Throws an Error that leads with the place of what is no schema.
 */
export function boundsOf(schema: Record<string, unknown>, at = ""): Bound[] {
  const { maxLength, properties, items } = schema;
  const own: Bound[] = typeof maxLength === "number" ? [[at, maxLength]] : [];
  const members = Object.entries(properties === undefined ? {} : objectAt(properties, at))
    .flatMap(([name, value]) => {
      const path = at === "" ? name : `${at}.${name}`;
      return boundsOf(objectAt(value, path), path);
    });
  const listed = items === undefined ? [] : boundsOf(objectAt(items, `${at}[]`), `${at}[]`);
  return [...own, ...members, ...listed];
}

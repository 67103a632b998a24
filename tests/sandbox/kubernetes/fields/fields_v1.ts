import { isObject, type JsonObject } from "../model/json.ts";
import { SEPARATOR } from "./field_map.ts";

/** Writes a set of paths as metadata.managedFields[].fieldsV1. */
export function toFieldsV1(paths: Iterable<string>): JsonObject {
  const root: JsonObject = {};
  for (const path of [...paths].sort()) insert(root, path.split(SEPARATOR));
  return simplify(root);
}

function insert(root: JsonObject, elements: string[]): void {
  let node = root;
  for (const element of elements) {
    const next = node[element];
    if (isObject(next)) node = next;
    else {
      const made: JsonObject = {};
      node[element] = made;
      node = made;
    }
  }
  node["."] = {};
}

/** A member without members below it is written as `{}`. */
function simplify(node: JsonObject): JsonObject {
  const simple: JsonObject = {};
  const keys = Object.keys(node);
  for (const key of keys) {
    const child = node[key];
    if (key === ".") {
      if (keys.length > 1) simple[key] = {};
    } else if (isObject(child)) simple[key] = simplify(child);
  }
  return simple;
}

/** Reads fieldsV1 back into a set of paths. */
export function fromFieldsV1(fields: JsonObject): Set<string> {
  const paths = new Set<string>();
  collect(fields, "", paths);
  return paths;
}

function collect(node: JsonObject, path: string, paths: Set<string>): void {
  for (const [key, child] of Object.entries(node)) {
    if (key === ".") {
      paths.add(path);
      continue;
    }
    const at = path === "" ? key : `${path}${SEPARATOR}${key}`;
    if (isObject(child) && Object.keys(child).length > 0) collect(child, at, paths);
    else paths.add(at);
  }
}

import { isObject, type Json, type JsonObject } from "../model/json.ts";
import { OBJECT_META } from "../schema/object_meta.ts";
import type { Schema } from "../schema/schema.ts";

/** Fields of Schema that are this server's own. */
const PRIVATE = new Set(["ref", "pointer", "emit", "micro"]);

/**
 * Writes schemas as OpenAPI documents want them: each named schema once under `components`, and
 * referred to everywhere else.
 */
export class Components {
  readonly schemas: JsonObject = {};
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** `schema` for use inside another schema: a reference when it has a name. */
  write(schema: Schema): JsonObject {
    if (schema.ref === undefined) return this.#body(schema);
    this.define(schema.ref, schema, {});
    return this.reference(schema.ref);
  }

  /** Puts `schema` under `name`, with `extra` fields, unless it is there already. */
  define(name: string, schema: Schema, extra: JsonObject): void {
    if (this.schemas[name] !== undefined) return;
    this.schemas[name] = {};
    this.schemas[name] = { ...this.#body(schema), ...extra };
  }

  reference(name: string): JsonObject {
    return { $ref: `${this.#prefix}${name}` };
  }

  #body(schema: Schema): JsonObject {
    const body: JsonObject = {};
    for (const [field, value] of Object.entries(schema)) {
      if (!PRIVATE.has(field)) body[field] = this.#field(field, value as Json);
    }
    return body;
  }

  #field(field: string, value: Json): Json {
    if (field === "properties" && isObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [
          name,
          this.write(name === "metadata" ? OBJECT_META : inner as Schema),
        ]),
      );
    }
    const nested = field === "items" || field === "additionalProperties" || field === "not";
    return nested && isObject(value) ? this.write(value as Schema) : value;
  }
}

import { arrayAt, objectAt, stringAt } from "./crd.ts";

/** The widest line that is written, as deno.json's fmt has it. */
const WIDTH = 100;

/** Keywords that constrain values without changing their type: the server enforces them. */
const CONSTRAINTS = [
  "default",
  "description",
  "example",
  "nullable",
  "title",
  "x-kubernetes-validations",
];

/** The keywords known for each type. Any other is refused rather than overlooked. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  string: ["enum", "format", "maxLength", "minLength", "pattern"],
  integer: ["enum", "format", "maximum", "minimum", "multipleOf", ...exclusive()],
  number: ["enum", "format", "maximum", "minimum", "multipleOf", ...exclusive()],
  boolean: [],
  array: [
    "items",
    "maxItems",
    "minItems",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
  ],
  object: [
    "additionalProperties",
    "maxProperties",
    "minProperties",
    "properties",
    "required",
    "x-kubernetes-map-type",
  ],
};

/** The root of a custom resource: its type's name and what `apiVersion` and `kind` always are. */
export interface RootType {
  kind: string;
  apiVersion: string;
}

/**
 * The TypeScript interfaces of a custom resource's schema: that of the resource first, then one for
 * every object within, named by its way from the root. Throws an Error that leads with the path of
 * any construct without an exact type.
 */
export function interfacesOf(
  root: RootType,
  schema: Record<string, unknown>,
  path: string,
): string[] {
  const writer = new InterfaceWriter();
  writer.root(root, schema, path);
  return writer.interfaces;
}

class InterfaceWriter {
  readonly interfaces: string[] = [];
  readonly #pathOfName = new Map<string, string>();

  root({ kind, apiVersion }: RootType, schema: Record<string, unknown>, path: string): void {
    const { properties, ...rest } = schema;
    const { apiVersion: version, kind: kindSchema, metadata, ...own } = objectAt(
      properties,
      `${path}.properties`,
    );
    const doc = (value: unknown, name: string) =>
      docLines(objectAt(value, `${path}.properties.${name}`), 2);
    const head = [
      ...doc(version, "apiVersion"),
      `  apiVersion?: ${JSON.stringify(apiVersion)};`,
      ...doc(kindSchema, "kind"),
      `  kind?: ${JSON.stringify(kind)};`,
      ...doc(metadata, "metadata"),
      "  metadata?: ObjectMeta;",
    ];
    this.#interface(kind, { ...rest, properties: own }, path, head);
  }

  /** Writes an interface, then those within it. Answers its name. */
  #interface(
    name: string,
    schema: Record<string, unknown>,
    path: string,
    head: string[] = [],
  ): string {
    const taken = this.#pathOfName.get(name);
    if (taken !== undefined) throw new Error(`${path}: its type ${name} is also that of ${taken}`);
    this.#pathOfName.set(name, path);
    const at = this.interfaces.push("") - 1;
    const body = this.#properties(name, schema, path);
    const lines = [...docLines(schema, 0), `export interface ${name} {`, ...head, ...body, "}"];
    this.interfaces[at] = lines.join("\n");
    return name;
  }

  #properties(name: string, schema: Record<string, unknown>, path: string): string[] {
    checkKeywords("object", schema, path);
    const properties = objectAt(schema.properties, `${path}.properties`);
    const required = arrayAt(schema.required ?? [], `${path}.required`);
    for (const each of required) {
      if (typeof each !== "string" || !Object.hasOwn(properties, each)) {
        throw new Error(`${path}.required: ${JSON.stringify(each)} is not among the properties`);
      }
    }
    return Object.entries(properties).flatMap(([key, value]) => {
      const valuePath = `${path}.properties.${key}`;
      const property = objectAt(value, valuePath);
      const type = this.#type(name + pascal(key), property, valuePath);
      const label = `${quoteKey(key)}${required.includes(key) ? "" : "?"}:`;
      return [...docLines(property, 2), ...propertyLines(label, type)];
    });
  }

  #type(name: string, schema: Record<string, unknown>, path: string): string {
    const type = this.#plainType(name, schema, path);
    return schema.nullable === true ? `${type} | null` : type;
  }

  #plainType(name: string, schema: Record<string, unknown>, path: string): string {
    if (schema["x-kubernetes-int-or-string"] === true) return "number | string";
    const type = stringAt(schema.type, `${path}.type`);
    checkKeywords(type, schema, path);
    if (schema.enum !== undefined) return enumType(schema.enum, `${path}.enum`);
    switch (type) {
      case "array":
        return `Array<${
          this.#type(singular(name), objectAt(schema.items, `${path}.items`), `${path}.items`)
        }>`;
      case "object":
        return this.#objectType(name, schema, path);
      case "integer":
        return "number";
      default:
        return type;
    }
  }

  #objectType(name: string, schema: Record<string, unknown>, path: string): string {
    const { properties, additionalProperties } = schema;
    if (additionalProperties === undefined) return this.#interface(name, schema, path);
    const valuePath = `${path}.additionalProperties`;
    if (properties !== undefined) throw new Error(`${valuePath}: unsupported beside properties`);
    return `Record<string, ${
      this.#type(singular(name), objectAt(additionalProperties, valuePath), valuePath)
    }>`;
  }
}

function checkKeywords(type: string, schema: Record<string, unknown>, path: string): void {
  const known = KEYWORDS[type];
  if (!known) throw new Error(`${path}.type: ${JSON.stringify(type)} is not supported`);
  for (const keyword of Object.keys(schema)) {
    if (keyword === "type" || known.includes(keyword) || CONSTRAINTS.includes(keyword)) continue;
    throw new Error(`${path}.${keyword}: not supported in a schema of type ${type}`);
  }
}

function exclusive(): string[] {
  return ["exclusiveMaximum", "exclusiveMinimum"];
}

function enumType(values: unknown, path: string): string {
  return arrayAt(values, path).map((value) => JSON.stringify(value)).join(" | ");
}

/** A property on one line, or a union that is too wide with one member a line. */
function propertyLines(label: string, type: string): string[] {
  const line = `  ${label} ${type};`;
  if (line.length <= WIDTH || !type.includes(" | ")) return [line];
  const members = type.split(" | ").map((member) => `    | ${member}`);
  return [`  ${label}`, ...members.slice(0, -1), `${members.at(-1)};`];
}

/** The docstring of a schema: its description, its default and its example. */
function docLines(schema: Record<string, unknown>, indent: number): string[] {
  const { description, default: fallback, example } = schema;
  const text = typeof description === "string" ? description.trim().split(/\s+/) : [];
  const lines = wrap(text, WIDTH - indent - " * ".length);
  if (fallback !== undefined) lines.push(`Default: ${JSON.stringify(fallback)}.`);
  if (example !== undefined) lines.push(`Example: ${JSON.stringify(example)}.`);
  const safe = lines.map((line) => line.replaceAll("*/", "*\\/"));
  const space = " ".repeat(indent);
  const [only = ""] = safe;
  if (safe.length === 0) return [];
  if (safe.length === 1 && indent + only.length + "/**  */".length <= WIDTH) {
    return [`${space}/** ${only} */`];
  }
  return [`${space}/**`, ...safe.map((line) => `${space} * ${line}`), `${space} */`];
}

function wrap(words: string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

function quoteKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

function pascal(key: string): string {
  const words = key.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
}

function singular(name: string): string {
  if (name.endsWith("ies")) return `${name.slice(0, -3)}y`;
  return name.endsWith("s") && !name.endsWith("ss") ? name.slice(0, -1) : `${name}Item`;
}

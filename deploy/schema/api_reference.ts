import { arrayAt, type Crd, type CrdVersion, objectAt, readCrd, stringAt } from "./crd.ts";
import { row } from "../guides/guide_table.ts";

/** A value of a resource: its place, such as `spec.acr.server`, and its schema. */
interface Field {
  readonly place: string;
  readonly schema: Record<string, unknown>;
  readonly required: boolean;
}

/** What every Kubernetes object has. */
const COMMON = ["apiVersion", "kind", "metadata"];

/**
 * The reference of CRDs in Markdown: of each served version its names, its fields with type, bounds
 * and meaning, the rules between fields, and the columns of `kubectl get`. Throws an Error that
 * leads with file and field for what is no CRD.
 */
export function apiReference(
  crds: readonly { readonly path: string; readonly text: string }[],
): string {
  return crds.map(({ path, text }) => readCrd(text, path))
    .flatMap((crd) => crd.versions.map((version) => versionText(crd, version)))
    .join("\n\n");
}

function versionText(crd: Crd, version: CrdVersion): string {
  const fields = fieldsOf(version.schema, version.path);
  return [
    `## ${crd.kind}, ${crd.group}/${version.name}`,
    names(crd),
    [row("Field", "Type", "Required", "Meaning"), row("---", "---", "---", "---")]
      .concat(fields.map(fieldRow)).join("\n"),
    ...rulesText(fields),
    columnsText(version),
  ].join("\n\n");
}

function names({ plural, group, shortNames }: Crd): string {
  const short = shortNames.map((name) => `\`${name}\``).join(", ");
  return `Its full name is \`${plural}.${group}\`. Its short names are ${short || "none"}.`;
}

/** Every field below `place`, each before those within it. Items of a list stand under `[]`. */
function fieldsOf(schema: Record<string, unknown>, path: string, place = ""): Field[] {
  const required = arrayAt(schema.required ?? [], `${path}.required`);
  const properties = schema.properties === undefined ? {} : objectAt(schema.properties, path);
  return Object.entries(properties)
    .filter(([name]) => place !== "" || !COMMON.includes(name))
    .flatMap(([name, value]) => {
      const below = `${path}.properties.${name}`;
      const field = objectAt(value, below);
      const at = place === "" ? name : `${place}.${name}`;
      const items = field.items === undefined ? [] : [objectAt(field.items, `${below}.items`)];
      return [
        { place: at, schema: field, required: required.includes(name) },
        ...fieldsOf(field, below, at),
        ...items.flatMap((each) => fieldsOf(each, `${below}.items`, `${at}[]`)),
      ];
    });
}

function fieldRow({ place, schema, required }: Field): string {
  const isDefaulted = schema.default !== undefined;
  return row(
    `\`${place}\``,
    typeOf(schema, place),
    required && !isDefaulted ? "yes" : "",
    [
      String(schema.description ?? "").trim().replace(/\s+/g, " "),
      ...(isDefaulted ? [`Default: \`${shown(schema.default)}\`.`] : []),
      ...boundOf(schema),
    ].join(" "),
  );
}

/** A string as it is, and anything else as YAML takes it in one line. */
function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function typeOf(schema: Record<string, unknown>, place: string): string {
  if (schema.enum !== undefined) {
    return arrayAt(schema.enum, place).map((value) => `\`${value}\``).join(" or ");
  }
  const type = stringAt(schema.type, `${place}.type`);
  if (schema.format === "date-time") return "time, RFC 3339";
  return type === "array" ? "list" : type;
}

/** What a value may have at most. Times and words of a list need none to be told. */
function boundOf({ maxLength, maxItems, enum: words, format }: Record<string, unknown>): string[] {
  if (typeof maxItems === "number") return [`At most ${maxItems} of them.`];
  if (typeof maxLength !== "number" || words !== undefined || format !== undefined) return [];
  return [`At most ${maxLength} characters.`];
}

/** The rules that the API server holds objects to, by the message with which it refuses them. */
function rulesText(fields: readonly Field[]): string[] {
  const rules = fields.flatMap(({ place, schema }) => {
    const at = `${place}.x-kubernetes-validations`;
    return arrayAt(schema["x-kubernetes-validations"] ?? [], at)
      .map((rule) => row(`\`${place}\``, stringAt(objectAt(rule, at).message, at)));
  });
  if (rules.length === 0) return [];
  return [
    [row("Field", "The API server refuses it unless"), row("---", "---"), ...rules].join("\n"),
  ];
}

function columnsText({ columns }: CrdVersion): string {
  const rows = columns.map(({ name, description, wide }) =>
    row(name, wide ? "with `-o wide`" : "always", description)
  );
  return [row("Column", "Shown", "Meaning"), row("---", "---", "---"), ...rows].join("\n");
}

import { badRequest } from "../model/errors.ts";
import type { KubeObject } from "../model/object.ts";
import type { ResourceType } from "../model/resource.ts";

/** Tells whether an object is among those asked for. */
export type Selector = (object: KubeObject) => boolean;

type Labels = Readonly<Record<string, string>>;

/** Compiles a labelSelector: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a>1`, `a<1`, `a`, `!a`. */
export function labelSelector(text: string): Selector {
  const requirements = splitRequirements(text).map(requirement);
  return (object) => requirements.every((fits) => fits(object.metadata.labels ?? {}));
}

/** Splits at commas that stand outside parentheses. */
function splitRequirements(text: string): string[] {
  return text.split(/,(?![^(]*\))/).map((part) => part.trim()).filter((part) => part !== "");
}

function requirement(text: string): (labels: Labels) => boolean {
  const set = /^(\S+?)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    return operator === "in"
      ? (labels) => key in labels && values.includes(labels[key]!)
      : (labels) => !(key in labels) || !values.includes(labels[key]!);
  }
  const comparison = /^([^\s=!<>]+)\s*([<>])\s*(\S*)$/.exec(text);
  if (comparison !== null) {
    const [, key = "", operator, value = ""] = comparison;
    return compares(key, operator as "<" | ">", value);
  }
  const equality = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) {
    const [, key = "", operator, value] = equality;
    return operator === "!="
      ? (labels) => labels[key] !== value
      : (labels) => labels[key] === value;
  }
  if (/^!\s*\S+$/.test(text)) {
    const key = text.slice(1).trim();
    return (labels) => !(key in labels);
  }
  if (/^[^\s=!()]+$/.test(text)) return (labels) => text in labels;
  const found = text.split(/\s+/)[1] ?? text;
  throw badRequest(
    `unable to parse requirement: found '${found}', expected: in, notin, =, ==, !=, gt, lt`,
  );
}

/** Compares integers; a label that is none is not selected. */
function compares(key: string, operator: "<" | ">", value: string): (labels: Labels) => boolean {
  if (!INTEGER.test(value)) {
    throw badRequest(
      `unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(value)}: ` +
        "for 'Gt', 'Lt' operators, the value must be an integer",
    );
  }
  const bound = BigInt(value);
  return (labels) => {
    const found = labels[key] ?? "";
    if (!INTEGER.test(found)) return false;
    return operator === ">" ? BigInt(found) > bound : BigInt(found) < bound;
  };
}

const INTEGER = /^\d+$/;

/** Compiles a fieldSelector over the fields that `type` lets select. Throws 400 for others. */
export function fieldSelector(text: string, type: ResourceType): Selector {
  const requirements = text.split(",").filter((part) => part !== "").map((part) => {
    const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
    if (match === null) {
      throw badRequest(
        `invalid selector: '${text}'; can't understand '${part}'`,
      );
    }
    return { field: match[1]!, equal: match[2] !== "!=", value: match[3]! };
  });
  const known = type.selectableFields(PROBE);
  for (const { field } of requirements) {
    if (!(field in known)) throw unknownField(field, Object.keys(known), type);
  }
  return (object) => {
    const fields = type.selectableFields(object);
    return requirements.every(({ field, equal, value }) => (fields[field] === value) === equal);
  };
}

/** Kinds with fields of their own word the refusal differently from those without. */
function unknownField(field: string, known: string[], type: ResourceType): Error {
  if (type.custom || known.some((name) => !name.startsWith("metadata."))) {
    return badRequest(`field label not supported: ${field}`);
  }
  return badRequest(
    `${
      JSON.stringify(field)
    } is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}

const PROBE: KubeObject = { apiVersion: "", kind: "", metadata: { name: "" } };

/** Both selectors of a list or watch; undefined when there is none. */
export function combinedSelector(
  options: { labelSelector: string; fieldSelector: string },
  type: ResourceType,
): Selector | undefined {
  if (options.labelSelector === "" && options.fieldSelector === "") return undefined;
  const byLabel = labelSelector(options.labelSelector);
  const byField = fieldSelector(options.fieldSelector, type);
  return (object) => byLabel(object) && byField(object);
}

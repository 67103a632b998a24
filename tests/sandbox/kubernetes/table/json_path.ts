import { isObject, type Json } from "../model/json.ts";

/** One step of a path: a field, an index, everything, or the items that fit a filter. */
type Step =
  | { kind: "field"; name: string }
  | { kind: "index"; index: number }
  | { kind: "all" }
  | { kind: "filter"; path: Step[]; operator: string; value: Json };

/** A compiled JSONPath: answers every value it finds. */
export type JsonPath = (value: Json) => Json[];

const TOKEN =
  /\.(?:([A-Za-z_$][\w$-]*)|\['((?:[^'\\]|\\.)*)'\]|(\*))|\[(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+)|(\*)|\?\(@((?:[^=<>!)\]]|\\.)+)(==|!=|<=|>=|<|>)([^)]+)\))\]/y;

/**
 * Compiles the JSONPath of a printer column (`.status.conditions[?(@.type=="Ready")].status`).
 * Throws with the position at which it cannot be read.
 */
export function compileJsonPath(path: string): JsonPath {
  const steps = parse(path.replace(/^\{(.*)\}$/, "$1").replace(/^\$/, ""));
  return (value) => steps.reduce(take, [value]);
}

function parse(path: string): Step[] {
  const steps: Step[] = [];
  let at = 0;
  while (at < path.length) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(path);
    if (token === null) throw new Error(`JSONPath ${path} cannot be read at character ${at + 1}`);
    at += token[0].length;
    steps.push(toStep(token));
  }
  return steps;
}

function toStep(token: RegExpExecArray): Step {
  const [, bare, dotted, star, single, double, index, all, path, operator, value] = token;
  const name = bare ?? dotted ?? single ?? double;
  if (name !== undefined) return { kind: "field", name: name.replaceAll(/\\(.)/g, "$1") };
  if (index !== undefined) return { kind: "index", index: Number(index) };
  if (star !== undefined || all !== undefined) return { kind: "all" };
  return {
    kind: "filter",
    path: parse(path!.trim()),
    operator: operator!,
    value: literal(value!.trim()),
  };
}

function literal(text: string): Json {
  const quoted = /^(['"])(.*)\1$/.exec(text);
  return quoted === null ? JSON.parse(text) as Json : quoted[2]!;
}

function take(values: Json[], step: Step): Json[] {
  return values.flatMap((value) => {
    if (step.kind === "field") {
      return isObject(value) && step.name in value ? [value[step.name]!] : [];
    }
    if (step.kind === "all") {
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
    }
    if (!Array.isArray(value)) return [];
    if (step.kind === "index") return value.slice(step.index, step.index + 1 || undefined);
    return value.filter((item) =>
      step.path.reduce(take, [item]).some((found) => fits(found, step))
    );
  });
}

function fits(found: Json, { operator, value }: { operator: string; value: Json }): boolean {
  if (operator === "==") return found === value;
  if (operator === "!=") return found !== value;
  if (found === null || value === null || typeof found !== typeof value) return false;
  if (operator === "<") return found < value;
  if (operator === ">") return found > value;
  return operator === "<=" ? found <= value : found >= value;
}

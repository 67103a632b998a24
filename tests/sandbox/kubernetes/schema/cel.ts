import { Environment } from "@marcbachmann/cel-js";
import type { FieldError } from "../model/errors.ts";
import { equalJson, isObject, type Json } from "../model/json.ts";
import { itemKey, type Schema, type ValidationRule } from "./schema.ts";

/** An URL inside a rule, split as Go's net/url does: the host keeps its case. */
class RuleUrl {
  constructor(
    readonly scheme: string,
    readonly hostname: string,
    readonly port: string,
    readonly path: string,
  ) {}
}

const URL_PARTS =
  /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^@/?#\s]*@)?([^:/?#\s\\^`{|}%]*|\[[0-9a-fA-F:.]+\])(?::(\d*))?([/?][^\s]*)?$/;

function parseUrl(text: string): RuleUrl | undefined {
  const parts = URL_PARTS.exec(text);
  if (parts === null) return undefined;
  return new RuleUrl(parts[1]!, parts[2]!, parts[3] ?? "", parts[4] ?? "");
}

function makeEnvironment(): Environment {
  return new Environment()
    .registerVariable("self", "dyn")
    .registerVariable("oldSelf", "dyn")
    .registerType("kubernetes.URL", { ctor: RuleUrl, fields: {} })
    .registerFunction("isURL(string): bool", (text: string) => parseUrl(text) !== undefined)
    .registerFunction("url(string): kubernetes.URL", (text: string) => {
      const url = parseUrl(text);
      if (url === undefined) throw new Error("URL parse error during conversion from string");
      return url;
    })
    .registerFunction("kubernetes.URL.getScheme(): string", (url: RuleUrl) => url.scheme)
    .registerFunction("kubernetes.URL.getHostname(): string", (url: RuleUrl) => url.hostname)
    .registerFunction(
      "kubernetes.URL.getHost(): string",
      (url: RuleUrl) => url.port === "" ? url.hostname : `${url.hostname}:${url.port}`,
    )
    .registerFunction("kubernetes.URL.getPort(): string", (url: RuleUrl) => url.port)
    .registerFunction(
      "kubernetes.URL.getEscapedPath(): string",
      (url: RuleUrl) => url.path.split("?")[0]!,
    );
}

type Program = (context: { self: unknown; oldSelf?: unknown }) => unknown;
const environment = makeEnvironment();
const programs = new Map<string, Program>();

/** The compiled rule. Throws with the compiler's message when it does not compile. */
export function compileRule(rule: string): Program {
  let program = programs.get(rule);
  if (program === undefined) {
    program = environment.parse(rule) as Program;
    programs.set(rule, program);
  }
  return program;
}

/** Whether any rule stands anywhere in `schema`. */
export function hasRules(schema: Schema): boolean {
  const rest = schema.additionalProperties;
  return (schema["x-kubernetes-validations"] ?? []).length > 0 ||
    Object.values(schema.properties ?? {}).some(hasRules) ||
    (schema.items !== undefined && hasRules(schema.items)) ||
    (typeof rest === "object" && hasRules(rest));
}

/** Evaluates the x-kubernetes-validations of `schema` on `value`; `old` is the stored value. */
export function validateRules(
  value: Json,
  schema: Schema,
  field: string,
  old: Json | undefined,
): FieldError[] {
  if (old !== undefined && equalJson(value, old)) return [];
  const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule) =>
    evaluate(rule, value, schema, field, old)
  );
  return [...own, ...childRules(value, schema, field, old)];
}

function childRules(
  value: Json,
  schema: Schema,
  field: string,
  old: Json | undefined,
): FieldError[] {
  if (Array.isArray(value)) {
    const items = schema.items;
    if (items === undefined) return [];
    return value.flatMap((item, i) =>
      validateRules(item, items, `${field}[${i}]`, matching(old, item, schema))
    );
  }
  if (!isObject(value)) return [];
  return Object.keys(value).sort().flatMap((name) => {
    const known = schema.properties?.[name] ?? schema.additionalProperties;
    if (typeof known !== "object") return [];
    const before = isObject(old) ? old[name] : undefined;
    return validateRules(value[name]!, known, field === "" ? name : `${field}.${name}`, before);
  });
}

function matching(old: Json | undefined, item: Json, schema: Schema): Json | undefined {
  if (!Array.isArray(old) || !isObject(item)) return undefined;
  const key = itemKey(schema, item);
  if (key === undefined) return undefined;
  return old.find((other) => isObject(other) && equalJson(itemKey(schema, other), key));
}

function evaluate(
  rule: ValidationRule,
  value: Json,
  schema: Schema,
  field: string,
  old: Json | undefined,
): FieldError[] {
  if (/\boldSelf\b/.test(rule.rule) && old === undefined && !rule.optionalOldSelf) return [];
  const context = {
    self: celValue(value, schema),
    ...(old === undefined ? {} : { oldSelf: celValue(old, schema) }),
  };
  const at = rule.fieldPath === undefined ? field : field + rule.fieldPath;
  try {
    if (compileRule(rule.rule)(context) === true) return [];
    return [failed(rule, at, value, message(rule, context))];
  } catch (error) {
    const why = celMessage(error);
    const name = rule.message ?? rule.rule;
    const detail = `Invalid value: "${typeWord(value)}": ${why} evaluating rule: ${name}`;
    return [{ field: at, reason: "FieldValueInvalid", detail }];
  }
}

function message(rule: ValidationRule, context: { self: unknown; oldSelf?: unknown }): string {
  if (rule.messageExpression !== undefined) {
    const text = compileRule(rule.messageExpression)(context);
    if (typeof text === "string") return text;
  }
  return rule.message ?? `failed rule: ${rule.rule}`;
}

/** Objects and lists are not repeated in the error; scalars are. */
function failed(rule: ValidationRule, field: string, value: Json, text: string): FieldError {
  const shown = typeof value === "object" ? "" : `${JSON.stringify(value)}: `;
  const reason = rule.reason ?? "FieldValueInvalid";
  if (reason === "FieldValueForbidden") return { field, reason, detail: `Forbidden: ${text}` };
  if (reason === "FieldValueRequired") return { field, reason, detail: `Required value: ${text}` };
  return { field, reason, detail: `Invalid value: ${shown}${text}` };
}

/** The first line of the evaluator's message, worded as cel-go words it. */
function celMessage(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]!.replace(/^No such key/, "no such key");
}

function typeWord(value: Json): string {
  if (Array.isArray(value)) return "array";
  return isObject(value) ? "object" : typeof value;
}

/** JSON as CEL sees it through the schema: integers are int64, numbers double. */
function celValue(value: Json, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => celValue(item, schema?.items));
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        const rest = schema?.additionalProperties;
        const known = schema?.properties?.[name] ?? (typeof rest === "object" ? rest : undefined);
        return [name, celValue(item, known)];
      }),
    );
  }
  if (typeof value === "number" && Number.isInteger(value) && schema?.type !== "number") {
    return BigInt(value);
  }
  return value;
}

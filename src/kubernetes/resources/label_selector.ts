/**
 * Kubernetes label selectors in their text form, as `kubectl -l` and the API's `labelSelector`
 * parameter take them. Grammar, limits and matching follow the API's documentation of labels and
 * the behaviour of k8s.io/apimachinery's `labels.Parse`.
 */

import { quote } from "../../runtime/text/quote.ts";
import { DNS_SUBDOMAIN, LABEL_NAME } from "./names.ts";

/** How a requirement compares. `=` and `==` are the same; `>` and `<` compare integers. */
export type LabelOperator = "=" | "==" | "!=" | "in" | "notin" | ">" | "<" | "exists" | "!exists";

/** One condition on one label. `values` is empty for `exists` and `!exists`. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A parsed selector: all its requirements must hold. Without any, everything matches. */
export interface LabelSelector {
  /** Sorted by key. */
  readonly requirements: readonly LabelRequirement[];
  /** Whether an object with these labels is selected. */
  matches(labels: Readonly<Record<string, string>> | undefined): boolean;
  /** The canonical text, for the API's `labelSelector` parameter. Parses back to the same. */
  toString(): string;
}

/** A selector, or why the text is none: a clause that names the place and what belongs there. */
export type ParsedLabelSelector =
  | { readonly selector: LabelSelector; readonly problem?: never }
  | { readonly problem: string; readonly selector?: never };

/** Selects every object. */
export const everything: LabelSelector = selectorOf([]);

/** Reads a selector such as `tier in (web,api),!legacy`. Empty text selects everything. */
export function parseLabelSelector(text: string): ParsedLabelSelector {
  try {
    return { selector: selectorOf(new Parser(text).requirements()) };
  } catch (error) {
    if (error instanceof SelectorProblem) return { problem: error.message };
    throw error;
  }
}

function selectorOf(unsorted: readonly LabelRequirement[]): LabelSelector {
  const requirements = [...unsorted].sort((a, b) => compare(a.key, b.key)).map((requirement) =>
    Object.freeze({ ...requirement, values: Object.freeze([...requirement.values]) })
  );
  return Object.freeze({
    requirements: Object.freeze(requirements),
    matches: (labels: Readonly<Record<string, string>> | undefined) =>
      requirements.every((requirement) => holds(requirement, labels ?? {})),
    toString: () => requirements.map(show).join(","),
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function holds(
  { key, operator, values }: LabelRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "exists":
      return value !== undefined;
    case "!exists":
      return value === undefined;
    case "=":
    case "==":
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case ">":
      return integer(value) !== undefined && integer(value)! > integer(values[0])!;
    case "<":
      return integer(value) !== undefined && integer(value)! < integer(values[0])!;
  }
}

const LARGEST_INTEGER = 2n ** 63n - 1n;

/** A signed 64-bit decimal, as Go's strconv.ParseInt reads it. */
function integer(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ""));
  return value > LARGEST_INTEGER || value < -LARGEST_INTEGER - 1n ? undefined : value;
}

function show({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case "exists":
      return key;
    case "!exists":
      return `!${key}`;
    case "in":
    case "notin":
      // The empty value alone needs its comma: () names no value, which the API refuses.
      return `${key} ${operator} (${[...values].sort(compare).join(",") || ","})`;
    default:
      return `${key}${operator}${values[0]}`;
  }
}

/** Leaves the recursive descent; never leaves this file. */
class SelectorProblem extends Error {}

interface Token {
  /** `word` is a key, a value, or one of the words in and notin; `end` is the end of the text. */
  readonly kind: "word" | "symbol" | "end";
  readonly text: string;
}

const END: Token = { kind: "end", text: "" };
const COMPARISONS: readonly string[] = ["=", "==", "!=", ">", "<"] satisfies LabelOperator[];

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = Array.from(text.matchAll(/==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+/g), ([found]) => ({
      kind: /^[=!(),<>]/.test(found) ? "symbol" : "word",
      text: found,
    }));
  }

  requirements(): LabelRequirement[] {
    const found: LabelRequirement[] = [];
    if (this.#peek() === END) return found;
    do found.push(this.#requirement()); while (this.#take(","));
    if (this.#peek() !== END) this.#fail("a comma or the end");
    return found;
  }

  #requirement(): LabelRequirement {
    const absent = this.#take("!");
    const key = this.#word("a label key");
    checkKey(key);
    if (absent) return { key, operator: "!exists", values: [] };
    const next = this.#peek();
    if (next === END || next.text === ",") return { key, operator: "exists", values: [] };
    if (next.text === "in" || next.text === "notin") {
      this.#next++;
      return { key, operator: next.text, values: this.#set(key, next.text) };
    }
    if (!COMPARISONS.includes(next.text)) {
      this.#fail("one of =, ==, !=, in, notin, > and <, a comma, or the end");
    }
    this.#next++;
    return this.#comparison(key, next.text as LabelOperator);
  }

  #comparison(key: string, operator: LabelOperator): LabelRequirement {
    const next = this.#peek();
    const value = next === END || next.text === "," ? "" : this.#word(`a value after ${operator}`);
    checkValue(key, value);
    if ((operator === ">" || operator === "<") && integer(value) === undefined) {
      throw new SelectorProblem(`${key}${operator} needs an integer, not ${quote(value)}`);
    }
    return { key, operator, values: [value] };
  }

  #set(key: string, operator: string): string[] {
    if (!this.#take("(")) this.#fail(`( after ${operator}`);
    if (this.#take(")")) throw new SelectorProblem(`${key} ${operator} () names no value`);
    const values = new Set<string>();
    do {
      // An empty place, as in (a,), stands for the empty value.
      const value = this.#peek().kind === "word" ? this.#word("a value") : "";
      checkValue(key, value);
      values.add(value);
    } while (this.#take(","));
    if (!this.#take(")")) this.#fail("a comma or )");
    return [...values];
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? END;
  }

  #take(symbol: string): boolean {
    if (this.#peek().text !== symbol) return false;
    this.#next++;
    return true;
  }

  #word(wanted: string): string {
    const next = this.#peek();
    if (next.kind !== "word") this.#fail(wanted);
    this.#next++;
    return next.text;
  }

  #fail(wanted: string): never {
    const next = this.#peek();
    const found = next === END ? "the end" : quote(next.text);
    throw new SelectorProblem(`found ${found} where ${wanted} belongs`);
  }
}

const LONGEST_SUBDOMAIN = 253;

function checkKey(key: string): void {
  const slash = key.indexOf("/");
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const validPrefix = prefix === undefined ||
    prefix.length <= LONGEST_SUBDOMAIN && DNS_SUBDOMAIN.test(prefix);
  if (validPrefix && LABEL_NAME.test(key.slice(slash + 1))) return;
  throw new SelectorProblem(
    `${quote(key)} is no label key, which is up to 63 letters, digits, dashes, underscores and ` +
      `dots that begin and end with a letter or digit, after an optional domain and slash`,
  );
}

function checkValue(key: string, value: string): void {
  if (value === "" || LABEL_NAME.test(value)) return;
  throw new SelectorProblem(
    `${
      quote(value)
    } is no value for the label ${key}, which is up to 63 letters, digits, dashes, ` +
      `underscores and dots that begin and end with a letter or digit, or nothing`,
  );
}

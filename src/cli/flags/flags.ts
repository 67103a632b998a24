import { quote } from "../../runtime/text/quote.ts";
import { suggest } from "./suggest.ts";

/** One flag, declared once: the parser, `--help` and the documentation all read this. */
export interface Flag {
  /**
   * `list` is a comma list that may be given several times. `repeated` may be given several times
   * as well, each time for one value, with whatever commas are in it. The others keep the last
   * value given.
   */
  readonly kind: "boolean" | "string" | "number" | "list" | "repeated";
  /** The heading under which `--help` lists it. */
  readonly group: string;
  /** One or more sentences for `--help`. */
  readonly help: string;
  /** What stands for the value in `--help`, such as FILE. Booleans have none. */
  readonly placeholder?: string;
  /** What holds when the flag is absent, as shown to a person. */
  readonly default?: string;
  /** Other spellings of the same flag. */
  readonly aliases?: readonly string[];
  /** Why the flag cannot be honoured, as a clause after its name. Its presence refuses the flag. */
  readonly refused?: string;
}

/** Flags by name, without dashes. */
export type FlagTable = Readonly<Record<string, Flag>>;

type ValueOf<F extends Flag> = F["kind"] extends "boolean" ? boolean
  : F["kind"] extends "number" ? number
  : F["kind"] extends "list" | "repeated" ? readonly string[]
  : string;

/** A value together with the spelling that gave it, so that an error names what was typed. */
export interface Given<V> {
  readonly value: V;
  /** With two dashes, such as `--metrics-addr`; a letter with one. */
  readonly spelling: string;
}

/** What the arguments said. Absent flags are absent here: defaults belong to options.ts. */
export interface ParsedFlags<T extends FlagTable> {
  readonly given: { readonly [N in keyof T]?: Given<ValueOf<T[N]>> };
  /** Arguments that are no flags, in order. */
  readonly positionals: readonly string[];
  /** One sentence each. */
  readonly errors: readonly string[];
}

/** The words of a boolean flag that is true, as Go's strconv.ParseBool has them. */
export const TRUE = /^(1|t|T|TRUE|true|True)$/;

/** The words of a boolean flag that is false. */
export const FALSE = /^(0|f|F|FALSE|false|False)$/;

/** The number of a flag. */
export const DECIMAL = /^[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/**
 * Reads arguments in the syntax of Go's `flag` package: one dash or two, `=` or a space before the
 * value, bare booleans, `--` ends the flags. Unlike there, all errors are found in one pass, a
 * known flag is never taken for the value of the one before it, and flags after an argument that is
 * none are read too.
 */
export function parseFlags<T extends FlagTable>(
  table: T,
  args: readonly string[],
): ParsedFlags<T> {
  const parser = new Parser(table, args);
  parser.run();
  return {
    given: Object.fromEntries(parser.given) as ParsedFlags<T>["given"],
    positionals: parser.positionals,
    errors: parser.errors,
  };
}

class Parser {
  readonly given = new Map<string, Given<boolean | number | string | readonly string[]>>();
  readonly positionals: string[] = [];
  readonly errors: string[] = [];
  readonly #table: FlagTable;
  readonly #names = new Map<string, string>();
  readonly #rest: string[];

  constructor(table: FlagTable, args: readonly string[]) {
    this.#table = table;
    this.#rest = [...args];
    for (const [name, flag] of Object.entries(table)) {
      for (const spelling of [name, ...flag.aliases ?? []]) this.#names.set(spelling, name);
    }
  }

  run(): void {
    for (let arg = this.#rest.shift(); arg !== undefined; arg = this.#rest.shift()) {
      if (arg === "--") {
        this.positionals.push(...this.#rest.splice(0));
      } else if (!arg.startsWith("-") || arg === "-") {
        this.positionals.push(arg);
      } else {
        this.#flag(arg);
      }
    }
  }

  #flag(arg: string): void {
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(arg);
    if (match === null) {
      this.errors.push(`${quote(arg)} is no flag: write --NAME=VALUE.`);
      return;
    }
    const [, spelled, attached] = match;
    const name = this.#names.get(spelled!);
    if (name === undefined) return this.#unknown(spelled!, attached);
    const flag = this.#table[name]!;
    const spelling = dashed(spelled!);
    const value = attached ?? (flag.kind === "boolean" ? "true" : this.#next());
    if (value === undefined) {
      this.errors.push(
        `${spelling} needs a value: write ${spelling}=${flag.placeholder ?? "VALUE"}.`,
      );
      return;
    }
    this.#keep(name, flag, spelling, value);
  }

  #unknown(spelled: string, attached: string | undefined): void {
    // What follows an unknown flag is most likely its value: an error about that too says nothing.
    if (attached === undefined) this.#next();
    const meant = suggest(spelled, this.#names.keys());
    const remedy = meant === undefined ? "--help lists them all" : `did you mean ${dashed(meant)}?`;
    this.errors.push(`${dashed(spelled)} is no flag of this program: ${remedy}${meant ? "" : "."}`);
  }

  /** Takes the next argument for a value, unless there is none or it is itself a known flag. */
  #next(): string | undefined {
    const next = this.#rest[0];
    if (next === undefined || next === "--") return undefined;
    const named = /^--?([^-=][^=]*)/.exec(next)?.[1];
    if (named !== undefined && this.#names.has(named)) return undefined;
    return this.#rest.shift();
  }

  #keep(name: string, flag: Flag, spelling: string, text: string): void {
    const value = this.#value(name, flag, spelling, text);
    if (value === undefined) return;
    if (flag.refused !== undefined && value !== false) {
      this.errors.push(`${spelling} ${flag.refused}`);
      return;
    }
    this.given.set(name, { value, spelling });
  }

  #value(name: string, flag: Flag, spelling: string, text: string) {
    switch (flag.kind) {
      case "string":
        return text;
      case "list":
        return [...this.#before(name), ...commaList(text)];
      case "repeated":
        return [...this.#before(name), text];
      case "number":
        if (DECIMAL.test(text)) return Number(text);
        this.errors.push(`${spelling}=${quote(text)} is no number: write one such as 0.5.`);
        return undefined;
      case "boolean":
        if (TRUE.test(text)) return true;
        if (FALSE.test(text)) return false;
        this.errors.push(`${spelling}=${quote(text)} is no boolean: write true or false.`);
        return undefined;
    }
  }

  /** What a flag that may be given several times has been given so far. */
  #before(name: string): readonly string[] {
    return this.given.get(name)?.value as readonly string[] | undefined ?? [];
  }
}

/** A flag's name or alias as it is told: a letter has one dash, a word two. */
export function dashed(spelling: string): string {
  return spelling.length === 1 ? `-${spelling}` : `--${spelling}`;
}

function commaList(text: string): string[] {
  return text.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

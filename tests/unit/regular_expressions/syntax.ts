/** What a regular expression is made of, as far as `src` uses it. */
export type Node =
  /** One character. `source` is its own syntax, such as `[a-z]`, `\d`, `.` or `a`. */
  | { readonly kind: "atom"; readonly source: string; readonly flags: string }
  | { readonly kind: "sequence"; readonly items: readonly Node[] }
  | { readonly kind: "choice"; readonly options: readonly Node[] }
  | Repeat
  /** `^`, `$`, `\b` and `\B`. */
  | { readonly kind: "anchor"; readonly source: string }
  | { readonly kind: "look"; readonly body: Node; readonly negative: boolean };

/** A quantifier and what it repeats. */
export interface Repeat {
  readonly kind: "repeat";
  readonly body: Node;
  readonly min: number;
  readonly max: number;
  readonly lazy: boolean;
}

/** Reads a pattern. Throws for syntax that it does not know, lest that pass unseen. */
export function parse(pattern: string, flags: string): Node {
  const parser = new Parser(pattern, flags);
  const node = parser.choice();
  if (!parser.atEnd) parser.fail();
  return node;
}

const ATOM = new RegExp(
  [
    String.raw`\[(?:\\[^]|[^\]\\])*\]`,
    String.raw`\\(?:p\{[^}]*\}|u\{[^}]*\}|u[0-9a-f]{4}|x[0-9a-f]{2}|[dDwWsSnrtfv0]|[^\w])`,
    String.raw`[^\\()[\]{}*+?|^$]`,
    // V8 takes a brace for itself where it is no quantifier.
    String.raw`\{(?!\d)`,
    String.raw`\}`,
    String.raw`\]`,
  ].join("|"),
  "iuy",
);
const QUANTIFIER = /(?:([*+?])|\{(\d+)(,?)(\d*)\})(\??)/y;
const GROUP = /\((?:\?(?::|([ims]+):|<\w+>|([=!])))?/y;

class Parser {
  #at = 0;
  #flags: string;

  constructor(readonly pattern: string, flags: string) {
    this.#flags = flags.replace(/[gy]/g, "");
    if (/[vm]/.test(flags)) this.fail();
  }

  get atEnd(): boolean {
    return this.#at === this.pattern.length;
  }

  fail(): never {
    const rest = this.pattern.slice(this.#at, this.#at + 20);
    throw new Error(`/${this.pattern}/ has syntax that is not known here: ${rest}`);
  }

  choice(): Node {
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    return options.length === 1 ? options[0]! : { kind: "choice", options };
  }

  #sequence(): Node {
    const items: Node[] = [];
    while (!this.atEnd && !"|)".includes(this.pattern[this.#at]!)) items.push(this.#quantified());
    return { kind: "sequence", items };
  }

  #quantified(): Node {
    const body = this.#single();
    const found = this.#match(QUANTIFIER);
    if (found === undefined) return body;
    const [, symbol, low, comma, high, lazy] = found;
    const bounds: Record<string, [number, number]> = {
      "*": [0, Infinity],
      "+": [1, Infinity],
      "?": [0, 1],
    };
    const min = Number(low);
    const max = comma === "" ? min : high === "" ? Infinity : Number(high);
    const [least, most] = symbol === undefined ? [min, max] : bounds[symbol]!;
    return { kind: "repeat", body, min: least, max: most, lazy: lazy === "?" };
  }

  #single(): Node {
    const group = this.#match(GROUP);
    if (group !== undefined) return this.#group(group[1], group[2]);
    for (const source of ["^", "$", "\\b", "\\B"]) {
      if (this.#take(source)) return { kind: "anchor", source };
    }
    const atom = this.#match(ATOM);
    if (atom === undefined) this.fail();
    return { kind: "atom", source: atom[0], flags: this.#flags };
  }

  #group(modifiers: string | undefined, look: string | undefined): Node {
    const outer = this.#flags;
    this.#flags += [...modifiers ?? ""].filter((each) => !outer.includes(each)).join("");
    const body = this.choice();
    this.#flags = outer;
    if (!this.#take(")")) this.fail();
    return look === undefined ? body : { kind: "look", body, negative: look === "!" };
  }

  #take(text: string): boolean {
    if (!this.pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(syntax: RegExp): RegExpExecArray | undefined {
    syntax.lastIndex = this.#at;
    const found = syntax.exec(this.pattern);
    if (found === null) return undefined;
    this.#at += found[0].length;
    return found;
  }
}

/** A node and all below it. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const each of childrenOf(node)) yield* nodesOf(each);
}

function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case "sequence":
      return node.items;
    case "choice":
      return node.options;
    case "repeat":
    case "look":
      return [node.body];
    default:
      return [];
  }
}

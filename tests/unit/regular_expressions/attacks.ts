import { characterTest } from "./matcher.ts";
import { type Node, nodesOf } from "./syntax.ts";

/** A text that grows: `repeated` as often as the length needs. */
export interface Attack {
  readonly before: string;
  readonly repeated: string;
  readonly after: string;
}

/** The text of an attack, of about `length` characters. */
export function textOf({ before, repeated, after }: Attack, length: number): string {
  return before + repeated.repeat(Math.ceil(length / repeated.length)) + after;
}

/** With more characters than this, not every pair of them is repeated. */
const SMALL_ALPHABET = 8;

/**
 * Texts that make an expression backtrack, if any does: what leads to each quantifier, then what it
 * may repeat, then what fits nowhere. Characters are one for each set that the expression cannot
 * tell apart.
 */
export function attacksOn(node: Node): Attack[] {
  const alphabet = alphabetOf(node);
  const words = new Words(alphabet);
  const small = alphabet.length <= SMALL_ALPHABET;
  const pairs = small ? alphabet.flatMap((one) => alphabet.map((other) => one + other)) : [];
  const leading = small ? alphabet : alphabet.slice(-1);
  const before = new Set(["", ...leading, ...leads(node, "", words)]);
  const repeated = new Set([...alphabet, ...pairs, ...pieces(node, words)]);
  repeated.delete("");
  // What begins at a word's edge begins again only behind something that is no word.
  if ([...nodesOf(node)].some(isWordEdge)) {
    for (const word of pieces(node, words)) repeated.add(`${word} `);
  }
  const after = ["", ...alphabet];
  return [...before].flatMap((lead) =>
    [...repeated].flatMap((word) =>
      after.map((end) => ({ before: lead, repeated: word, after: end }))
    )
  );
}

function isWordEdge(node: Node): boolean {
  return node.kind === "anchor" && node.source === "\\b";
}

const CANDIDATES = [
  ...Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code)),
  ..."\u0085\u00a0\u00e9\u0130\u017f\u0660\u2028\u202e\u212a\u4e2d\ufeff",
  "\u{1f600}",
];

/** One character for each set of characters that the same atoms accept: last what fewest do. */
function alphabetOf(node: Node): string[] {
  const tests = [...nodesOf(node)].flatMap((each) =>
    each.kind === "atom" ? [characterTest(each.source, each.flags)] : []
  );
  const known = new Map<string, string>();
  for (const character of [...'a0 \\"-', ...CANDIDATES]) {
    const accepted = tests.map((test) => test(character) ? "1" : "0").join("");
    if (!known.has(accepted)) known.set(accepted, character);
  }
  const count = (accepted: string) => accepted.replaceAll("0", "").length;
  return [...known].sort(([one], [other]) => count(other) - count(one)).map(([, each]) => each);
}

/** The shortest words that nodes match. Anchors and looks count as met. */
class Words {
  readonly #alphabet: readonly string[];

  constructor(alphabet: readonly string[]) {
    this.#alphabet = alphabet;
  }

  shortest(node: Node): string {
    switch (node.kind) {
      case "atom":
        return this.#alphabet.find(characterTest(node.source, node.flags)) ?? "";
      case "sequence":
        return node.items.map((item) => this.shortest(item)).join("");
      case "choice":
        return node.options.map((option) => this.shortest(option))
          .reduce((best, word) => word.length < best.length ? word : best);
      case "repeat":
        return this.shortest(node.body).repeat(node.min);
      default:
        return "";
    }
  }
}

/** What can stand before each quantifier without a small bound. */
function leads(node: Node, before: string, words: Words): string[] {
  switch (node.kind) {
    case "sequence": {
      let lead = before;
      return node.items.flatMap((item) => {
        const found = leads(item, lead, words);
        lead += words.shortest(item);
        return found;
      });
    }
    case "choice":
      return node.options.flatMap((option) => leads(option, before, words));
    case "repeat":
      return [...(node.max > 8 ? [before] : []), ...leads(node.body, before, words)];
    case "look":
      return leads(node.body, before, words);
    default:
      return [];
  }
}

/** What is worth repeating: what a quantifier repeats, each alternative, and how each begins. */
function pieces(node: Node, words: Words): string[] {
  return [...nodesOf(node)].flatMap((each) => {
    switch (each.kind) {
      case "repeat":
        return [words.shortest(each.body), words.shortest(each.body).repeat(Math.max(1, each.min))];
      case "choice":
        return each.options.map((option) => words.shortest(option));
      case "sequence":
        return each.items.map((_, index) =>
          each.items.slice(0, index + 1).map((item) => words.shortest(item)).join("")
        );
      default:
        return [];
    }
  });
}

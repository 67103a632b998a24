import type { Node, Repeat } from "./syntax.ts";

/** Thrown where a match takes more steps than it may. */
export class TooManySteps extends Error {}

type Next = (at: number) => boolean;
/** Whether the node matches at an index, and all that follows it. */
type Match = (at: number, next: Next) => boolean;

/**
 * A regular expression that counts its work. It backtracks as V8's does: alternatives in their
 * order, greedy quantifiers from the most, lazy ones from the least. A step is one look at a
 * character, at an alternative or at a further repetition.
 */
export class CountingMatcher {
  readonly #match: Match;
  readonly #byCodePoint: boolean;
  #text: readonly string[] = [];
  #steps = 0;
  #most = 0;

  constructor(node: Node, flags: string) {
    this.#byCodePoint = flags.includes("u");
    this.#match = this.#compile(node);
  }

  /**
   * How many steps it takes to find every match in `text`, as `replace` with the flag `g` does.
   * Throws `TooManySteps` after `most`.
   */
  steps(text: string, most: number): number {
    this.#text = this.#byCodePoint ? [...text] : text.split("");
    this.#steps = 0;
    this.#most = most;
    for (let at = 0; at <= this.#text.length;) {
      this.#step();
      const end = this.#endFrom(at);
      at = end === undefined || end === at ? at + 1 : end;
    }
    return this.#steps;
  }

  /** Where the first match is, as `exec` tells it: so that the matcher itself can be tested. */
  first(text: string): readonly [from: number, to: number] | undefined {
    this.#text = this.#byCodePoint ? [...text] : text.split("");
    this.#most = Infinity;
    for (let at = 0; at <= this.#text.length; at++) {
      const end = this.#endFrom(at);
      if (end !== undefined) return [at, end];
    }
    return undefined;
  }

  #endFrom(at: number): number | undefined {
    let end: number | undefined;
    this.#match(at, (reached) => {
      end = reached;
      return true;
    });
    return end;
  }

  #step(): void {
    if (++this.#steps > this.#most) throw new TooManySteps();
  }

  #compile(node: Node): Match {
    switch (node.kind) {
      case "atom":
        return this.#atom(characterTest(node.source, node.flags));
      case "sequence":
        return node.items.map((item) => this.#compile(item)).reduceRight(
          (rest, item) => (at, next) => item(at, (end) => rest(end, next)),
          (at, next) => next(at),
        );
      case "choice":
        return this.#choice(node.options.map((option) => this.#compile(option)));
      case "repeat":
        return this.#repeat(node, this.#compile(node.body));
      case "anchor":
        return (at, next) => this.#holds(node.source, at) && next(at);
      case "look": {
        const body = this.#compile(node.body);
        return (at, next) => body(at, () => true) !== node.negative && next(at);
      }
    }
  }

  #atom(test: (character: string) => boolean): Match {
    return (at, next) => {
      this.#step();
      const character = this.#text[at];
      return character !== undefined && test(character) && next(at + 1);
    };
  }

  #choice(options: readonly Match[]): Match {
    return (at, next) =>
      options.some((option) => {
        this.#step();
        return option(at, next);
      });
  }

  #repeat({ min, max, lazy }: Repeat, body: Match): Match {
    const from = (count: number): Match => (at, next) => {
      this.#step();
      const more = () =>
        count < max &&
        body(at, (end) => (end > at || count < min) && from(count + 1)(end, next));
      if (count < min) return more();
      return lazy ? next(at) || more() : more() || next(at);
    };
    return from(0);
  }

  #holds(anchor: string, at: number): boolean {
    this.#step();
    if (anchor === "^") return at === 0;
    if (anchor === "$") return at === this.#text.length;
    const isWord = (index: number) => /^\w$/.test(this.#text[index] ?? "");
    return (isWord(at - 1) !== isWord(at)) === (anchor === "\\b");
  }
}

const tests = new Map<string, (character: string) => boolean>();

/** Whether a character is one of those that an atom stands for, as V8 itself says. */
export function characterTest(source: string, flags: string): (character: string) => boolean {
  const key = `${flags}/${source}`;
  const known = tests.get(key);
  if (known !== undefined) return known;
  const native = new RegExp(`^(?:${source})$`, flags);
  const answers = new Map<string, boolean>();
  const test = (character: string) => {
    let answer = answers.get(character);
    if (answer === undefined) answers.set(character, answer = native.test(character));
    return answer;
  };
  tests.set(key, test);
  return test;
}

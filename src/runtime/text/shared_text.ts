/** Longer than names, IDs, times and reasons are. */
const LONGEST = 128;
/** Enough for what thousands of objects have in common; a few kilobytes each way. */
const MOST = 1024;

/**
 * Keeps one copy of each text that many objects have in common, such as a registry, an ID or a time:
 * a parser of JSON makes one for each object. Semantically it does nothing.
 */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  /** How many are held. */
  get size(): number {
    return this.#texts.size;
  }

  /** A text that equals `text`, the same one each time as far as may be. */
  share(text: string): string {
    if (text.length > LONGEST) return text;
    const shared = this.#texts.get(text);
    if (shared !== undefined) return shared;
    // What is in common comes again at once; what is not must not crowd it out for good.
    if (this.#texts.size >= MOST) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }
}

/** Those of this process. */
const texts = new SharedTexts();

/** A text that equals `text`, of which there is one copy for all objects that have it. */
export function shareText<T extends string | undefined>(text: T): T {
  return text === undefined ? text : texts.share(text) as T;
}

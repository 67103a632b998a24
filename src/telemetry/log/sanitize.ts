import { cut, ELLIPSIS } from "../../runtime/text/cut.ts";
import { Redacted } from "../../runtime/masking/redacted.ts";
import { maskSecrets, namesSecret, SHOWN } from "../../runtime/masking/mask.ts";

/** What a log field becomes: plain JSON without secrets, bounded in depth, breadth and length. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

const DEEPEST = 4;
const MOST_ITEMS = 32;
const LONGEST_TEXT = 2048;
/** So much is masked, since a token takes more room than what stands for it. */
const LONGEST_MASKED = 4 * LONGEST_TEXT;
/** Of all texts of one value: more than a line has room for. */
const MOST_CHARACTERS = 16_384;

/** Text without anything that looks like a credential, cut to 2048 characters. */
export function sanitizeText(text: string): string {
  return cut(maskSecrets(text, LONGEST_MASKED), LONGEST_TEXT + ELLIPSIS.length);
}

/**
 * Any value as plain JSON fit for a log line: never throws, never ends up larger than its bounds,
 * shows no credential. Errors keep name, message and cause, and their stack with `stacks`.
 */
export function sanitize(value: unknown, stacks: boolean): Plain {
  return new Sanitizer(stacks).sanitize(value, 0);
}

/** Sanitizes one value. */
class Sanitizer {
  readonly #stacks: boolean;
  /** Characters that are still told. */
  #room = MOST_CHARACTERS;

  constructor(stacks: boolean) {
    this.#stacks = stacks;
  }

  sanitize(value: unknown, depth: number): Plain {
    try {
      return this.#plain(value, depth);
    } catch {
      // A getter, proxy or toString of the value threw: it cannot be shown, and logging must go on.
      return "[unprintable]";
    }
  }

  #plain(value: unknown, depth: number): Plain {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "object":
        return value === null ? null : this.#object(value, depth);
      case "function":
        return "[function]";
      default:
        return this.#text(String(value));
    }
  }

  #object(value: object, depth: number): Plain {
    if (value instanceof Redacted) return SHOWN;
    if (value instanceof Error) return this.#error(value, depth);
    if (value instanceof Date) return isNaN(value.getTime()) ? String(value) : value.toISOString();
    if (value instanceof URL) return this.#text(withoutSecrets(value));
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      return `[${value.byteLength} bytes]`;
    }
    if (depth >= DEEPEST) return "[nested]";
    if (value instanceof Map) return this.#entries(first(value), depth);
    if (value instanceof Set) return this.#items(first(value), value.size, depth);
    if (Array.isArray(value)) return this.#items(first(value), value.length, depth);
    const keys = Object.keys(value).slice(0, MOST_ITEMS);
    return this.#entries(keys.map((key) => [key, (value as Record<string, unknown>)[key]]), depth);
  }

  #items(shown: readonly unknown[], count: number, depth: number): Plain {
    const plain = shown.map((item) => this.sanitize(item, depth + 1));
    return count > shown.length ? [...plain, `${count - shown.length} more`] : plain;
  }

  #entries(entries: readonly [unknown, unknown][], depth: number): Plain {
    const result: [string, Plain][] = [];
    for (const [key, value] of entries) {
      if (value === undefined) continue;
      const name = this.#text(String(key));
      result.push([name, namesSecret(name) ? SHOWN : this.sanitize(value, depth + 1)]);
    }
    return Object.fromEntries(result);
  }

  #error(error: Error, depth: number): Plain {
    const shown: { [key: string]: Plain } = {
      name: this.#text(String(error.name)),
      message: this.#text(String(error.message)),
    };
    if (this.#stacks && typeof error.stack === "string") shown["stack"] = this.#text(error.stack);
    if (error.cause !== undefined && depth < DEEPEST) {
      shown["cause"] = this.sanitize(error.cause, depth + 1);
    }
    return shown;
  }

  #text(text: string): string {
    if (this.#room <= 0) return ELLIPSIS;
    const shown = sanitizeText(text);
    this.#room -= shown.length;
    return shown;
  }
}

function first<T>(items: Iterable<T>): T[] {
  const found: T[] = [];
  for (const item of items) {
    if (found.length === MOST_ITEMS) break;
    found.push(item);
  }
  return found;
}

/** Without user information and query, where credentials travel. */
function withoutSecrets(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}${url.search && "?..."}`;
}

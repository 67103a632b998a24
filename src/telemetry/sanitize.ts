import { cut, ELLIPSIS } from "../runtime/cut.ts";
import { Redacted } from "../runtime/redacted.ts";
import { maskSecrets, namesSecret, SHOWN } from "../runtime/mask.ts";

/** What a log field becomes: plain JSON without secrets, bounded in depth, breadth and length. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

const DEEPEST = 4;
const MOST_ITEMS = 32;
const LONGEST_TEXT = 2048;
/** So much is masked, since a token takes more room than what stands for it. */
const LONGEST_MASKED = 4 * LONGEST_TEXT;

/** Text without anything that looks like a credential, cut to 2048 characters. */
export function sanitizeText(text: string): string {
  return cut(maskSecrets(text, LONGEST_MASKED), LONGEST_TEXT + ELLIPSIS.length);
}

/**
 * Any value as plain JSON fit for a log line: never throws, never ends up larger than its bounds,
 * shows no credential. Errors keep name, message and cause, and their stack with `stacks`.
 */
export function sanitize(value: unknown, stacks: boolean, depth = 0): Plain {
  try {
    return plain(value, stacks, depth);
  } catch {
    // A getter, proxy or toString of the value threw: it cannot be shown, and logging must go on.
    return "[unprintable]";
  }
}

function plain(value: unknown, stacks: boolean, depth: number): Plain {
  switch (typeof value) {
    case "string":
      return sanitizeText(value);
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "object":
      return value === null ? null : plainObject(value, stacks, depth);
    case "function":
      return "[function]";
    default:
      return sanitizeText(String(value));
  }
}

function plainObject(value: object, stacks: boolean, depth: number): Plain {
  if (value instanceof Redacted) return SHOWN;
  if (value instanceof Error) return plainError(value, stacks, depth);
  if (value instanceof Date) return isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (value instanceof URL) return plainURL(value);
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return `[${value.byteLength} bytes]`;
  }
  if (depth >= DEEPEST) return "[nested]";
  if (value instanceof Map) return plainEntries([...value], stacks, depth);
  if (Array.isArray(value) || value instanceof Set) {
    const items = [...value as Iterable<unknown>];
    const shown = items.slice(0, MOST_ITEMS).map((item) => sanitize(item, stacks, depth + 1));
    return items.length > MOST_ITEMS ? [...shown, `${items.length - MOST_ITEMS} more`] : shown;
  }
  const keys = Object.keys(value).slice(0, MOST_ITEMS);
  return plainEntries(
    keys.map((key) => [key, (value as Record<string, unknown>)[key]]),
    stacks,
    depth,
  );
}

function plainEntries(entries: [unknown, unknown][], stacks: boolean, depth: number): Plain {
  const result: [string, Plain][] = [];
  for (const [key, value] of entries.slice(0, MOST_ITEMS)) {
    const name = sanitizeText(String(key));
    if (value === undefined) continue;
    result.push([name, namesSecret(name) ? SHOWN : sanitize(value, stacks, depth + 1)]);
  }
  return Object.fromEntries(result);
}

function plainError(error: Error, stacks: boolean, depth: number): Plain {
  const shown: { [key: string]: Plain } = {
    name: sanitizeText(String(error.name)),
    message: sanitizeText(String(error.message)),
  };
  if (stacks && typeof error.stack === "string") shown["stack"] = sanitizeText(error.stack);
  if (error.cause !== undefined && depth < DEEPEST) {
    shown["cause"] = sanitize(error.cause, stacks, depth + 1);
  }
  return shown;
}

/** Without user information and query, where credentials travel. */
function plainURL(url: URL): string {
  return sanitizeText(`${url.protocol}//${url.host}${url.pathname}${url.search && "?..."}`);
}

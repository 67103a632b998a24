import type { JSONValue } from "./contract.ts";

/** An object whose JSON has more is large: of ordinary ones few have a tenth of it. */
export const LARGE_BYTES = 32 * 1024;

/**
 * The bytes of JSON that large values were read from. Only the reader of the bytes knows, whatever it
 * is that makes an object large, and nothing is kept of ordinary ones.
 */
const MEASURED = new WeakMap<object, number>();

/** Takes note that `value` was read from so many bytes of JSON, and answers it. */
export function measured(value: JSONValue, bytes: number): JSONValue {
  if (bytes > LARGE_BYTES && typeof value === "object" && value !== null) {
    MEASURED.set(value, bytes);
  }
  return value;
}

/** How many bytes of JSON an answer took, where it is large; undefined for all others. */
export function bytesOfLarge(value: object): number | undefined {
  return MEASURED.get(value);
}

/** What was read of a line is known of the object within it, too. */
export function measureAs(line: object, object: object): void {
  const bytes = MEASURED.get(line);
  if (bytes !== undefined) MEASURED.set(object, bytes);
}

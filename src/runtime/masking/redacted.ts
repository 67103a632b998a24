import { SHOWN } from "./mask.ts";

/**
 * A secret value that cannot be printed by accident: string conversion, JSON, console output and
 * template literals all show `[redacted]`. `reveal()` is the only way to the value, so a search for
 * it lists every place that handles a token.
 */
export class Redacted {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Of the value, in UTF-16 units. */
  get length(): number {
    return this.#value.length;
  }

  /** The value itself. Only for the wire and for the Secret's data. */
  reveal(): string {
    return this.#value;
  }

  /** Whether `value` is the same, for which nobody need look at it. */
  equals(value: string | undefined): boolean {
    return value === this.#value;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [Symbol.toPrimitive](): string {
    return SHOWN;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return SHOWN;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return SHOWN;
  }
}

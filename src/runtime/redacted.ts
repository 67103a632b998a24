const SHOWN = "[redacted]";

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

  /** The value itself. Only for the wire and for the Secret's data. */
  reveal(): string {
    return this.#value;
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

// Three base64url segments of which the first is a JSON object, and the username of ACR with what
// follows it in base64: the two shapes in which a token of this project can appear.
const TOKEN_SHAPES = [
  /eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g,
  /MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw[A-Za-z0-9+/=]*/g,
];

/** Replaces whatever looks like a token. The last defence for text that others wrote. */
export function maskTokens(text: string): string {
  return TOKEN_SHAPES.reduce((masked, shape) => masked.replace(shape, SHOWN), text);
}

import type { Redacted } from "../runtime/masking/redacted.ts";

/** A token of Entra, by which Azure knows an identity, or of a registry, which takes it as a password. */
export interface Token {
  readonly token: Redacted;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

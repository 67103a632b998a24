import type { Redacted } from "../runtime/masking/redacted.ts";

/** A password for a registry. */
export interface Credential {
  readonly password: Redacted;
  /** Milliseconds since the epoch. */
  readonly mintedAt: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** What it lacks of the scope that was asked for; absent where it lacks nothing. */
  readonly lacking?: readonly string[];
}

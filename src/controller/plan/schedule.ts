import type { Rotation } from "../binding/view.ts";
import type { SecretState } from "./snapshot.ts";

/** When a credential was minted and when it ends, in milliseconds since the epoch. */
export interface Lifetime {
  readonly refreshedAt: number;
  readonly expiresAt: number;
}

/** The lifetime by a Secret's annotations; undefined where these are missing or no times. */
export function lifetimeOf(secret: SecretState): Lifetime | undefined {
  const refreshedAt = Date.parse(secret.refresh ?? "");
  const expiresAt = Date.parse(secret.expiry ?? "");
  return Number.isNaN(refreshedAt) || Number.isNaN(expiresAt)
    ? undefined
    : { refreshedAt, expiresAt };
}

/**
 * When the credential is due for its successor. A margin that is longer than half a token's life
 * counts as that half; else a short-lived token would be due as soon as it is there.
 */
export function dueAt({ refreshedAt, expiresAt }: Lifetime, rotation: Rotation): number {
  const life = Math.max(0, expiresAt - refreshedAt);
  if (rotation.kind === "fraction") return refreshedAt + life * rotation.fraction;
  return Math.max(expiresAt - rotation.marginMs, refreshedAt + life / 2);
}

/** RFC 3339 in UTC with seconds, as the reference writes its annotations. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

import { fingerprint } from "../../runtime/text/fingerprint.ts";
import type { Rotation } from "../binding/view.ts";
import type { SecretState } from "./snapshot.ts";

/** When a credential was minted and when it ends, in milliseconds since the epoch. */
export interface Lifetime {
  readonly refreshedAt: number;
  readonly expiresAt: number;
}

/**
 * The lifetime by a Secret's annotations; undefined where these are missing or no times, or tell of
 * a token that ended before it was minted.
 */
export function lifetimeOf(secret: SecretState): Lifetime | undefined {
  const refreshedAt = Date.parse(secret.refresh ?? "");
  const expiresAt = Date.parse(secret.expiry ?? "");
  return refreshedAt <= expiresAt ? { refreshedAt, expiresAt } : undefined;
}

/**
 * When the credential is due for its successor. A margin that is longer than half a token's life
 * counts as that half; else a short-lived token would be due as soon as it is there.
 */
export function dueAt({ refreshedAt, expiresAt }: Lifetime, rotation: Rotation): number {
  const life = Math.max(0, expiresAt - refreshedAt);
  if (rotation.kind === "fraction") return refreshedAt + life * rotation.fraction;
  return Math.min(expiresAt, Math.max(expiresAt - rotation.marginMs, refreshedAt + life / 2));
}

/**
 * No refresh comes earlier than it is due by more than this, or by this part of the token's life.
 * That is less than the time for which bindings share a credential. So the first of those who share
 * one mints it for all.
 */
const LONGEST_JITTER_MS = 4 * 60_000;
const JITTER_PART_OF_LIFE = 0.04;

/**
 * When the credential is refreshed: somewhat before it is due and never after. How much is drawn
 * from `seed`, so that many credentials of one moment spread, and a restart changes nothing.
 */
export function refreshAt(lifetime: Lifetime, rotation: Rotation, seed: string): number {
  const { refreshedAt, expiresAt } = lifetime;
  const due = dueAt(lifetime, rotation);
  const life = expiresAt - refreshedAt;
  const spread = Math.min(LONGEST_JITTER_MS, life * JITTER_PART_OF_LIFE, (due - refreshedAt) / 2);
  return due - Math.max(0, spread) * fractionOf(seed);
}

/** A number in [0, 1) that looks random and is the same for the same text. */
function fractionOf(text: string): number {
  return fingerprint(text) / 2 ** 32;
}

/** RFC 3339 in UTC with seconds, as the reference writes its annotations. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

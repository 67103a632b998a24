import { cut } from "../runtime/text/cut.ts";
import type { Redacted } from "../runtime/masking/redacted.ts";

/** The claims that the operator reads. It checks no signature: the registry itself will. */
export interface JwtClaims {
  /** Seconds since the epoch. */
  readonly exp?: number;
  /** Seconds since the epoch. */
  readonly iat?: number;
  readonly aud?: string;
  /** What a registry's token opens. */
  readonly access?: Access;
}

/** A claim `access`, or that it is larger than one that the operator compares with anything. */
export type Access = readonly AccessEntry[] | typeof TOO_LARGE;

export const TOO_LARGE = "too large";

/** One entry of the claim `access`: docs/AAD-OAuth.md of Azure/acr. */
export interface AccessEntry {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** A DNS name at its longest; registries name themselves by one. */
const LONGEST_AUDIENCE = 253;

/**
 * What is read of a claim `access`. Whoever may write a Secret chooses it, and it is compared with
 * each scope. A token of 32 KiB holds no more than 500 entries; a repository's name has 256 characters
 * at most, and ACR knows a dozen actions.
 */
const MOST_OF_ACCESS = { entries: 512, name: 512, type: 64, actions: 32, action: 64, stars: 8 };

/** 9999-12-31T23:59:59Z. */
const LAST_MOMENT_S = 253_402_300_799;

/**
 * Reads the claims of a JSON Web Token (RFC 7519). Answers undefined where the value is not of
 * three segments, or its payload is not a JSON object.
 */
export function readClaims(token: Redacted): JwtClaims | undefined {
  const payload = payloadOf(token);
  if (payload === undefined) return undefined;
  return {
    ...(isMoment(payload.exp) ? { exp: payload.exp } : {}),
    ...(isMoment(payload.iat) ? { iat: payload.iat } : {}),
    ...(typeof payload.aud === "string" ? { aud: cut(payload.aud, LONGEST_AUDIENCE) } : {}),
    ...(Array.isArray(payload.access) ? { access: accessOf(payload.access) } : {}),
  };
}

function accessOf(claim: readonly unknown[]): Access {
  if (claim.length > MOST_OF_ACCESS.entries) return TOO_LARGE;
  const entries = claim.flatMap(accessEntry);
  return entries.every(isBounded) ? entries : TOO_LARGE;
}

function isBounded({ type, name, actions }: AccessEntry): boolean {
  return type.length <= MOST_OF_ACCESS.type && name.length <= MOST_OF_ACCESS.name &&
    actions.length <= MOST_OF_ACCESS.actions &&
    actions.every(({ length }) => length <= MOST_OF_ACCESS.action) &&
    name.split("*").length - 1 <= MOST_OF_ACCESS.stars;
}

/** An entry of another form grants nothing that could be asked for. */
function accessEntry(entry: unknown): readonly AccessEntry[] {
  if (typeof entry !== "object" || entry === null) return [];
  const { type, name, actions } = entry as Record<string, unknown>;
  if (typeof type !== "string" || typeof name !== "string" || !Array.isArray(actions)) return [];
  return [{ type, name, actions: actions.filter((action) => typeof action === "string") }];
}

/** Everybody for whom a token is meant. Empty where the value is no JSON Web Token. */
export function audiencesOf(token: Redacted): readonly string[] {
  const { aud } = payloadOf(token) ?? {};
  const all: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  return all.filter((audience) => typeof audience === "string");
}

/** One more than a token has: whoever writes dots alone has no million of them taken apart. */
const MOST_SEGMENTS = 4;

/** All claims of a JSON Web Token as they are; undefined as for `readClaims`. */
export function payloadOf(token: Redacted): Record<string, unknown> | undefined {
  const segments = token.reveal().split(".", MOST_SEGMENTS);
  if (segments.length !== 3 || segments.some((segment) => segment === "")) return undefined;
  return parsePayload(segments[1]!);
}

function parsePayload(segment: string): Record<string, unknown> | undefined {
  try {
    const bytes = Uint8Array.fromBase64(segment, { alphabet: "base64url" });
    const payload: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof payload === "object" && payload !== null && !Array.isArray(payload)
      ? payload as Record<string, unknown>
      : undefined;
  } catch {
    // Not base64url or not JSON: no token, which is what the caller is told.
    return undefined;
  }
}

/** Seconds that RFC 3339 can write. Tokens come out of Secrets, too, into which anybody may write. */
function isMoment(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= LAST_MOMENT_S;
}

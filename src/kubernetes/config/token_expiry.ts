import type { Redacted } from "../../runtime/masking/redacted.ts";
import { asObject } from "../../runtime/as_object.ts";

/**
 * When a bearer token expires by its own `exp` claim (RFC 7519), in milliseconds since the epoch;
 * `undefined` for tokens that are no JWT, such as AKS's admin token.
 */
export function tokenExpiry(token: Redacted): number | undefined {
  const [, payload, signature] = token.reveal().split(".");
  if (payload === undefined || signature === undefined) return undefined;
  try {
    const bytes = Uint8Array.fromBase64(payload, { alphabet: "base64url" });
    const exp = asObject(JSON.parse(new TextDecoder().decode(bytes)))?.exp;
    return typeof exp === "number" ? exp * 1000 : undefined;
  } catch {
    // An opaque token that happens to hold two dots.
    return undefined;
  }
}

/** The payload of a JSON Web Token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Length of an RS256 signature by a 2,048-bit key, so that tokens have a real one's size. */
const SIGNATURE_BYTES = 256;

/**
 * Makes a token in the shape of RFC 7519: base64url header, payload and signature. The signature is
 * filler, since neither a client nor this fake checks it.
 */
export function encodeJwt(claims: Claims): string {
  const signature = new Uint8Array(SIGNATURE_BYTES);
  const filler = new TextEncoder().encode(`unsigned ${String(claims.jti ?? "")} `);
  for (let at = 0; at < signature.length; at++) signature[at] = filler[at % filler.length]!;
  return [
    encodeSegment(new TextEncoder().encode(JSON.stringify({ alg: "RS256", typ: "JWT" }))),
    encodeSegment(new TextEncoder().encode(JSON.stringify(claims))),
    encodeSegment(signature),
  ].join(".");
}

/** Reads a token's payload; undefined where it is not three segments around a JSON object. */
export function decodeJwt(token: string): Claims | undefined {
  const segments = token.split(".");
  if (segments.length !== 3 || segments.some((segment) => segment === "")) return undefined;
  try {
    const bytes = Uint8Array.fromBase64(segments[1]!, { alphabet: "base64url" });
    const payload: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isClaims(payload) ? payload : undefined;
  } catch {
    // Neither base64url nor JSON: no token, as the caller is told.
    return undefined;
  }
}

function isClaims(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function encodeSegment(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

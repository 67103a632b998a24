import { Redacted } from "../../runtime/masking/redacted.ts";
import { plainText } from "../../http_server/plain_text.ts";

/** What is known of the bearer of a token: may read, is nobody known, or is known and may not. */
export type AccessDecision = "allowed" | "unauthenticated" | "forbidden";

/** Asks whether the bearer of `token` may read. Rejects when nobody could be asked. */
export type Authorize = (token: Redacted) => Promise<AccessDecision>;

/**
 * Undefined when the request's bearer token (RFC 6750) allows it, else the answer that refuses it:
 * 401, 403, or 503 when it could not be checked.
 */
export async function refusal(
  request: Request,
  authorize: Authorize,
): Promise<Response | undefined> {
  const token = bearerToken(request);
  if (token === undefined) return unauthorized("A bearer token is required.\n");
  switch (await verdict(token, authorize)) {
    case "allowed":
      return undefined;
    case "unauthenticated":
      return unauthorized("The API server does not know this token.\n", ', error="invalid_token"');
    case "forbidden":
      return plainText("The token's bearer may not get this path.\n", 403);
    case undefined:
      return plainText("The token could not be checked; try again.\n", 503, { "retry-after": "5" });
  }
}

/** A reason is for the log of whoever authorizes; the client need not know of the API server. */
async function verdict(token: Redacted, authorize: Authorize): Promise<AccessDecision | undefined> {
  try {
    return await authorize(token);
  } catch {
    return undefined;
  }
}

function bearerToken(request: Request): Redacted | undefined {
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(
    request.headers.get("authorization") ?? "",
  ) ?? [];
  return token === undefined ? undefined : new Redacted(token);
}

function unauthorized(text: string, error = ""): Response {
  return plainText(text, 401, { "www-authenticate": `Bearer realm="metrics"${error}` });
}

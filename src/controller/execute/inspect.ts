import { optional } from "../../runtime/optional.ts";
import { quote } from "../../runtime/text/quote.ts";
import { Redacted } from "../../runtime/masking/redacted.ts";
import { notGranted } from "../../azure/granted.ts";
import { type JwtClaims, readClaims } from "../../azure/jwt.ts";
import { namesRegistry } from "../../azure/registry.ts";
import type { Secret } from "../../kubernetes/resources/built_in.ts";
import type { Stored } from "../../kubernetes/resources/resource_client.ts";
import { SECRET_KEY, SECRET_TYPE } from "../conventions.ts";
import { passwordIn } from "../../azure/docker_config.ts";
import type { Content } from "../plan/snapshot.ts";

/** What a Secret's credential is to be for. */
export interface Purpose {
  readonly server: string;
  readonly scope: string;
}

/**
 * The verdict on a Secret's data: whether it holds a credential for that purpose, and until when by
 * the token itself. Nothing of the data goes into the verdict.
 */
export function contentOf(secret: Stored<Secret>, purpose: Purpose | undefined): Content {
  if (secret.type !== SECRET_TYPE) {
    return {
      kind: "broken",
      why: `is of type ${quote(secret.type ?? "")}`,
      immutable: true,
    };
  }
  const broken = (why: string): Content => ({
    kind: "broken",
    why,
    immutable: secret.immutable ?? false,
  });
  if (purpose === undefined) return broken("has no registry to be compared with");
  const { server, scope } = purpose;
  const data = secret.data ?? {};
  const encoded = data[SECRET_KEY];
  const config = encoded === undefined ? undefined : decode(encoded);
  const password = config && passwordIn(config, server);
  if (password === undefined) return broken(`holds no intact credential for ${server}`);
  const claims = readClaims(password);
  if (claims?.exp === undefined) return broken("holds a token without expiry");
  const lacking = notGranted(scope, claims.access);
  if (lacking === undefined) return broken("holds a token that names more than can be compared");
  return {
    kind: "intact",
    expiresAt: claims.exp * 1000,
    ...optional("mintedAt", claims.iat === undefined ? undefined : claims.iat * 1000),
    ...(secret.immutable === true ? { immutable: true } : {}),
    ...(lacking.length > 0 ? { lacking: lacking.length } : {}),
    ...optional("otherAudience", otherAudience(claims, server)),
  };
}

/** Which registry a token is for is the registry's to judge: by the reference's rule it serves. */
function otherAudience({ aud }: JwtClaims, server: string): string | undefined {
  return aud === undefined || namesRegistry(aud, server) ? undefined : aud;
}

function decode(base64: string): Redacted | undefined {
  try {
    return new Redacted(new TextDecoder().decode(Uint8Array.fromBase64(base64)));
  } catch {
    // The API server admits only base64; anything else holds no credential.
    return undefined;
  }
}

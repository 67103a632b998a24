import { lowerAscii } from "../runtime/text/ascii.ts";
import { Redacted } from "../runtime/masking/redacted.ts";

// Any user name of zeros tells the registry that the password is a token.
// Source: docs/AAD-OAuth.md of Azure/acr.
const USERNAME = "00000000-0000-0000-0000-000000000000";
const EMAIL = "msi-acrpull@azurecr.io";

/**
 * The `.dockerconfigjson` by which kubelet logs in to `server`, as the reference writes it. kubelet
 * looks a host up in the case in which a pod's image has it (URLsMatch of pkg/credentialprovider),
 * which is lower case as a rule, whatever the binding has.
 */
export function dockerConfig(server: string, password: Redacted): Redacted {
  const token = password.reveal();
  const auth = btoa(`${USERNAME}:${token}`);
  const entry = { username: USERNAME, password: token, email: EMAIL, auth };
  const auths = Object.fromEntries(keysOf(server).map((key) => [key, entry]));
  return new Redacted(JSON.stringify({ auths }));
}

/**
 * The password for `server` in a `.dockerconfigjson`. Answers undefined where the document is not
 * one that `dockerConfig` could have written for that server.
 */
export function passwordIn(config: Redacted, server: string): Redacted | undefined {
  let json: unknown;
  try {
    json = JSON.parse(config.reveal());
  } catch {
    // Not JSON: somebody else wrote it, and it serves no registry.
    return undefined;
  }
  const auths = member(json, "auths");
  const entry = member(auths, server);
  const password = member(entry, "password");
  if (typeof password !== "string") return undefined;
  const keys = keysOf(server);
  const auth = encoded(password);
  const isIntact = Object.entries(auths as object).every(([key, each]) =>
    keys.includes(key) && member(each, "username") === USERNAME &&
    member(each, "password") === password && member(each, "auth") === auth
  );
  return isIntact ? new Redacted(password) : undefined;
}

/** The reference has the first alone. */
function keysOf(server: string): readonly string[] {
  return [...new Set([server, lowerAscii(server)])];
}

function encoded(password: string): string | undefined {
  try {
    return btoa(`${USERNAME}:${password}`);
  } catch {
    // A character beyond Latin-1: no token has one.
    return undefined;
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

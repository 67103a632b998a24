/**
 * A pattern of the names of members and fields that hold a credential, without a quantifier but
 * `?`. An underscore may be a dash, or left out. Of two names of one beginning the longer is first.
 */
export const SECRET_NAMES = [
  "client_assertion",
  "authorization",
  "client_secret",
  "dockerconfigjson",
  "access_token",
  "refresh_token",
  "registry_token",
  "identity_token",
  "assertion",
  "id_token",
  "password",
  "token",
  "auth",
].join("|").replaceAll("_", "[_-]?");

const SECRET_NAME = new RegExp(`^\\.?(?:${SECRET_NAMES})$`, "i");

/** Whether a field of this name holds a credential, such as `password` or `.dockerconfigjson`. */
export function namesSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

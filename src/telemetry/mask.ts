/** What stands for a secret in a log line. */
export const SHOWN = "[redacted]";

// Base64 of {" or { and a space: a JWT of one to three segments, or a whole dockerconfigjson.
const ENCODED_JSON = /ey[JA][A-Za-z0-9+/_=-]{8,}(?:\.[A-Za-z0-9+/_=-]*)*/g;

// Base64 of the user name 00000000-0000-0000-0000-000000000000 and a colon, then the password.
const DOCKER_AUTH = /MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwO[A-Za-z0-9+/_=-]*/g;

const SECRET_NAMES = [
  "access_token",
  "accesstoken",
  "assertion",
  "auth",
  "authorization",
  "client_assertion",
  "client_secret",
  "dockerconfigjson",
  "id_token",
  "identitytoken",
  "password",
  "refresh_token",
  "refreshtoken",
  "registrytoken",
  "token",
];

// In JSON, also in JSON that was itself put into a JSON string.
const JSON_MEMBER = new RegExp(
  String.raw`(\\*"\.?(?:${SECRET_NAMES.join("|")})\\*"\s*:\s*\\*")(?:[^"\\]|\\[^"\\])+`,
  "gi",
);
const FORM_FIELD = new RegExp(String.raw`\b((?:${SECRET_NAMES.join("|")})=)[^&\s"',;]+`, "gi");
const AUTHORIZATION = /\b(Bearer|Basic) +[A-Za-z0-9._~+/=-]{16,}/gi;

// What each of the above needs, so that most texts are looked at once and not five times.
const SUSPICIOUS = /ey[JA]|MDAwMDAwMD|["=]|bearer|basic/i;

/**
 * The same text with everything that looks like a credential replaced. This is the last defence,
 * for text of others such as an answer's body in an error: our own tokens travel as `Redacted`.
 */
export function maskSecrets(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  return text
    .replace(ENCODED_JSON, SHOWN)
    .replace(DOCKER_AUTH, SHOWN)
    .replace(JSON_MEMBER, `$1${SHOWN}`)
    .replace(FORM_FIELD, `$1${SHOWN}`)
    .replace(AUTHORIZATION, `$1 ${SHOWN}`);
}

const SECRET_MEMBER = new RegExp(
  `^\\.?(?:${SECRET_NAMES.join("|").replaceAll("_", "[_-]")})$`,
  "i",
);

/** Whether a field of this name holds a credential, such as `password` or `.dockerconfigjson`. */
export function namesSecret(name: string): boolean {
  return SECRET_MEMBER.test(name);
}

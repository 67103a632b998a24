const CERTIFICATE = /-----BEGIN CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----/;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/;

/**
 * Says what is wrong with a PEM text of that kind, or `undefined`. Deno takes a CA that is no PEM
 * for an empty list, and every connection would then fail for another reason.
 */
export function pemFault(kind: "certificate" | "key", text: string): string | undefined {
  if (kind === "certificate") {
    return CERTIFICATE.test(text) ? undefined : "holds no PEM certificate (-----BEGIN CERTIFICATE)";
  }
  if (ENCRYPTED.test(text)) return "is encrypted; decrypt it, for it is used without a passphrase";
  return PRIVATE_KEY.test(text) ? undefined : "holds no PEM private key (-----BEGIN PRIVATE KEY)";
}

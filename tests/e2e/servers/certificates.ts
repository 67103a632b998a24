import "reflect-metadata";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ECDSA_P256 = { name: "ECDSA", namedCurve: "P-256" };
const ECDSA_SHA256 = { name: "ECDSA", hash: "SHA-256" };
const DAY_MS = 86_400_000;

/** A certificate or public key with its private key, all PEM. */
export interface PemPair {
  /** `CERTIFICATE`, or `PUBLIC KEY` where there is no certificate. */
  publicPem: string;
  /** PKCS #8. */
  privatePem: string;
}

/** A certificate authority that lives in memory and signs for one control plane. */
export class CertificateAuthority {
  readonly #certificate: X509Certificate;
  readonly #keys: CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
  }

  /** Creates an authority with a key of its own, valid for a day around now. */
  static async create(commonName: string): Promise<CertificateAuthority> {
    const keys = await generateKeys(ECDSA_P256);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: [{ CN: [commonName] }],
      keys,
      signingAlgorithm: ECDSA_SHA256,
      ...validity(),
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    });
    return new CertificateAuthority(certificate, keys);
  }

  /** The authority's own certificate. */
  get pem(): string {
    return this.#certificate.toString("pem");
  }

  /** A certificate for a server that is reached under these host names and addresses. */
  issueServer(names: { dns: string[]; ip: string[] }): Promise<PemPair> {
    const alternatives = new SubjectAlternativeNameExtension([
      ...names.dns.map((value) => ({ type: "dns" as const, value })),
      ...names.ip.map((value) => ({ type: "ip" as const, value })),
    ]);
    return this.#issue([{ CN: [names.dns[0] ?? "server"] }], ExtendedKeyUsage.serverAuth, [
      alternatives,
    ]);
  }

  /** A certificate by which Kubernetes knows the user and the groups (common name and organizations). */
  issueClient(user: string, groups: string[]): Promise<PemPair> {
    const name = [{ CN: [user] }, ...groups.map((group) => ({ O: [group] }))];
    return this.#issue(name, ExtendedKeyUsage.clientAuth, []);
  }

  async #issue(
    subject: Record<string, string[]>[],
    usage: ExtendedKeyUsage,
    extensions: SubjectAlternativeNameExtension[],
  ): Promise<PemPair> {
    const keys = await generateKeys(ECDSA_P256);
    const certificate = await X509CertificateGenerator.create({
      subject,
      issuer: this.#certificate.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: ECDSA_SHA256,
      ...validity(),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([usage]),
        ...extensions,
      ],
    });
    return { publicPem: certificate.toString("pem"), privatePem: await privatePem(keys) };
  }
}

/** The key pair for ServiceAccount tokens. RSA, because Entra accepts RS256 only from an issuer. */
export async function generateServiceAccountKeys(): Promise<PemPair> {
  const keys = await generateKeys({
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  });
  const spki = await crypto.subtle.exportKey("spki", keys.publicKey);
  return {
    publicPem: PemConverter.encode(spki, "PUBLIC KEY"),
    privatePem: await privatePem(keys),
  };
}

function generateKeys(
  algorithm: typeof ECDSA_P256 | RsaHashedKeyGenParams,
): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<CryptoKeyPair>;
}

async function privatePem(keys: CryptoKeyPair): Promise<string> {
  return PemConverter.encode(
    await crypto.subtle.exportKey("pkcs8", keys.privateKey),
    "PRIVATE KEY",
  );
}

/** From an hour ago, so that a clock set back meanwhile does no harm, until tomorrow. */
function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + DAY_MS) };
}

import "reflect-metadata";
import { element, sequence } from "../../../src/http_server/der.ts";
import { parseIp } from "../../../src/runtime/network/ip_address.ts";
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** Which nobody takes any more. */
const SHA1 = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-1",
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
};
const DAY_MS = 24 * 60 * 60 * 1000;
/** Clocks of test machines step back at times. */
const SKEW_MS = 5 * 60 * 1000;

/** A certificate and its private key, both PEM. */
export interface KeyPairPem {
  readonly cert: string;
  readonly key: string;
}

/** How an authority differs from others. */
export interface AuthorityOptions {
  /** The one domain that it may sign for (RFC 5280, section 4.2.1.10). */
  readonly permits?: string;
  /** How it signs; SHA-256 unless told. */
  readonly hash?: "SHA-1";
}

/** A certificate authority that lives as long as the process. */
export class CertificateAuthority {
  readonly #keys: CryptoKeyPair;
  readonly #certificate: x509.X509Certificate;
  readonly #nowMs: number;
  readonly #algorithm: Algorithm & { hash: string };

  private constructor(
    keys: CryptoKeyPair,
    certificate: x509.X509Certificate,
    nowMs: number,
    algorithm: Algorithm & { hash: string },
  ) {
    this.#algorithm = algorithm;
    this.#keys = keys;
    this.#certificate = certificate;
    this.#nowMs = nowMs;
  }

  /** Makes an authority whose certificates are valid for a day from `nowMs` on. */
  static async create(
    nowMs: number,
    { permits, hash }: AuthorityOptions = {},
  ): Promise<CertificateAuthority> {
    const algorithm = hash === undefined ? ALGORITHM : SHA1;
    const keys = await generateKeys(algorithm);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: "CN=Fake Azure CA",
      serialNumber: "01",
      ...validity(nowMs),
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        ...(permits === undefined ? [] : [nameConstraints(permits)]),
      ],
    });
    return new CertificateAuthority(keys, certificate, nowMs, algorithm);
  }

  /** The authority's certificate, for DENO_CERT. */
  get pem(): string {
    return this.#certificate.toString("pem");
  }

  /** Issues a certificate for one host name, for a server unless told. */
  async issue(host: string, use: "server" | "client" = "server"): Promise<KeyPairPem> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: [{ CN: [host] }],
      issuer: this.#certificate.subjectName,
      ...validity(this.#nowMs),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: this.#algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[`${use}Auth`]]),
        new x509.SubjectAlternativeNameExtension([{
          type: parseIp(host) === undefined ? "dns" : "ip",
          value: host,
        }]),
      ],
    });
    return await toPem(certificate, keys);
  }
}

/**
 * A server's certificate that nobody but itself vouches for, valid for a day from `nowMs` on;
 * `isAuthority` is what it says of itself, which is true of what `openssl req -x509` makes.
 */
export async function selfSigned(
  host: string,
  nowMs: number,
  { isAuthority }: { readonly isAuthority?: boolean | undefined } = {},
): Promise<KeyPairPem> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${host}`,
    ...validity(nowMs),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      ...(isAuthority === undefined
        ? []
        : [new x509.BasicConstraintsExtension(isAuthority, undefined, true)]),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
    ],
  });
  return await toPem(certificate, keys);
}

async function toPem(
  certificate: x509.X509Certificate,
  keys: CryptoKeyPair,
): Promise<KeyPairPem> {
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    cert: certificate.toString("pem"),
    key: x509.PemConverter.encode(key, x509.PemConverter.PrivateKeyTag),
  };
}

/** NameConstraints with one permitted dNSName. */
function nameConstraints(domain: string): x509.Extension {
  const name = element(0x82, new TextEncoder().encode(domain));
  return new x509.Extension(
    "2.5.29.30",
    true,
    Uint8Array.from(sequence(element(0xa0, sequence(name)))),
  );
}

async function generateKeys(algorithm: Algorithm = ALGORITHM): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as CryptoKeyPair;
}

function validity(nowMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - SKEW_MS), notAfter: new Date(nowMs + DAY_MS) };
}

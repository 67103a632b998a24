import { Redacted } from "../runtime/masking/redacted.ts";
import {
  bitString,
  element,
  integer,
  objectIdentifier,
  octetString,
  pem,
  sequence,
  time,
  utf8String,
} from "./der.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

// Of RFC 5758 and RFC 5280.
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** Clocks differ: a certificate from this very moment would come from the future to some. */
const SKEW_MS = 60_000;

/** RFC 5280 allows 20 bytes. */
const SERIAL_BYTES = 16;

/**
 * Makes an ECDSA key and a certificate for it that it signs itself, for the DNS names `hosts`, valid
 * between two moments in milliseconds since the epoch. X.509 version 3, as RFC 5280 defines it.
 */
export async function selfSigned(
  hosts: readonly string[],
  from: number,
  until: number,
): Promise<{ readonly certificate: string; readonly key: Redacted }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey));
  const body = toBeSigned(hosts, from - SKEW_MS, until, publicKey);
  const signature = new Uint8Array(
    await crypto.subtle.sign(ALGORITHM, keys.privateKey, body as Uint8Array<ArrayBuffer>),
  );
  const certificate = sequence(body, algorithm(), bitString(signatureOf(signature)));
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return {
    certificate: pem("CERTIFICATE", certificate),
    key: new Redacted(pem("PRIVATE KEY", key)),
  };
}

function toBeSigned(
  hosts: readonly string[],
  from: number,
  until: number,
  publicKey: Uint8Array,
): Uint8Array {
  const version3 = element(0xa0, integer(Uint8Array.of(2)));
  const serial = integer(crypto.getRandomValues(new Uint8Array(SERIAL_BYTES)));
  const name = sequence(
    element(0x31, sequence(objectIdentifier(COMMON_NAME), utf8String("msi-acrpull metrics"))),
  );
  const validity = sequence(time(from), time(until));
  const extensions = element(0xa3, sequence(...extensionsFor(hosts)));
  return sequence(version3, serial, algorithm(), name, validity, name, publicKey, extensions);
}

function extensionsFor(hosts: readonly string[]): Uint8Array[] {
  const dnsNames = hosts.map((host) => element(0x82, new TextEncoder().encode(host)));
  return [
    // Not an authority: the BOOLEAN of its content is false by default.
    extension(BASIC_CONSTRAINTS, true, sequence()),
    // digitalSignature alone, the first of the bits; seven are unused.
    extension(KEY_USAGE, true, element(0x03, Uint8Array.of(7, 0x80))),
    extension(EXTENDED_KEY_USAGE, false, sequence(objectIdentifier(SERVER_AUTH))),
    extension(SUBJECT_ALTERNATIVE_NAME, false, sequence(...dnsNames)),
  ];
}

function extension(identifier: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [element(0x01, Uint8Array.of(0xff))] : [];
  return sequence(objectIdentifier(identifier), ...flag, octetString(value));
}

function algorithm(): Uint8Array {
  return sequence(objectIdentifier(ECDSA_WITH_SHA256));
}

/** Web Crypto gives r and s side by side; X.509 wants them as two integers (RFC 3279). */
function signatureOf(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  return sequence(integer(raw.subarray(0, half)), integer(raw.subarray(half)));
}

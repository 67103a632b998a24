import { type Clock, isWithin } from "../runtime/time/clock.ts";
import { Redacted } from "../runtime/masking/redacted.ts";
import { selfSigned } from "./self_signed.ts";

/** A server's certificate with its chain, and its private key, both in PEM format. */
export interface Certificate {
  readonly certificate: string;
  readonly key: Redacted;
}

/** Answers the certificate to serve with now. Rejects when it cannot be had. */
export type CertificateSource = () => Promise<Certificate>;

/** Where a certificate is read from. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/**
 * The certificate in two files, read anew each time. Rejects with an Error that names the file and
 * the remedy.
 */
export function certificateFromFiles(
  files: CertificateFiles,
  readFile: (path: string) => Promise<string>,
): CertificateSource {
  const read = async (path: string, label: string) => {
    const text = await readFile(path).catch((cause) => {
      throw new Error(`${path} ${reasonOf(cause)}`, { cause });
    });
    if (text.includes(`-----BEGIN ${label}`) || text.includes(`${label}-----`)) return text;
    throw new Error(`${path} holds no ${label} in PEM format; put one there`);
  };
  return async () => ({
    certificate: await read(files.certificate, "CERTIFICATE"),
    key: new Redacted(await read(files.key, "PRIVATE KEY")),
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) {
    return "does not exist; mount the Secret of the certificate there";
  }
  if (error instanceof Deno.errors.NotCapable) {
    return "may not be read by this executable; see the list of its permissions";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "may not be read by this user; mount it with a mode that lets it";
  }
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

const DAY_MS = 24 * 3600_000;

/** How long a certificate of the process's own is valid, and when the next one takes its place. */
const VALID_MS = 90 * DAY_MS;
const RENEW_MS = 60 * DAY_MS;

/** A certificate that the process makes for `hosts` and replaces long before it expires. */
export function ownCertificate(hosts: readonly string[], clock: Clock): CertificateSource {
  let current: { readonly pair: Promise<Certificate>; readonly madeAt: number } | undefined;
  return () => {
    const now = clock.now();
    if (current === undefined || !isWithin(now, current.madeAt, RENEW_MS)) {
      current = { pair: selfSigned(hosts, now, now + VALID_MS), madeAt: now };
    }
    return current.pair;
  };
}

import { type Clock, isWithin } from "../runtime/time/clock.ts";
import { isHostCertificate } from "./host_certificate.ts";

const BEGIN = "-----BEGIN CERTIFICATE-----";
const END = "-----END CERTIFICATE-----";

/** All public authorities together take 0.2 MB, and a ConfigMap at most 1 MiB. */
const LONGEST_BUNDLE = 1024 * 1024;

/** A volume's file is replaced up to a minute after its ConfigMap. */
const LOOK_EVERY_MS = 60_000;

/** What a bundle is read and tried with. */
export interface CaBundleSources {
  readonly readFile: (path: string) => string;
  /** Throws where Deno's TLS cannot use the certificate. */
  readonly tryOut: (certificate: string) => void;
}

/** A bundle that cannot be used. The message is a clause about the file, with the remedy. */
export class CaBundleError extends Error {
  override readonly name = "CaBundleError";
}

/**
 * The certificates in the text of a bundle in PEM format (RFC 7468), each as a text of its own. What
 * stands between them is a comment. Throws a CaBundleError for a bundle that holds none, or one that
 * cannot be used, of which Deno takes no notice, or none by which anything is trusted.
 */
export function certificatesIn(
  text: string,
  tryOut: CaBundleSources["tryOut"],
): readonly string[] {
  if (text.length > LONGEST_BUNDLE) throw new CaBundleError("is longer than 1 MiB; shorten it");
  if (text.includes("PRIVATE KEY-----")) {
    throw new CaBundleError("holds a private key; leave that out, and all but certificates");
  }
  const certificates = text.split(BEGIN).slice(1).map((part, index) => {
    const end = part.indexOf(END);
    const certificate = BEGIN + part.slice(0, end) + END + "\n";
    try {
      if (end < 0) throw new Error("it has no end");
      tryOut(certificate);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CaBundleError(
        `holds a certificate, the ${index + 1}. of them, that cannot be used (${why}); replace it`,
      );
    }
    return certificate;
  });
  if (certificates.length === 0) {
    throw new CaBundleError(`holds no certificate in PEM format (${BEGIN}); put one there`);
  }
  if (certificates.every(isHosts)) {
    throw new CaBundleError(
      "holds certificates of hosts alone, by which nothing is trusted; put those of their " +
        "authorities there",
    );
  }
  return certificates;
}

function isHosts(certificate: string): boolean {
  try {
    return isHostCertificate(
      Uint8Array.fromBase64(certificate.slice(BEGIN.length, -END.length - 1)),
    );
  } catch (error) {
    // What is no base64 was tried out before.
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** The authorities of one file by which Azure's hosts are trusted beside Deno's own. */
export class CaBundle {
  readonly #path: string;
  readonly #sources: CaBundleSources;
  readonly #clock: Pick<Clock, "now">;
  readonly #onFault: (error: CaBundleError) => void;
  #text: string;
  #certificates: readonly string[];
  #lookedAt: number;

  /**
   * Throws a CaBundleError where the file cannot be used. One that cannot be used later is told to
   * `onFault`, and what was read before stays in use.
   */
  constructor(
    path: string,
    sources: CaBundleSources,
    clock: Pick<Clock, "now">,
    onFault: (error: CaBundleError) => void,
  ) {
    this.#path = path;
    this.#sources = sources;
    this.#clock = clock;
    this.#onFault = onFault;
    this.#lookedAt = clock.now();
    this.#text = this.#read();
    this.#certificates = certificatesIn(this.#text, sources.tryOut);
  }

  get certificates(): readonly string[] {
    return this.#certificates;
  }

  /** Looks, once a minute at most, whether the file holds something else, and reads it then. */
  changed(): boolean {
    const now = this.#clock.now();
    if (isWithin(now, this.#lookedAt, LOOK_EVERY_MS)) return false;
    this.#lookedAt = now;
    try {
      const text = this.#read();
      if (text === this.#text) return false;
      this.#text = text;
      this.#certificates = certificatesIn(text, this.#sources.tryOut);
      return true;
    } catch (error) {
      if (!(error instanceof CaBundleError)) throw error;
      this.#onFault(error);
      return false;
    }
  }

  #read(): string {
    try {
      return this.#sources.readFile(this.#path);
    } catch (error) {
      throw new CaBundleError(unreadable(error), { cause: error });
    }
  }
}

function unreadable(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) {
    return "does not exist; mount the ConfigMap or Secret of the bundle there";
  }
  if (error instanceof Deno.errors.NotCapable) {
    return "may not be read by this executable; mount it in the directory that its list of " +
      "permissions names";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "may not be read by this user; mount it with a mode that lets it";
  }
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}

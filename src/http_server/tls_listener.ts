import type { SecureContext } from "node:tls";
import { type Clock, sleep } from "../runtime/time/clock.ts";
import type { Certificate, CertificateSource } from "./certificate.ts";
import { listen, type Listener, listenError, type ListenTarget } from "./listener.ts";

/** How a TLS listener comes by its certificate. */
export interface TlsOptions {
  readonly certificate: CertificateSource;
  readonly clock: Clock;
  readonly report: CertificateReport;
}

/** Hears of the certificates that follow the first. */
export interface CertificateReport {
  /** A new one is used from now on. */
  renewed(): void;
  /** A new one cannot be used, and the one before stays. Once for each reason in a row. */
  unusable(error: Error): void;
}

/** controller-runtime's figure. A mounted Secret follows its object within a minute or two. */
const POLL_MS = 10_000;

/** What makes streams of connections; loaded with the first TLS listener, as plain ones need none. */
type Tls = typeof import("./tls_stream.ts");

/** A certificate in use. */
interface Identity {
  readonly certificate: Certificate;
  readonly context: SecureContext;
}

/**
 * A TLS listener that goes over to a new certificate while it serves: connections that are open keep
 * theirs. A new certificate that cannot be used is told of once, and the old one stays.
 */
export class TlsListener implements Listener {
  readonly port: number;
  readonly #target: ListenTarget;
  readonly #options: TlsOptions;
  readonly #tls: Tls;
  readonly #listener: Listener;
  readonly #ended = new AbortController();
  readonly #watching: Promise<void>;
  #identity: Identity;
  #lastProblem: string | undefined;

  private constructor(target: ListenTarget, options: TlsOptions, tls: Tls, identity: Identity) {
    this.#identity = identity;
    this.#listener = listen(
      target,
      options.clock,
      (connection) => tls.tlsStream(connection, this.#identity.context),
    );
    this.port = this.#listener.port;
    this.#target = { ...target, address: { ...target.address, port: this.port } };
    this.#options = options;
    this.#tls = tls;
    this.#watching = this.#watch();
  }

  /** Rejects with a `ListenError`, also where the certificate cannot be had. */
  static async open(target: ListenTarget, options: TlsOptions): Promise<TlsListener> {
    const tls = await import("./tls_stream.ts");
    const identity = await options.certificate().then((certificate) => identify(certificate, tls))
      .catch((error: Error) => {
        throw listenError(target, error.message, error);
      });
    return new TlsListener(target, options, tls, identity);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#watching;
    await this.#listener.close();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      // Its only rejection is the abort that ends the loop.
      await sleep(this.#options.clock, POLL_MS, signal).catch(() => {});
      if (!signal.aborted) await this.#renew();
    }
  }

  async #renew(): Promise<void> {
    const { certificate: source, report } = this.#options;
    try {
      const certificate = await source();
      if (same(certificate, this.#identity.certificate)) return;
      this.#identity = identify(certificate, this.#tls);
      this.#lastProblem = undefined;
      report.renewed();
    } catch (cause) {
      const { message } = cause as Error;
      if (message !== this.#lastProblem) {
        report.unusable(listenError(this.#target, message, cause));
      }
      this.#lastProblem = message;
    }
  }
}

function identify(certificate: Certificate, tls: Tls): Identity {
  return { certificate, context: tls.secureContext(certificate) };
}

function same(a: Certificate, b: Certificate): boolean {
  return a.certificate === b.certificate && a.key.reveal() === b.key.reveal();
}

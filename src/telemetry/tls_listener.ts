import { type Clock, sleep } from "../runtime/clock.ts";
import type { Certificate, CertificateSource } from "./certificate.ts";
import { listen, type Listener, listenError, type Target } from "./listener.ts";
import type { Logger } from "./log.ts";

/** How a TLS listener comes by its certificate. */
export interface TlsOptions {
  readonly certificate: CertificateSource;
  readonly clock: Clock;
  readonly log: Logger;
}

/** controller-runtime's figure. A mounted Secret follows its object within a minute or two. */
const POLL_MS = 10_000;

/**
 * A TLS listener that goes over to a new certificate while it serves: Deno fixes a listener's
 * certificate when it is made, so a new listener joins on the port before the old one closes. A new
 * certificate that cannot be used is told of once, and the old one stays.
 */
export class TlsListener implements Listener {
  readonly port: number;
  readonly #target: Target;
  readonly #options: TlsOptions;
  readonly #ended = new AbortController();
  readonly #watching: Promise<void>;
  #serving: { readonly listener: Listener; readonly certificate: Certificate };
  #lastProblem: string | undefined;

  private constructor(target: Target, options: TlsOptions, certificate: Certificate) {
    const listener = listen(target, options.clock, certificate);
    this.port = listener.port;
    this.#target = { ...target, address: { ...target.address, port: this.port } };
    this.#options = options;
    this.#serving = { listener, certificate };
    this.#watching = this.#watch();
  }

  /** Rejects with a `ListenError`, also where the certificate cannot be had. */
  static async open(target: Target, options: TlsOptions): Promise<TlsListener> {
    let certificate: Certificate;
    try {
      certificate = await options.certificate();
    } catch (error) {
      throw listenError(target, (error as Error).message, error);
    }
    return new TlsListener(target, options, certificate);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#watching;
    await this.#serving.listener.close();
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
    const { certificate: source, clock, log } = this.#options;
    const { listener: old, certificate: current } = this.#serving;
    try {
      const certificate = await source();
      if (same(certificate, current)) return;
      this.#serving = { listener: listen(this.#target, clock, certificate), certificate };
      this.#lastProblem = undefined;
      log.info("serving metrics with a new certificate");
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#lastProblem) {
        log.warn("metrics keep their certificate, the new one cannot be used", { error });
      }
      this.#lastProblem = message;
      return;
    }
    await old.close();
  }
}

function same(a: Certificate, b: Certificate): boolean {
  return a.certificate === b.certificate && a.key.reveal() === b.key.reveal();
}

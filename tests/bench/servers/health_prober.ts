const EVERY_MS = 200;
/** An answer that comes later would be as good as none. */
const LONGEST_MS = 30_000;

/** Asks /healthz again and again, as the kubelet does, and more often. */
export class HealthProber implements AsyncDisposable {
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #probing: Promise<void>;
  #slowestMs: number | undefined;
  #failures = 0;

  /** From now on, of an operator that does not listen yet. */
  constructor(url: string) {
    this.#url = url;
    this.#probing = this.#probe();
  }

  /** The longest that an answer took since the first came, in seconds. */
  get slowestSeconds(): number | undefined {
    return this.#slowestMs === undefined ? undefined : this.#slowestMs / 1000;
  }

  /** How often it said since then that it was not well, or nothing at all. */
  get failures(): number {
    return this.#failures;
  }

  async #probe(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const startedAt = performance.now();
      const healthy = await this.#ask();
      if (this.#stop.signal.aborted) return;
      const tookMs = performance.now() - startedAt;
      if (this.#slowestMs !== undefined || healthy) {
        this.#slowestMs = Math.max(this.#slowestMs ?? 0, tookMs);
        if (!healthy) this.#failures++;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async #ask(): Promise<boolean> {
    try {
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LONGEST_MS)]);
      const response = await fetch(this.#url, { signal });
      await response.body?.cancel();
      return response.ok;
    } catch {
      // Not listening yet, or gone: what there is to tell is told by the caller.
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#probing;
  }
}

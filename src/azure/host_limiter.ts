import type { Clock } from "../runtime/clock.ts";
import { AzureError } from "./errors.ts";

/** How many calls may be under way. */
export interface HostLimits {
  /** To all hosts together. */
  readonly together: number;
  /** To one of them. */
  readonly perHost: number;
}

/**
 * Limits of calls to Entra and registries. Each call waits for the network most of its time, and
 * takes memory; a host that does not answer must not take every place from the others.
 */
export const DIRECT_LIMITS: HostLimits = { together: 160, perHost: 64 };

/**
 * The same behind an HTTP proxy, where Deno's client was seen to open no further connection after
 * bursts of 60; 40 never failed.
 */
export const PROXIED_LIMITS: HostLimits = { together: 40, perHost: 24 };

/** The calls to one host, those that wait included. */
interface Host {
  readonly places: Places;
  calls: number;
  /** When it last answered, in milliseconds since the epoch. */
  answeredAt: number;
}

/**
 * Lets calls through in the order of their coming, as many at once as `limits` allow. Those that wait
 * for a host that has gone silent share the failure of the call that found it so, instead of each
 * finding out by a time-out of its own.
 */
export class HostLimiter {
  readonly #limits: HostLimits;
  readonly #clock: Pick<Clock, "now">;
  readonly #together: Places;
  readonly #hosts = new Map<string, Host>();

  constructor(limits: HostLimits, clock: Pick<Clock, "now">) {
    this.#limits = limits;
    this.#clock = clock;
    this.#together = new Places(limits.together);
  }

  /**
   * Runs `call` when its turn has come. Rejects with what `call` rejects with, with the failure of
   * another call that the host did not answer, or with the signal's reason if that aborts first.
   */
  async run<T>(host: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const entry = this.#enter(host);
    try {
      return await entry.places.hold(
        signal,
        () => this.#together.hold(signal, () => this.#watched(entry, call)),
      );
    } finally {
      if (--entry.calls === 0) this.#hosts.delete(host);
    }
  }

  #enter(host: string): Host {
    let entry = this.#hosts.get(host);
    if (entry === undefined) {
      entry = { places: new Places(this.#limits.perHost), calls: 0, answeredAt: -Infinity };
      this.#hosts.set(host, entry);
    }
    entry.calls++;
    return entry;
  }

  async #watched<T>(host: Host, call: () => Promise<T>): Promise<T> {
    const startedAt = this.#clock.now();
    try {
      const result = await call();
      host.answeredAt = this.#clock.now();
      return result;
    } catch (error) {
      if (!wasSilent(error)) host.answeredAt = this.#clock.now();
      // Where others were answered meanwhile, only this one call was lost.
      else if (host.answeredAt < startedAt) host.places.refuse(error);
      throw error;
    }
  }
}

/** No answer came at all: name, network or host are at fault, and so for whoever asks next. */
function wasSilent(error: unknown): boolean {
  return error instanceof AzureError && error.failure.status === undefined &&
    error.failure.class === "transient" && error.failure.endpoint !== "tokenrequest";
}

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

/** So many may be inside at once; the others wait in the order of their coming. */
class Places {
  #free: number;
  readonly #waiting = new Set<Waiting>();

  constructor(size: number) {
    this.#free = size;
  }

  /** Runs `work` in a place of its own. Rejects with the signal's reason if that aborts first. */
  async hold<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#giveBack();
    }
  }

  /** Turns away all who wait. */
  refuse(reason: unknown): void {
    for (const waiting of this.#waiting) waiting.refuse(reason);
    this.#waiting.clear();
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { admit: resolve, refuse: reject };
    const onAbort = () => {
      if (this.#waiting.delete(waiting)) reject(signal.reason);
    };
    this.#waiting.add(waiting);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next.admit();
  }
}

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
export const DIRECT_LIMITS: HostLimits = { together: 96, perHost: 32 };

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
  readonly #signal: AbortSignal;
  readonly #together: Places;
  readonly #hosts = new Map<string, Host>();

  /** `signal` ends all waits: a listener for each would make thousands of them slow. */
  constructor(limits: HostLimits, clock: Pick<Clock, "now">, signal: AbortSignal) {
    this.#limits = limits;
    this.#clock = clock;
    this.#signal = signal;
    this.#together = new Places(limits.together);
    signal.addEventListener("abort", () => this.#end(signal.reason), { once: true });
  }

  /**
   * Runs `call` when its turn has come. Rejects with what `call` rejects with, with the failure of
   * another call that the host did not answer, or with the signal's reason if that aborts first.
   */
  async run<T>(host: string, call: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const entry = this.#enter(host);
    try {
      return await entry.places.hold(() => this.#together.hold(() => this.#watched(entry, call)));
    } finally {
      if (--entry.calls === 0) this.#hosts.delete(host);
    }
  }

  #end(reason: unknown): void {
    for (const { places } of this.#hosts.values()) places.refuse(reason);
    this.#together.refuse(reason);
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

  /** Runs `work` in a place of its own. Rejects with the reason of a refusal that comes first. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await this.#wait();
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

  #wait(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add({ admit: resolve, refuse: reject });
    return promise;
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

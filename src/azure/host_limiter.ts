import { AzureError } from "./errors.ts";

/** How many calls may be under way. */
export interface Places {
  /** To all hosts together. */
  readonly together: number;
  /** To one of them. */
  readonly perHost: number;
}

/** What is known of a host: nothing yet, or what it did last. */
export type HostState = "unknown" | "answers" | "silent";

/** How many calls may be under way, and how many of these to hosts that may not answer. */
export interface HostLimits extends Places {
  readonly unknown: Places;
  readonly silent: Places;
}

/**
 * Limits of calls to Entra and registries. Each call waits for the network most of its time, and
 * takes memory. Hosts that do not answer hold their places for as long as the time-outs, so that they
 * are given few, and never those of hosts that do.
 */
export const DIRECT_LIMITS: HostLimits = {
  together: 96,
  perHost: 32,
  unknown: { together: 56, perHost: 1 },
  silent: { together: 16, perHost: 1 },
};

/**
 * The same behind an HTTP proxy, where Deno's client was seen to open no further connection after
 * bursts of 60; 40 never failed.
 */
export const PROXIED_LIMITS: HostLimits = {
  together: 40,
  perHost: 24,
  unknown: { together: 20, perHost: 1 },
  silent: { together: 8, perHost: 1 },
};

/** Tenants may name any number of registries; those that were asked last are remembered. */
const MOST_REMEMBERED = 1000;

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

interface Host {
  readonly name: string;
  readonly waiting: Set<Waiting>;
  underWay: number;
  state: HostState;
  /** How often it answered. */
  answered: number;
}

/**
 * Lets calls through as many at once as `limits` allow: those to one host in the order of their
 * coming, and the hosts by turns. Those that wait for a host that has gone silent share the failure
 * of the call that found it so, instead of each finding out by a time-out of its own.
 */
export class HostLimiter {
  readonly #limits: HostLimits;
  readonly #signal: AbortSignal;
  readonly #hosts = new Map<string, Host>();
  /** Hosts for which calls wait, by whose turn it is. */
  readonly #turns = new Set<Host>();
  readonly #underWay: Record<HostState, number> = { unknown: 0, answers: 0, silent: 0 };

  /** `signal` ends all waits: a listener for each would make thousands of them slow. */
  constructor(limits: HostLimits, signal: AbortSignal) {
    this.#limits = limits;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#end(signal.reason), { once: true });
  }

  /** How many calls to that host wait for a place. */
  waitingFor(name: string): number {
    return this.#hosts.get(name)?.waiting.size ?? 0;
  }

  /** Whether a call to that host would have a place at once. */
  hasPlaceFor(name: string): boolean {
    const host = this.#hosts.get(name) ?? newHost(name);
    return this.waitingFor(name) === 0 && this.#all < this.#limits.together && this.#hasPlace(host);
  }

  /**
   * Runs `call` when its turn has come, and tells it what is known of the host by then. Rejects with
   * what `call` rejects with, with the failure of another call that the host did not answer, or with
   * the signal's reason if that aborts first.
   */
  async run<T>(name: string, call: (state: HostState) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const host = this.#hosts.get(name) ?? newHost(name);
    this.#hosts.set(name, host);
    await this.#turn(host);
    try {
      return await this.#watched(host, call);
    } finally {
      this.#count(host, -1);
      this.#admit();
      this.#forget(host);
    }
  }

  get #all(): number {
    const { unknown, answers, silent } = this.#underWay;
    return unknown + answers + silent;
  }

  /** Of the hosts that nobody asks now, the last are remembered for what they did. */
  #forget(host: Host): void {
    if (host.underWay + host.waiting.size > 0) return;
    this.#hosts.delete(host.name);
    if (host.state === "unknown") return;
    this.#hosts.set(host.name, host);
    if (this.#hosts.size <= MOST_REMEMBERED) return;
    for (const [name, { underWay, waiting }] of this.#hosts) {
      if (underWay + waiting.size === 0) return void this.#hosts.delete(name);
    }
  }

  #turn(host: Host): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    host.waiting.add({ admit: resolve, refuse: reject });
    this.#turns.add(host);
    this.#admit();
    return promise;
  }

  /** Gives out places as long as there are any. */
  #admit(): void {
    while (this.#all < this.#limits.together) {
      const host = this.#next();
      if (host === undefined) return;
      const [first] = host.waiting;
      host.waiting.delete(first!);
      this.#turns.delete(host);
      if (host.waiting.size > 0) this.#turns.add(host);
      this.#count(host, 1);
      first!.admit();
    }
  }

  #next(): Host | undefined {
    for (const host of this.#turns) {
      if (this.#hasPlace(host)) return host;
    }
    return undefined;
  }

  #hasPlace({ state, underWay }: Host): boolean {
    if (state === "answers") return underWay < this.#limits.perHost;
    const { together, perHost } = this.#limits[state];
    return this.#underWay[state] < together && underWay < perHost;
  }

  #count(host: Host, change: 1 | -1): void {
    host.underWay += change;
    this.#underWay[host.state] += change;
  }

  #setState(host: Host, state: HostState): void {
    this.#underWay[host.state] -= host.underWay;
    host.state = state;
    this.#underWay[state] += host.underWay;
  }

  async #watched<T>(host: Host, call: (state: HostState) => Promise<T>): Promise<T> {
    const answeredBefore = host.answered;
    try {
      const result = await call(host.state);
      this.#heard(host);
      return result;
    } catch (error) {
      const answered = wasAnswered(error);
      if (answered === true) this.#heard(host);
      // Where others were answered meanwhile, only this one call was lost.
      if (answered === false && host.answered === answeredBefore) this.#silent(host, error);
      throw error;
    }
  }

  #heard(host: Host): void {
    host.answered++;
    this.#setState(host, "answers");
  }

  #silent(host: Host, error: unknown): void {
    this.#setState(host, "silent");
    this.#refuse(host, error);
  }

  #refuse(host: Host, reason: unknown): void {
    for (const waiting of host.waiting) waiting.refuse(reason);
    host.waiting.clear();
    this.#turns.delete(host);
  }

  #end(reason: unknown): void {
    for (const host of this.#hosts.values()) this.#refuse(host, reason);
  }
}

function newHost(name: string): Host {
  return { name, waiting: new Set(), underWay: 0, state: "unknown", answered: 0 };
}

/**
 * Whether the host answered at all; undefined where it was not asked. Where it did not, name, network
 * or host are at fault, and so for whoever asks next.
 */
function wasAnswered(error: unknown): boolean | undefined {
  if (!(error instanceof AzureError) || error.failure.endpoint === "tokenrequest") return undefined;
  if (error.failure.status !== undefined) return true;
  return error.failure.class === "transient" ? false : undefined;
}

import { AzureError } from "./errors.ts";

/** How many calls may be under way. */
export interface HostLimits {
  /** To all hosts together. */
  readonly together: number;
  /** To one of them. */
  readonly perHost: number;
  /** To hosts that have not answered yet, or went silent. */
  readonly untried: {
    readonly together: number;
    readonly perHost: number;
  };
}

/**
 * Limits of calls to Entra and registries. Each call waits for the network most of its time, and
 * takes memory. Hosts that do not answer hold their places for as long as the time-outs, so that they
 * are given few, and never those of hosts that do.
 */
export const DIRECT_LIMITS: HostLimits = {
  together: 96,
  perHost: 32,
  untried: { together: 48, perHost: 2 },
};

/**
 * The same behind an HTTP proxy, where Deno's client was seen to open no further connection after
 * bursts of 60; 40 never failed.
 */
export const PROXIED_LIMITS: HostLimits = {
  together: 40,
  perHost: 24,
  untried: { together: 20, perHost: 2 },
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
  /** It answered, and was not silent since. */
  answers: boolean;
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
  #underWay = 0;
  /** Of `#underWay`, those to hosts that are not known to answer. */
  #untried = 0;

  /** `signal` ends all waits: a listener for each would make thousands of them slow. */
  constructor(limits: HostLimits, signal: AbortSignal) {
    this.#limits = limits;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#end(signal.reason), { once: true });
  }

  /**
   * Runs `call` when its turn has come. Rejects with what `call` rejects with, with the failure of
   * another call that the host did not answer, or with the signal's reason if that aborts first.
   */
  async run<T>(name: string, call: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const host = this.#hosts.get(name) ?? this.#add(name);
    await this.#turn(host);
    try {
      return await this.#watched(host, call);
    } finally {
      this.#count(host, -1);
      this.#admit();
      this.#forget(host);
    }
  }

  #add(name: string): Host {
    const host = { name, waiting: new Set<Waiting>(), underWay: 0, answers: false, answered: 0 };
    this.#hosts.set(name, host);
    return host;
  }

  /** Only of a host that answers, and of the last of them, is anything worth remembering. */
  #forget(host: Host): void {
    if (host.underWay + host.waiting.size > 0) return;
    this.#hosts.delete(host.name);
    if (!host.answers) return;
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
    while (this.#underWay < this.#limits.together) {
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

  #hasPlace({ answers, underWay }: Host): boolean {
    const { perHost, untried } = this.#limits;
    if (answers) return underWay < perHost;
    return this.#untried < untried.together && underWay < untried.perHost;
  }

  #count(host: Host, change: 1 | -1): void {
    host.underWay += change;
    this.#underWay += change;
    if (!host.answers) this.#untried += change;
  }

  #setAnswers(host: Host, answers: boolean): void {
    if (host.answers === answers) return;
    host.answers = answers;
    this.#untried += answers ? -host.underWay : host.underWay;
  }

  async #watched<T>(host: Host, call: () => Promise<T>): Promise<T> {
    const answeredBefore = host.answered;
    try {
      const result = await call();
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
    this.#setAnswers(host, true);
  }

  #silent(host: Host, error: unknown): void {
    this.#setAnswers(host, false);
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

/**
 * Whether the host answered at all; undefined where it was not asked. Where it did not, name, network
 * or host are at fault, and so for whoever asks next.
 */
function wasAnswered(error: unknown): boolean | undefined {
  if (!(error instanceof AzureError) || error.failure.endpoint === "tokenrequest") return undefined;
  if (error.failure.status !== undefined) return true;
  return error.failure.class === "transient" ? false : undefined;
}

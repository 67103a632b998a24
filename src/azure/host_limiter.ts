import { type Clock, isWithin } from "../runtime/time/clock.ts";
import { type Admission, FairLine } from "../runtime/fairness/fair_line.ts";
import { FairPlaces } from "../runtime/fairness/fair_places.ts";
import { Askers } from "./askers.ts";
import { WaitingCall } from "./waiting_call.ts";
import { AzureError } from "./errors.ts";
import {
  type HostLimits,
  type HostState,
  placesOfAll,
  placesOfDoubtful,
  placesOfHost,
} from "./host_limits.ts";

/** Tenants may name any number of registries; those that were asked last are remembered. */
const MOST_REMEMBERED = 1000;
/**
 * Who came so long ago is told of another namespace's failure. Before, the host may answer its call
 * where it did not answer the other, and its turn is near.
 */
const PATIENCE_MS = 15_000;
/** Thousands may wait for a host that is found silent: telling them is work for many turns. */
const TOLD_AT_ONCE = 100;

interface Host {
  readonly name: string;
  readonly line: FairLine<WaitingCall>;
  readonly places: FairPlaces;
  /** Those that wait, by their coming. */
  readonly waiting: Set<WaitingCall>;
  /** Of these, the ones that wait in the line of the host's class, for all their places at once. */
  readonly nominated: Map<WaitingCall, string>;
  /** Calls that wait or are under way. */
  calls: number;
  state: HostState;
  /** How often it answered. */
  answered: number;
}

/** Calls to hosts of one state whose host would let them in. */
interface Class {
  readonly line: FairLine<WaitingCall>;
  readonly places: readonly FairPlaces[];
  readonly admission: Admission;
  /** The most namespaces at a time that had all they may of its places, since somebody waits. */
  mostRefused: number;
}

/**
 * Lets calls through as many at once as `limits` allow. Namespaces share the places of each host and
 * those of all, the urgent first, so that none waits for the calls of another, however many they are
 * and however long they take. A call takes all its places at once: none of them is held by one that
 * waits for another. Those that wait for a host that has gone silent share the failure of the call
 * that found it so, instead of each finding out by a time-out of its own.
 */
export class HostLimiter {
  readonly #limits: HostLimits;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #hosts = new Map<string, Host>();
  /** What hosts did that nobody asks now. Latest last. */
  readonly #remembered = new Map<string, HostState>();
  readonly #classes: Readonly<Record<HostState, Class>>;
  readonly #hostOf = new WeakMap<WaitingCall, Host>();
  #calls = 0;
  /** The class that is served first, by turns. */
  #turns: HostState[] = ["answers", "unknown", "silent"];

  /** `signal` ends all waits: a listener for each would make thousands of them slow. */
  constructor(limits: HostLimits, clock: Clock, signal: AbortSignal) {
    this.#limits = limits;
    this.#clock = clock;
    this.#signal = signal;
    const all = new FairPlaces(placesOfAll(limits));
    const doubtful = (state: "unknown" | "silent") =>
      this.#class(new FairPlaces(placesOfDoubtful(limits, state)), all);
    this.#classes = {
      answers: this.#class(all),
      unknown: doubtful("unknown"),
      silent: doubtful("silent"),
    };
    signal.addEventListener("abort", () => this.#end(signal.reason), { once: true });
  }

  /**
   * Runs `call` when its turn has come, and tells it what is known of the host by then. Rejects with
   * what `call` rejects with, with the failure of another call that the host did not answer, or with
   * the signal's reason if that aborts first.
   */
  async run<T>(
    name: string,
    call: (state: HostState) => Promise<T>,
    askers: Askers = new Askers([{ namespace: "" }]),
  ): Promise<T> {
    this.#signal.throwIfAborted();
    const host = this.#begin(name);
    const waiting = new WaitingCall(askers, this.#clock.now(), this.#calls++);
    try {
      await this.#turn(host, waiting);
      return await this.#watched(host, call, waiting);
    } finally {
      waiting.giveBack();
      this.#ended(host);
    }
  }

  /** How many hosts are known, those that are remembered included. */
  get known(): number {
    return this.#hosts.size + this.#remembered.size;
  }

  #class(...places: readonly FairPlaces[]): Class {
    return { line: this.#newLine(), places, admission: allOf(places), mostRefused: 0 };
  }

  #newLine(): FairLine<WaitingCall> {
    return new FairLine(() => this.#clock.now());
  }

  #begin(name: string): Host {
    const host = this.#hosts.get(name) ?? this.#newHost(name);
    host.calls++;
    return host;
  }

  #newHost(name: string): Host {
    const state = this.#remembered.get(name) ?? "unknown";
    this.#remembered.delete(name);
    const host: Host = {
      name,
      line: this.#newLine(),
      places: new FairPlaces(placesOfHost(this.#limits, state)),
      waiting: new Set(),
      nominated: new Map(),
      calls: 0,
      state,
      answered: 0,
    };
    this.#hosts.set(name, host);
    return host;
  }

  #ended(host: Host): void {
    if (--host.calls === 0) this.#remember(host);
    else this.#nominate(host);
    this.#serveAll();
  }

  #remember({ name, state }: Host): void {
    this.#hosts.delete(name);
    if (state === "unknown") return;
    this.#remembered.set(name, state);
    if (this.#remembered.size <= MOST_REMEMBERED) return;
    const [oldest] = this.#remembered.keys();
    this.#remembered.delete(oldest!);
  }

  async #turn(host: Host, call: WaitingCall): Promise<void> {
    host.waiting.add(call);
    this.#hostOf.set(call, host);
    call.enter(host.line, call.order);
    const stop = call.onJoin(() => this.#serve(host));
    this.#serve(host);
    try {
      await call.turn;
    } finally {
      stop();
      host.waiting.delete(call);
      host.nominated.delete(call);
    }
  }

  #serve(host: Host): void {
    this.#nominate(host);
    this.#serveAll();
  }

  /**
   * Lets calls that the host would let in wait for their turn among those to all hosts. Of each
   * namespace that is one call. It is so for as many namespaces as have a place, and for as many
   * more as may be kept from theirs by what they hold elsewhere. So a free place of the host always
   * has a taker, if there is one, and a call that ends moves few of the thousands that may wait for
   * its host.
   */
  #nominate(host: Host): void {
    if (this.#signal.aborted) return;
    const { line, places, nominated } = host;
    if (line.size === 0 || !(places.hasFree(true) || places.hasFree(false))) return;
    const inClass = this.#classes[host.state];
    const [urgent, others] = [new Set<string>(), new Set<string>()];
    for (const [call, namespace] of nominated) (call.isUrgent ? urgent : others).add(namespace);
    const of = (isUrgent: boolean) => isUrgent ? urgent : others;
    const admission: Admission = {
      hasFree: (isUrgent) =>
        places.hasFree(isUrgent) &&
        of(isUrgent).size < places.free(isUrgent) + inClass.mostRefused,
      admits: (namespace, isUrgent) =>
        !of(isUrgent).has(namespace) && places.admits(namespace, isUrgent),
    };
    for (let taken = line.take(admission); taken; taken = line.take(admission)) {
      const { namespace, isUrgent, waiting: { item: call } } = taken;
      of(isUrgent).add(namespace);
      nominated.set(call, namespace);
      call.enter(inClass.line);
    }
  }

  /** Gives out the places of all as long as there are any, to each class by turns. */
  #serveAll(): void {
    if (this.#signal.aborted) return;
    for (let idle = 0; idle < this.#turns.length;) {
      const state = this.#turns.shift()!;
      this.#turns.push(state);
      idle = this.#serveOne(this.#classes[state]) ? 0 : idle + 1;
    }
  }

  #serveOne(inClass: Class): boolean {
    const { line, admission } = inClass;
    const taken = line.take(admission);
    if (taken === undefined) return this.#nominateMore(inClass);
    const { namespace, isUrgent, waiting: { item: call } } = taken;
    const host = this.#hostOf.get(call)!;
    const places = [host.places, ...inClass.places];
    const payer = [namespace, ...call.namespaces].find((each) =>
      places.every((some) => some.admits(each, isUrgent))
    );
    host.nominated.delete(call);
    if (payer === undefined) {
      // Calls of others took the host's places. One of them ends, and it is nominated anew.
      call.enter(host.line, call.order);
      return true;
    }
    for (const each of places) call.holds(each.take(payer, isUrgent));
    call.admit();
    this.#nominate(host);
    return true;
  }

  /**
   * Nobody who waits in the class is let in. Where more namespaces than ever hold all they may, others
   * may be waiting behind them for hosts that have a place. Answers whether that was looked into.
   */
  #nominateMore(inClass: Class): boolean {
    if (inClass.line.size === 0) {
      inClass.mostRefused = 0;
      return false;
    }
    const refused = inClass.places.reduce((sum, places) => sum + places.refused, 0);
    if (refused <= inClass.mostRefused) return false;
    inClass.mostRefused = refused;
    for (const host of this.#hosts.values()) {
      if (this.#classes[host.state] === inClass) this.#nominate(host);
    }
    return true;
  }

  async #watched<T>(
    host: Host,
    call: (state: HostState) => Promise<T>,
    made: WaitingCall,
  ): Promise<T> {
    const answeredBefore = host.answered;
    try {
      const result = await call(host.state);
      this.#heard(host);
      return result;
    } catch (error) {
      const answered = wasAnswered(error);
      if (answered === true) this.#heard(host);
      // Where others were answered meanwhile, only this one call was lost.
      if (answered === false && host.answered === answeredBefore) {
        this.#silent(host, error, made);
      }
      throw error;
    }
  }

  #heard(host: Host): void {
    host.answered++;
    this.#setState(host, "answers");
  }

  #silent(host: Host, error: unknown, made: WaitingCall): void {
    this.#setState(host, "silent");
    const told = concerned(host.waiting, made, this.#clock.now()).filter((call) => call.leave());
    this.#tell(told, error);
  }

  #setState(host: Host, state: HostState): void {
    if (host.state === state) return;
    host.state = state;
    host.places.resize(placesOfHost(this.#limits, state));
    for (const call of host.nominated.keys()) {
      if (call.leave()) call.enter(this.#classes[state].line);
    }
  }

  #tell(calls: readonly WaitingCall[], reason: unknown): void {
    for (const call of calls.slice(0, TOLD_AT_ONCE)) call.refuse(reason);
    const rest = calls.slice(TOLD_AT_ONCE);
    if (rest.length > 0) this.#clock.after(0, () => this.#tell(rest, reason));
  }

  #end(reason: unknown): void {
    for (const { waiting } of this.#hosts.values()) {
      for (const call of waiting) call.refuse(reason);
    }
  }
}

/**
 * Those of the waiting that the failure of the call `made` concerns. Last tries are left out,
 * unless that was one itself. So is the first of each other namespace that came lately.
 */
function concerned(
  waiting: Iterable<WaitingCall>,
  made: WaitingCall,
  now: number,
): readonly WaitingCall[] {
  const represented = new Set(made.namespaces);
  const isOutsider = (call: WaitingCall) => {
    const isFirst = [...call.namespaces].some((namespace) => !represented.has(namespace));
    if (!isFirst || !isWithin(now, call.since, PATIENCE_MS)) return false;
    for (const namespace of call.namespaces) represented.add(namespace);
    return true;
  };
  return [...waiting].filter((call) => (made.isLastTry || !call.isLastTry) && !isOutsider(call));
}

/** Who is let in by all of them. */
function allOf(places: readonly FairPlaces[]): Admission {
  return {
    hasFree: (isUrgent) => places.every((each) => each.hasFree(isUrgent)),
    admits: (namespace, isUrgent) => places.every((each) => each.admits(namespace, isUrgent)),
  };
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

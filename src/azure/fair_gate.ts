import type { Clock } from "../runtime/time/clock.ts";
import { FairLine } from "../runtime/fairness/fair_line.ts";
import { FairPlaces, type PlacesOptions } from "../runtime/fairness/fair_places.ts";
import type { Askers } from "./askers.ts";
import { WaitingCall } from "./waiting_call.ts";

/** Lets as many through at once as it has places, which namespaces share. */
export class FairGate {
  readonly #places: FairPlaces;
  readonly #line: FairLine<WaitingCall>;
  readonly #waiting = new Set<WaitingCall>();
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #calls = 0;

  /** `signal` ends all waits. */
  constructor(places: PlacesOptions, clock: Clock, signal: AbortSignal) {
    this.#places = new FairPlaces(places);
    this.#line = new FairLine(() => clock.now());
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener("abort", () => {
      for (const call of this.#waiting) call.refuse(signal.reason);
    }, { once: true });
  }

  /**
   * Waits for a place. Answers what gives it back; a second call of that does nothing. Rejects with
   * the signal's reason if that aborts first.
   */
  async enter(askers: Askers): Promise<() => void> {
    this.#signal.throwIfAborted();
    const call = new WaitingCall(askers, this.#clock.now(), this.#calls++);
    call.enter(this.#line);
    this.#waiting.add(call);
    const stop = call.onJoin(() => this.#serve());
    this.#serve();
    try {
      await call.turn;
    } finally {
      stop();
      this.#waiting.delete(call);
    }
    return () => {
      call.giveBack();
      this.#serve();
    };
  }

  #serve(): void {
    if (this.#signal.aborted) return;
    const places = this.#places;
    for (let taken = this.#line.take(places); taken; taken = this.#line.take(places)) {
      const { namespace, isUrgent, waiting: { item: call } } = taken;
      call.holds(places.take(namespace, isUrgent));
      call.admit();
    }
  }
}

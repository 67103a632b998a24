import type { FairLine, Waiting } from "../runtime/fairness/fair_line.ts";
import type { Askers } from "./askers.ts";

/** A call that waits for its turn, in one line or another, and the places that it has got. */
export class WaitingCall {
  /** Resolves when it is admitted; rejects when it is refused. */
  readonly turn: Promise<void>;
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
  readonly #askers: Askers;
  readonly #held: (() => void)[] = [];
  #place:
    | { readonly line: FairLine<WaitingCall>; readonly waiting: Waiting<WaitingCall> }
    | undefined;

  /** `since` when it came, in milliseconds since the epoch; `order` is less the earlier that was. */
  constructor(
    askers: Askers,
    readonly since: number,
    readonly order: number,
  ) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#askers = askers;
    this.turn = promise;
    this.admit = resolve;
    this.refuse = reject;
  }

  /** Whether it must not be told of the failure of a call that is none. */
  get isLastTry(): boolean {
    return this.#askers.lane === "last";
  }

  /** In whose names it waits. */
  get namespaces(): ReadonlySet<string> {
    return this.#askers.namespaces;
  }

  /** Whether it goes before what is not urgent, in the line in which it waits. */
  get isUrgent(): boolean {
    return this.#place?.waiting.isUrgent ?? false;
  }

  /** Waits in that line from now on, last, or at the place of its coming by that `order`. */
  enter(line: FairLine<WaitingCall>, order?: number): void {
    const { namespaces, urgency } = this.#askers;
    this.#place = { line, waiting: line.add(this, namespaces, urgency, order) };
  }

  /** Waits no more. Answers whether it did. */
  leave(): boolean {
    return this.#place?.line.remove(this.#place.waiting) ?? false;
  }

  /**
   * Whoever wants the same later has it wait in its own name, too: it is served by whichever turn
   * comes first. Calls `listener` after that, and answers what ends it.
   */
  onJoin(listener: () => void): () => void {
    return this.#askers.onJoin(({ namespace }) => {
      const { line, waiting } = this.#place!;
      line.join(waiting, namespace);
      line.rank(waiting, this.#askers.urgency);
      listener();
    });
  }

  /** Has a place, which `giveBack` returns. */
  holds(giveBack: () => void): void {
    this.#held.push(giveBack);
  }

  /** Returns all places that it has. */
  giveBack(): void {
    for (const giveBack of this.#held) giveBack();
  }
}

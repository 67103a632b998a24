import { Heap, type Placed } from "./heap.ts";

/** Thousands may become urgent at one moment: of these so many go among the urgent at each take. */
const MOST_RIPENED = 64;

/** From when on something must be served before what is not urgent. */
export interface Urgency {
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** When it is too late, in milliseconds since the epoch: of the urgent, the earliest goes first. */
  readonly until: number;
}

/** Who may be served now. `FairPlaces` is one. */
export interface Admission<T = unknown> {
  /** Whether anybody may: nobody is looked for where this says no. */
  hasFree(isUrgent: boolean): boolean;
  /**
   * Whether the first of a namespace may. Must refuse few namespaces while places are free, since
   * each costs a look.
   */
  admits(namespace: string, isUrgent: boolean, first: T): boolean;
}

/** What had its turn. */
export interface Taken<T> {
  readonly waiting: Waiting<T>;
  /** The namespace whose turn it was, of those for which it waited. */
  readonly namespace: string;
  readonly isUrgent: boolean;
}

/** Something that waits, or waited, in a line: the handle by which it is hastened or removed. */
export class Waiting<T> implements Placed {
  readonly item: T;
  /** The earlier it came, the less. */
  readonly order: number;
  urgency: Urgency | undefined;
  /** Of the heap of those that are not urgent yet. */
  place = -1;
  /** One in the line of each namespace. */
  readonly seats = new Map<string, Seat<T>>();
  isUrgent = false;
  isIn = false;

  constructor(item: T, order: number) {
    this.item = item;
    this.order = order;
  }
}

/**
 * Those who wait for something that namespaces share. The urgent go first. Among them, and among
 * the others, each namespace has one turn a round. So none waits for more than one of each other
 * namespace, however many wait there, and whatever urgency they claim. Within one round, and within
 * one namespace, the urgent go by what is too late first, the others by their coming.
 *
 * Each step takes time logarithmic in the number of those who wait; nothing is kept of a namespace
 * for which none does.
 */
export class FairLine<T> {
  readonly #now: () => number;
  readonly #urgent = new Rounds<T>((one, other) =>
    one.urgency!.until === other.urgency!.until
      ? one.order < other.order
      : one.urgency!.until < other.urgency!.until
  );
  readonly #others = new Rounds<T>((one, other) => one.order < other.order);
  /** Those that become urgent at a moment to come. */
  readonly #ripening = new Heap<Waiting<T>>((one, other) =>
    one.urgency!.from < other.urgency!.from
  );
  #order = 0;
  #size = 0;

  /** `now` answers milliseconds since the epoch. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many wait. One that waits for several namespaces counts once. */
  get size(): number {
    return this.#size;
  }

  /**
   * Lets `item` wait in the lines of those namespaces, served when the first has its turn. Its `order`
   * is that of its coming, where it comes from another line and had it there.
   */
  add(
    item: T,
    namespaces: Iterable<string>,
    urgency?: Urgency,
    order = this.#order++,
  ): Waiting<T> {
    const waiting = new Waiting(item, order);
    for (const namespace of namespaces) waiting.seats.set(namespace, new Seat(waiting, namespace));
    waiting.urgency = urgency;
    this.putBack(waiting);
    return waiting;
  }

  /** Lets what was taken or removed wait again: where it was, before all that came after it. */
  putBack(waiting: Waiting<T>): void {
    if (waiting.isIn) return;
    waiting.isIn = true;
    this.#size++;
    this.#enter(waiting);
  }

  /** Lets it wait in the line of a further namespace, too. */
  join(waiting: Waiting<T>, namespace: string): void {
    if (waiting.seats.has(namespace)) return;
    const seat = new Seat(waiting, namespace);
    waiting.seats.set(namespace, seat);
    if (waiting.isIn) this.#roundsOf(waiting).enter(seat);
  }

  /** Gives it another urgency, or none. */
  rank(waiting: Waiting<T>, urgency: Urgency | undefined): void {
    if (sameUrgency(waiting.urgency, urgency)) return;
    if (waiting.isIn) this.#leave(waiting);
    waiting.urgency = urgency;
    if (waiting.isIn) this.#enter(waiting);
  }

  /** Takes it out of all lines. Answers whether it was in them. */
  remove(waiting: Waiting<T>): boolean {
    if (!waiting.isIn) return false;
    this.#leave(waiting);
    waiting.isIn = false;
    this.#size--;
    return true;
  }

  /** Takes out the next that is admitted; undefined where there is none. */
  take(admission: Admission<T>): Taken<T> | undefined {
    this.#ripen();
    const seat = this.#next(this.#urgent, admission, true) ??
      this.#next(this.#others, admission, false);
    if (seat === undefined) return undefined;
    const { waiting, namespace } = seat;
    const { isUrgent } = waiting;
    this.#roundsOf(waiting).hadTurn(namespace);
    this.remove(waiting);
    return { waiting, namespace, isUrgent };
  }

  #next(rounds: Rounds<T>, admission: Admission<T>, isUrgent: boolean): Seat<T> | undefined {
    if (!admission.hasFree(isUrgent)) return undefined;
    return rounds.next((namespace, first) => admission.admits(namespace, isUrgent, first));
  }

  #ripen(): void {
    const now = this.#now();
    for (let moved = 0; moved < MOST_RIPENED; moved++) {
      const { first } = this.#ripening;
      if (first === undefined || first.urgency!.from > now) return;
      this.#leave(first);
      this.#enter(first);
    }
  }

  #enter(waiting: Waiting<T>): void {
    const { urgency } = waiting;
    waiting.isUrgent = urgency !== undefined && urgency.from <= this.#now();
    if (urgency !== undefined && !waiting.isUrgent) this.#ripening.add(waiting);
    for (const seat of waiting.seats.values()) this.#roundsOf(waiting).enter(seat);
  }

  #leave(waiting: Waiting<T>): void {
    this.#ripening.remove(waiting);
    for (const seat of waiting.seats.values()) this.#roundsOf(waiting).leave(seat);
  }

  #roundsOf({ isUrgent }: Waiting<T>): Rounds<T> {
    return isUrgent ? this.#urgent : this.#others;
  }
}

/** One that waits, in the line of one of its namespaces. */
class Seat<T> implements Placed {
  place = -1;
  constructor(readonly waiting: Waiting<T>, readonly namespace: string) {}
}

/** Those of one namespace who wait. */
interface Line<T> extends Placed {
  readonly namespace: string;
  readonly seats: Heap<Seat<T>>;
  /** That in which it has its next turn. */
  round: Heap<Line<T>>;
}

/** The lines of namespaces, of each of which one is served a round. */
class Rounds<T> {
  readonly #precedes: (one: Seat<T>, other: Seat<T>) => boolean;
  readonly #lines = new Map<string, Line<T>>();
  /** Those that have their turn to come in this round. */
  #round = this.#newRound();
  /**
   * Those that had it, and those that came since it began: who waits for one thing at a time must
   * not come first again and again by its urgency.
   */
  #nextRound = this.#newRound();

  constructor(precedes: (one: Waiting<T>, other: Waiting<T>) => boolean) {
    this.#precedes = (one, other) => precedes(one.waiting, other.waiting);
  }

  #newRound(): Heap<Line<T>> {
    return new Heap((one, other) => this.#precedes(one.seats.first!, other.seats.first!));
  }

  enter(seat: Seat<T>): void {
    const line = this.#lines.get(seat.namespace) ?? this.#newLine(seat.namespace);
    this.#change(line, () => line.seats.add(seat));
  }

  leave(seat: Seat<T>): void {
    const line = this.#lines.get(seat.namespace)!;
    this.#change(line, () => line.seats.remove(seat));
    if (line.seats.size === 0) this.#lines.delete(line.namespace);
  }

  /** The one whose turn it is; it stays where it is. */
  next(admits: Admits<T>): Seat<T> | undefined {
    const line = firstAdmitted(this.#round, admits) ?? this.#beginRound(admits);
    return line?.seats.first;
  }

  hadTurn(namespace: string): void {
    const line = this.#lines.get(namespace)!;
    line.round.remove(line);
    line.round = this.#nextRound;
    line.round.add(line);
  }

  #newLine(namespace: string): Line<T> {
    const seats = new Heap<Seat<T>>(this.#precedes);
    const line = { namespace, seats, place: -1, round: this.#nextRound };
    this.#lines.set(namespace, line);
    return line;
  }

  /** Who is first in the line says where the line is in its round. */
  #change(line: Line<T>, change: () => void): void {
    line.round.remove(line);
    change();
    if (line.seats.size > 0) line.round.add(line);
  }

  /** Those that were not admitted in the round that ends have their turn in the next. */
  #beginRound(admits: Admits<T>): Line<T> | undefined {
    for (let { first } = this.#round; first !== undefined; first = this.#round.first) {
      this.#round.remove(first);
      first.round = this.#nextRound;
      first.round.add(first);
    }
    [this.#round, this.#nextRound] = [this.#nextRound, this.#round];
    return firstAdmitted(this.#round, admits);
  }
}

type Admits<T> = (namespace: string, first: T) => boolean;

function firstAdmitted<T>(round: Heap<Line<T>>, admits: Admits<T>): Line<T> | undefined {
  const passed: Line<T>[] = [];
  const isAdmitted = ({ namespace, seats }: Line<T>) =>
    admits(namespace, seats.first!.waiting.item);
  for (let { first } = round; first && !isAdmitted(first); first = round.first) {
    round.remove(first);
    passed.push(first);
  }
  const found = round.first;
  for (const line of passed) round.add(line);
  return found;
}

function sameUrgency(one: Urgency | undefined, other: Urgency | undefined): boolean {
  return one?.from === other?.from && one?.until === other?.until;
}

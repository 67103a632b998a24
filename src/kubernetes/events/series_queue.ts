import type { Clock } from "../../runtime/time/clock.ts";
import { Heap, type Placed } from "../../runtime/fairness/heap.ts";
import { namespaceOf, type Series } from "./event.ts";
import { Lanes } from "./lanes.ts";

/** client-go's bound: a queue must not eat the memory. */
const MOST_QUEUED = 1_000;

/** What one namespace has to write, in the order of its coming. */
interface Line extends Placed {
  readonly namespace: string;
  readonly series: Series[];
  /** Ends its waiting for a turn. It has none to come while one is written, or waits to be tried. */
  leave: (() => void) | undefined;
  isBusy: boolean;
}

/** What is to be written now; its namespace has no other turn until `end`. */
export interface Write {
  readonly series: Series;
  readonly namespace: string;
  /** Milliseconds that it may take. */
  readonly limitMs: number;
  /** Gives its place back to other namespaces. To be called once. */
  readonly leave: (tookMs: number) => void;
  /** Puts it before all others of its namespace, as it is to be tried again. */
  readonly putBack: () => void;
  /** Lets its namespace have its next turn. */
  readonly end: () => void;
}

/** Series that wait to be written, one of each namespace at a time, by turns of the namespaces. */
export class SeriesQueue {
  readonly #lanes: Lanes<Line>;
  readonly #lines = new Map<string, Line>();
  readonly #queued = new Set<Series>();
  readonly #longest = new Heap<Line>((one, other) => one.series.length > other.series.length);

  constructor(clock: Clock) {
    this.#lanes = new Lanes(clock);
  }

  /** Series that wait. */
  get size(): number {
    return this.#queued.size;
  }

  /** Series that wait or are being written. */
  get unwritten(): number {
    return this.#queued.size + this.#lanes.held;
  }

  /** Namespaces of which something is kept. */
  get namespaces(): number {
    return this.#lines.size;
  }

  has(series: Series): boolean {
    return this.#queued.has(series);
  }

  /**
   * Answers whether there was room. Where there is none, the namespace with the most in the queue
   * loses the last that came.
   */
  add(series: Series): boolean {
    const namespace = namespaceOf(series.subject);
    const hasRoom = this.#queued.size < MOST_QUEUED;
    if (!hasRoom && !this.#makeRoomFor(namespace)) return false;
    const line = this.#lines.get(namespace) ?? this.#newLine(namespace);
    this.#change(line, () => line.series.push(series));
    this.#queued.add(series);
    this.#settle(line);
    return hasRoom;
  }

  /** The next whose turn it is; undefined where none has one, or no place is free. */
  take(): Write | undefined {
    const turn = this.#lanes.take();
    if (turn === undefined) return undefined;
    const { item: line, limitMs } = turn;
    const { namespace } = line;
    line.leave = undefined;
    line.isBusy = true;
    const series = line.series[0]!;
    this.#remove(line, 0);
    const leave = (tookMs: number) => {
      turn.leave();
      this.#lanes.took(namespace, tookMs);
    };
    const end = () => {
      line.isBusy = false;
      this.#settle(line);
    };
    return { series, namespace, limitMs, leave, putBack: () => this.#putBack(line, series), end };
  }

  /** From now on many are written at once. */
  widen(): void {
    this.#lanes.widen();
  }

  clear(): void {
    for (const line of this.#lines.values()) {
      while (line.series.length > 0) this.#remove(line, line.series.length - 1);
      this.#settle(line);
    }
  }

  #newLine(namespace: string): Line {
    const line: Line = { namespace, series: [], leave: undefined, isBusy: false, place: -1 };
    this.#lines.set(namespace, line);
    this.#longest.add(line);
    return line;
  }

  #makeRoomFor(namespace: string): boolean {
    const longest = this.#longest.first!;
    const own = this.#lines.get(namespace)?.series.length ?? 0;
    if (longest.series.length <= own + 1) return false;
    this.#remove(longest, longest.series.length - 1);
    return true;
  }

  /** It may have been recorded again meanwhile, and is written with its newest count anyway. */
  #putBack(line: Line, series: Series): void {
    if (this.#queued.has(series)) this.#remove(line, line.series.indexOf(series));
    this.#change(line, () => line.series.unshift(series));
    this.#queued.add(series);
  }

  #remove(line: Line, index: number): void {
    this.#change(line, () => {
      for (const series of line.series.splice(index, 1)) this.#queued.delete(series);
    });
  }

  #change(line: Line, change: () => void): void {
    this.#longest.remove(line);
    change();
    this.#longest.add(line);
  }

  /** Has a line wait for its turn while it is not busy and holds something; an idle one goes. */
  #settle(line: Line): void {
    if (line.isBusy) return;
    if (line.series.length > 0) {
      line.leave ??= this.#lanes.enter(line, line.namespace);
      return;
    }
    line.leave?.();
    this.#longest.remove(line);
    this.#lines.delete(line.namespace);
  }
}

/** Work that holds a place is stuck after this long: each request in it has a bound of its own. */
const LONGEST_WORK_MS = 15 * 60_000;
/** Where there is work to do, some of it moves on within this time. */
const LONGEST_STILLNESS_MS = 15 * 60_000;
/** Of those who wait in one line some have their turn within this time, however many they are. */
const LONGEST_LINE_STILLNESS_MS = 60 * 60_000;

/** Those who wait for the same, in the order of their coming. */
interface Line {
  waiting: number;
  /** When a wait ended last, or who is waited for moved on, or the first began; in monotonic ms. */
  movedAt: number;
}

/**
 * Tells whether work moves on, which is what liveness is judged by: not how long work takes, since
 * it may have to wait for its turn behind many others.
 */
export class Progress {
  readonly #monotonic: () => number;
  /** When work that holds a place last moved on, by key; what has stood longest comes first. */
  readonly #inside = new Map<string, number>();
  /** When work gave its place up, by key; what has waited longest comes first. */
  readonly #outside = new Map<string, number>();
  readonly #lines = new Map<string, Line>();
  #movedAt = 0;

  /** `monotonic` answers milliseconds that only ever advance. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Something moved on, or there is something to do after a time without. */
  moved(): void {
    this.#movedAt = this.#monotonic();
  }

  /** Work on `key` has a place, or moved on in it, and with it those who wait in that `line`. */
  began(key: string, line?: string): void {
    this.moved();
    const behind = line === undefined ? undefined : this.#lines.get(line);
    if (behind !== undefined) behind.movedAt = this.#movedAt;
    this.#inside.delete(key);
    this.#inside.set(key, this.#movedAt);
  }

  /** Work on `key` holds no place any more. */
  left(key: string): void {
    this.moved();
    this.#inside.delete(key);
  }

  /**
   * Work on `key` waits, in the line of that name if it is given one. Answers what to call when that
   * wait has ended.
   */
  outside(key: string, name?: string): () => void {
    this.left(key);
    this.#outside.set(key, this.#movedAt);
    const leaveLine = name === undefined ? () => {} : this.#inLine(name);
    return () => {
      this.moved();
      this.#outside.delete(key);
      leaveLine();
    };
  }

  #inLine(name: string): () => void {
    const line = this.#lines.get(name) ?? { waiting: 0, movedAt: this.#movedAt };
    this.#lines.set(name, line);
    line.waiting++;
    return () => {
      line.movedAt = this.#movedAt;
      if (--line.waiting === 0) this.#lines.delete(name);
    };
  }

  /**
   * What has stopped, as a clause for a person; undefined where all moves on. `pending` are the
   * bindings that are worked on or wait for it.
   */
  stuck(pending: number): string | undefined {
    return this.#stuckWork() ?? this.#stillness(pending) ?? this.#stuckLine();
  }

  #stuckWork(): string | undefined {
    const [first] = this.#inside;
    return this.#tooLong(first, LONGEST_WORK_MS);
  }

  #stillness(pending: number): string | undefined {
    const forMs = this.#monotonic() - this.#movedAt;
    if (pending === 0 || forMs < LONGEST_STILLNESS_MS) return undefined;
    const [first] = this.#outside;
    return this.#tooLong(first, LONGEST_STILLNESS_MS) ??
      `nothing has moved for ${seconds(forMs)}, and ${pending} bindings wait`;
  }

  #tooLong(
    entry: readonly [key: string, since: number] | undefined,
    limitMs: number,
  ): string | undefined {
    if (entry === undefined) return undefined;
    const [key, since] = entry;
    const forMs = this.#monotonic() - since;
    return forMs < limitMs ? undefined : `work on ${key} has lasted for ${seconds(forMs)}`;
  }

  #stuckLine(): string | undefined {
    for (const [name, { waiting, movedAt }] of this.#lines) {
      const forMs = this.#monotonic() - movedAt;
      if (forMs < LONGEST_LINE_STILLNESS_MS) continue;
      return `of ${waiting} that wait for ${name} none has come back for ${seconds(forMs)}`;
    }
    return undefined;
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

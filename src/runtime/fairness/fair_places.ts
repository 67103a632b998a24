/** How many places there are, and how they are shared. */
export interface PlacesOptions {
  readonly places: number;
  /** Places in addition, which only the urgent may take when there is none of the others for them. */
  readonly forUrgent?: number;
  /**
   * Of `places`, those that the urgent leave to the others, who might never have one else. Half of
   * these are open to the urgent of a namespace that holds none.
   */
  readonly forOthers?: number;
  /**
   * How many times the `places` that it leaves free a namespace may hold: of 32, one that is alone
   * gets 24 with 3, and 1 with 0. So it is with those `forUrgent`. To the urgent, places that they
   * leave to the others are not free.
   */
  readonly alpha?: number;
}

const ALPHA = 3;

/**
 * Places that namespaces share. No number is set for each: what one may hold follows from what is
 * free (a dynamic threshold, as in the shared buffers of switches: Choudhury and Hahne, "Dynamic
 * queue length thresholds for shared-memory packet switches", 1998). So one that is alone gets most
 * of them, many get equal parts, and the last free place goes to one that holds none.
 */
export class FairPlaces {
  readonly #common = new Pool();
  readonly #forUrgent = new Pool();
  /** How many of the common places may be held by the urgent, of whoever they are. */
  #mostUrgent = 0;
  /** How many of them, where a namespace holds no other. */
  #mostUrgentFirst = 0;
  #urgentInCommon = 0;

  constructor(options: PlacesOptions) {
    this.resize(options);
  }

  /** From now on there are so many. Whoever holds more keeps them until they are given back. */
  resize({ places, forUrgent = 0, forOthers = 0, alpha = ALPHA }: PlacesOptions): void {
    this.#common.resize(places, alpha);
    this.#forUrgent.resize(forUrgent, alpha);
    this.#mostUrgent = places - forOthers;
    this.#mostUrgentFirst = this.#mostUrgent + Math.floor(forOthers / 2);
  }

  /** Places taken. */
  get held(): number {
    return this.#common.held + this.#forUrgent.held;
  }

  /** Places taken for that namespace. */
  heldBy(namespace: string): number {
    return this.#common.heldBy(namespace) + this.#forUrgent.heldBy(namespace);
  }

  /** How many namespaces hold so many places that they get no further one of the same kind. */
  get refused(): number {
    return this.#common.refused + this.#forUrgent.refused;
  }

  /** How many places are free to the urgent, or to the others. */
  free(isUrgent: boolean): number {
    if (!isUrgent) return Math.max(0, this.#common.free);
    return this.#openToUrgent(this.#mostUrgentFirst) + Math.max(0, this.#forUrgent.free);
  }

  /** Whether any place is free, and so one for a namespace that holds none. */
  hasFree(isUrgent: boolean): boolean {
    return this.free(isUrgent) > 0;
  }

  /** Whether that namespace may take a further place. */
  admits(namespace: string, isUrgent: boolean): boolean {
    return this.#poolFor(namespace, isUrgent) !== undefined;
  }

  /**
   * Takes a place for that namespace, which must be admitted. Answers what gives it back; a second
   * call of that does nothing.
   */
  take(namespace: string, isUrgent: boolean): () => void {
    const pool = this.#poolFor(namespace, isUrgent);
    if (pool === undefined) {
      throw new RangeError(`No place is free for namespace ${namespace}.`);
    }
    const urgentInCommon = pool === this.#common && isUrgent ? 1 : 0;
    pool.count(namespace, 1);
    this.#urgentInCommon += urgentInCommon;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      pool.count(namespace, -1);
      this.#urgentInCommon -= urgentInCommon;
    };
  }

  /** The urgent take what is left to others last. */
  #poolFor(namespace: string, isUrgent: boolean): Pool | undefined {
    const [common, forUrgent] = [this.#common, this.#forUrgent];
    if (!isUrgent) return common.admits(namespace, common.free) ? common : undefined;
    if (common.admits(namespace, this.#openToUrgent(this.#mostUrgent))) return common;
    if (forUrgent.admits(namespace, forUrgent.free)) return forUrgent;
    const isFirst = common.heldBy(namespace) === 0;
    return isFirst && this.#openToUrgent(this.#mostUrgentFirst) > 0 ? common : undefined;
  }

  /** How many of the common places are free to the urgent, of which so many may be theirs. */
  #openToUrgent(most: number): number {
    return Math.max(0, Math.min(this.#common.free, most - this.#urgentInCommon));
  }
}

class Pool {
  #places = 0;
  #alpha = 0;
  readonly #byNamespace = new Map<string, number>();
  held = 0;

  resize(places: number, alpha: number): void {
    this.#places = places;
    this.#alpha = alpha;
  }

  get free(): number {
    return this.#places - this.held;
  }

  heldBy(namespace: string): number {
    return this.#byNamespace.get(namespace) ?? 0;
  }

  get refused(): number {
    let refused = 0;
    for (const namespace of this.#byNamespace.keys()) {
      if (!this.admits(namespace, this.free)) refused++;
    }
    return refused;
  }

  /**
   * Whether that namespace may take one of so many that are free to it. Who holds none needs one
   * only; who holds some must leave enough for others.
   */
  admits(namespace: string, free: number): boolean {
    if (free <= 0) return false;
    const after = this.heldBy(namespace) + 1;
    return after === 1 || after <= this.#alpha * (free - 1);
  }

  count(namespace: string, change: 1 | -1): void {
    this.held += change;
    const held = this.heldBy(namespace) + change;
    if (held === 0) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, held);
  }
}

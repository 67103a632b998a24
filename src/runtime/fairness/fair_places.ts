/** How many places there are, and how they are shared. */
export interface PlacesOptions {
  readonly places: number;
  /** Places in addition, which only the urgent may take when there is none of the others for them. */
  readonly forUrgent?: number;
  /** Of `places`, those that the urgent leave to the others, who might never have one else. */
  readonly forOthers?: number;
  /**
   * How many times the `places` that it leaves free a namespace may hold: of 32, one that is alone
   * gets 24 with 3, and 1 with 0. So it is with those `forUrgent`.
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
  #mostUrgent = 0;
  #urgentInCommon = 0;

  constructor(options: PlacesOptions) {
    this.resize(options);
  }

  /** From now on there are so many. Whoever holds more keeps them until they are given back. */
  resize({ places, forUrgent = 0, forOthers = 0, alpha = ALPHA }: PlacesOptions): void {
    this.#common.resize(places, alpha);
    this.#forUrgent.resize(forUrgent, alpha);
    this.#mostUrgent = places - forOthers;
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
    const common = Math.max(0, this.#common.free);
    if (!isUrgent) return common;
    const open = Math.min(common, Math.max(0, this.#mostUrgent - this.#urgentInCommon));
    return open + Math.max(0, this.#forUrgent.free);
  }

  /** Whether any place is free, and so one for a namespace that holds none. */
  hasFree(isUrgent: boolean): boolean {
    if (this.#isOpenTo(isUrgent) && this.#common.free > 0) return true;
    return isUrgent && this.#forUrgent.free > 0;
  }

  /** Whether that namespace may take a further place. */
  admits(namespace: string, isUrgent: boolean): boolean {
    return this.#admitsToCommon(namespace, isUrgent) ||
      (isUrgent && this.#forUrgent.admits(namespace));
  }

  /**
   * Takes a place for that namespace, which must be admitted. Answers what gives it back; a second
   * call of that does nothing.
   */
  take(namespace: string, isUrgent: boolean): () => void {
    const common = this.#admitsToCommon(namespace, isUrgent);
    if (!common && !(isUrgent && this.#forUrgent.admits(namespace))) {
      throw new RangeError(`No place is free for namespace ${namespace}.`);
    }
    const pool = common ? this.#common : this.#forUrgent;
    const urgentInCommon = common && isUrgent ? 1 : 0;
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

  #admitsToCommon(namespace: string, isUrgent: boolean): boolean {
    return this.#isOpenTo(isUrgent) && this.#common.admits(namespace);
  }

  #isOpenTo(isUrgent: boolean): boolean {
    return !isUrgent || this.#urgentInCommon < this.#mostUrgent;
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
    for (const namespace of this.#byNamespace.keys()) if (!this.admits(namespace)) refused++;
    return refused;
  }

  /** Who holds none needs a free place only; who holds some must leave enough for others. */
  admits(namespace: string): boolean {
    if (this.free <= 0) return false;
    const after = this.heldBy(namespace) + 1;
    return after === 1 || after <= this.#alpha * (this.free - 1);
  }

  count(namespace: string, change: 1 | -1): void {
    this.held += change;
    const held = this.heldBy(namespace) + change;
    if (held === 0) this.#byNamespace.delete(namespace);
    else this.#byNamespace.set(namespace, held);
  }
}

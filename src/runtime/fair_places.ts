/** How many places there are, and how they are shared. */
export interface PlacesOptions {
  readonly places: number;
  /** Places in addition, which only the urgent may take when there is none of the others for them. */
  readonly forUrgent?: number;
  /**
   * How many times the places that it leaves free a namespace may hold: of 32, one that is alone
   * gets 24 with 3.
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
  readonly #common: Pool;
  readonly #forUrgent: Pool;

  constructor({ places, forUrgent = 0, alpha = ALPHA }: PlacesOptions) {
    this.#common = new Pool(places, alpha);
    this.#forUrgent = new Pool(forUrgent, alpha);
  }

  /** Places taken. */
  get held(): number {
    return this.#common.held + this.#forUrgent.held;
  }

  /** Places taken for that namespace. */
  heldBy(namespace: string): number {
    return this.#common.heldBy(namespace) + this.#forUrgent.heldBy(namespace);
  }

  /** Whether any place is free, and so one for a namespace that holds none. */
  hasFree(isUrgent: boolean): boolean {
    return this.#common.free > 0 || (isUrgent && this.#forUrgent.free > 0);
  }

  /** Whether that namespace may take a further place. */
  admits(namespace: string, isUrgent: boolean): boolean {
    return this.#common.admits(namespace) || (isUrgent && this.#forUrgent.admits(namespace));
  }

  /**
   * Takes a place for that namespace, which must be admitted. Answers what gives it back; a second
   * call of that does nothing.
   */
  take(namespace: string, isUrgent: boolean): () => void {
    const common = this.#common.admits(namespace);
    if (!common && !(isUrgent && this.#forUrgent.admits(namespace))) {
      throw new RangeError(`No place is free for namespace ${namespace}.`);
    }
    const pool = common ? this.#common : this.#forUrgent;
    pool.count(namespace, 1);
    let given = false;
    return () => {
      if (!given) pool.count(namespace, -1);
      given = true;
    };
  }
}

class Pool {
  readonly #places: number;
  readonly #alpha: number;
  readonly #byNamespace = new Map<string, number>();
  held = 0;

  constructor(places: number, alpha: number) {
    this.#places = places;
    this.#alpha = alpha;
  }

  get free(): number {
    return this.#places - this.held;
  }

  heldBy(namespace: string): number {
    return this.#byNamespace.get(namespace) ?? 0;
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

import type { Urgency } from "../runtime/fairness/fair_line.ts";

/** Somebody who waits for a result. */
export interface Asker {
  readonly namespace: string;
  /** Absent where nothing gets worse by waiting. */
  readonly urgency?: Urgency;
}

/**
 * In which lane a result is waited for. What is asked for in the last is a credential's last try
 * before its predecessor expires: no failure of others and no pause holds it back.
 */
export type Lane = "usual" | "last";

/**
 * All who wait for one result. Others may join while it is being made: whatever it waits for then is
 * waited for in their names, too, so that none of them waits longer than on its own.
 */
export class Askers {
  readonly #namespaces = new Set<string>();
  readonly #listeners = new Set<(asker: Asker) => void>();
  #urgency: Urgency | undefined;

  constructor(askers: readonly Asker[] = [], readonly lane: Lane = "usual") {
    for (const asker of askers) this.join(asker);
  }

  /** In whose names the result is waited for. */
  get namespaces(): ReadonlySet<string> {
    return this.#namespaces;
  }

  /** That of the most urgent. */
  get urgency(): Urgency | undefined {
    return this.#urgency;
  }

  /** Lets it wait for the result, too. */
  join(asker: Asker): void {
    const urgency = mostUrgent(this.#urgency, asker.urgency);
    const isNews = urgency !== this.#urgency || !this.#namespaces.has(asker.namespace);
    if (!isNews) return;
    this.#namespaces.add(asker.namespace);
    this.#urgency = urgency;
    for (const listener of this.#listeners) listener(asker);
  }

  /** Takes in `others`, and whoever joins those from now on. */
  follow(others: Askers): void {
    for (const namespace of others.#namespaces) this.join({ namespace });
    const [first] = others.#namespaces;
    if (others.#urgency !== undefined) this.join({ namespace: first!, urgency: others.#urgency });
    others.#listeners.add((asker) => this.join(asker));
  }

  /** Tells of everyone who joins. Answers what ends that. */
  onJoin(listener: (asker: Asker) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** What is too late first, and urgent from the first moment of either. */
function mostUrgent(one: Urgency | undefined, other: Urgency | undefined): Urgency | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.from <= other.from && one.until <= other.until) return one;
  return { from: Math.min(one.from, other.from), until: Math.min(one.until, other.until) };
}

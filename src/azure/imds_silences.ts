import { type Clock, isWithin } from "../runtime/time/clock.ts";

/** Longer than the turns of dozens of namespaces take, whose calls hang one after the other. */
const REMEMBERED_MS = 30 * 60_000;
/** Tenants may name any number of identities; those that were asked for last are remembered. */
const MOST_REMEMBERED = 1000;

/** What IMDS did lately, by the identity that was asked for and by the namespace that asked. */
export class ImdsSilences {
  readonly #clock: Pick<Clock, "now">;
  /** Whether it answered, and when that was. */
  readonly #identities = new Map<string, { readonly answered: boolean; readonly at: number }>();
  readonly #namespaces = new Map<string, number>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Notes whether IMDS answered a call for that identity. */
  note(identity: string, namespaces: Iterable<string>, answered: boolean): void {
    const at = this.#clock.now();
    remember(this.#identities, identity, { answered, at });
    if (answered) return;
    for (const namespace of namespaces) remember(this.#namespaces, namespace, at);
  }

  /** Whether IMDS answered the last call for that identity. */
  isProven(identity: string): boolean {
    return this.#last(identity) === true;
  }

  /**
   * Whether it is likely to hang: it did so for the identity, or for others of each of the namespaces,
   * any of which may name a new one at any time.
   */
  isDoubtful(identity: string, namespaces: ReadonlySet<string>): boolean {
    const answered = this.#last(identity);
    if (answered !== undefined) return !answered;
    return [...namespaces].every((namespace) => this.#isLately(this.#namespaces.get(namespace)));
  }

  #last(identity: string): boolean | undefined {
    const last = this.#identities.get(identity);
    return this.#isLately(last?.at) ? last!.answered : undefined;
  }

  #isLately(at: number | undefined): boolean {
    return at !== undefined && isWithin(this.#clock.now(), at, REMEMBERED_MS);
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST_REMEMBERED) return;
  const [oldest] = map.keys();
  map.delete(oldest!);
}

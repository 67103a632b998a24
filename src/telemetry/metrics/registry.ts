import { exposeFamily, type Sample } from "./exposition.ts";

/** A value for each label. */
export type Labels<L extends string> = Readonly<Record<L, string>>;

/** What every metric is declared with. */
export interface MetricOptions<L extends string> {
  readonly name: string;
  /** One sentence, with the unit where the name does not say it. */
  readonly help: string;
  readonly labels?: readonly L[];
  /** Beyond this many label sets, new ones are counted together. 500 unless told. */
  readonly maxSeries?: number;
}

/** A value and the labels it belongs to, for metrics that are collected when asked for. */
export interface Observation<L extends string> {
  readonly labels: Labels<L>;
  readonly value: number;
}

/** A metric as it was declared. */
export interface Declared {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
}

interface Family {
  readonly declared: Declared;
  readonly expose: () => string;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;

/** What stands in every label of the series that holds the rest. */
export const OVERFLOW = "other";

/** Declares metrics and writes them in Prometheus' text format 0.0.4. */
export class Registry {
  readonly #families = new Map<string, Family>();

  /** Declares a total that only grows. Its name should end in `_total`. */
  counter<L extends string = never>(options: MetricOptions<L>): Counter<L> {
    const counter = new Counter(options);
    this.#add(options, "counter", () => counter.samples());
    return counter;
  }

  /** Declares a total without labels that something else keeps and `total` asks for. */
  counterOf(options: MetricOptions<never> & { readonly total: () => number }): void {
    assertNames(options);
    this.#add(options, "counter", () => [{ labels: [], value: options.total() }]);
  }

  /** Declares a value that goes up and down. */
  gauge<L extends string = never>(options: MetricOptions<L>): Gauge<L> {
    const gauge = new Gauge(options);
    this.#add(options, "gauge", () => gauge.samples());
    return gauge;
  }

  /** Declares a distribution. `buckets` are upper bounds, rising, without the infinite one. */
  histogram<L extends string = never>(
    options: MetricOptions<L> & { readonly buckets: readonly number[] },
  ): Histogram<L> {
    const histogram = new Histogram(options);
    this.#add(options, "histogram", () => histogram.samples());
    return histogram;
  }

  /** Every metric in the order of declaration. Throws what a `collect` callback throws. */
  expose(): string {
    return [...this.#families.values()].map(({ expose }) => expose()).join("");
  }

  /** What is known of every metric without a look at its values, in the order of declaration. */
  declared(): readonly Declared[] {
    return [...this.#families.values()].map(({ declared }) => declared);
  }

  #add<L extends string>(
    { name, help, labels = [] }: MetricOptions<L>,
    type: Declared["type"],
    samples: () => Iterable<Sample>,
  ): void {
    if (this.#families.has(name)) throw new TypeError(`The metric ${name} is declared twice`);
    this.#families.set(name, {
      declared: { name, type, help, labels },
      expose: () => exposeFamily(name, type, help, samples()),
    });
  }
}

/** The label sets of one metric, each with its state, up to a limit. */
class Series<L extends string, State> {
  readonly name: string;
  readonly #labels: readonly L[];
  readonly #limit: number;
  readonly #create: () => State;
  readonly #states = new Map<string, { readonly labels: [L, string][]; readonly state: State }>();

  constructor(options: MetricOptions<L>, create: () => State) {
    assertNames(options);
    const { name, labels = [], maxSeries = 500 } = options;
    this.name = name;
    this.#labels = labels;
    this.#limit = maxSeries;
    this.#create = create;
    // Without labels there is exactly one series, and it shows from the start.
    if (labels.length === 0) this.of({} as Labels<L>);
  }

  of(labels: Labels<L>): State {
    const key = keyOf(this.#labels, labels);
    const known = this.#states.get(key);
    if (known !== undefined) return known.state;
    return this.#states.size < this.#limit ? this.#start(key, labels) : this.#overflow();
  }

  clear(): void {
    this.#states.clear();
  }

  /** Sorted by label values, so that two expositions can be compared. */
  entries(): { readonly labels: [L, string][]; readonly state: State }[] {
    return [...this.#states].sort(([a], [b]) => a < b ? -1 : 1).map(([, entry]) => entry);
  }

  #overflow(): State {
    const labels = Object.fromEntries(
      this.#labels.map((label) => [label, OVERFLOW]),
    ) as Labels<L>;
    const key = keyOf(this.#labels, labels);
    return this.#states.get(key)?.state ?? this.#start(key, labels);
  }

  #start(key: string, labels: Labels<L>): State {
    const state = this.#create();
    const pairs = this.#labels.map((label): [L, string] => [label, labels[label]]);
    this.#states.set(key, { labels: pairs, state });
    return state;
  }
}

function assertNames({ name, labels = [] }: MetricOptions<string>): void {
  if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is no metric name`);
  for (const label of labels) {
    if (!LABEL.test(label)) throw new TypeError(`${JSON.stringify(label)} is no label name`);
  }
}

/** Built without an array, since it is built for each request. No label value holds a NUL. */
function keyOf<L extends string>(names: readonly L[], labels: Labels<L>): string {
  let key = "";
  for (const name of names) key += `${labels[name]}\0`;
  return key;
}

/** A total that only grows, per label set. */
export class Counter<L extends string> {
  readonly #series: Series<L, { value: number }>;

  constructor(options: MetricOptions<L>) {
    this.#series = new Series(options, () => ({ value: 0 }));
  }

  /** Adds `by`, which is 0 or more. */
  inc(labels: Labels<L>, by = 1): void {
    if (!(by >= 0)) throw new RangeError(`${this.#series.name} cannot grow by ${by}`);
    this.#series.of(labels).value += by;
  }

  samples(): Sample[] {
    return this.#series.entries().map(({ labels, state }) => ({ labels, value: state.value }));
  }
}

/** A value that goes up and down, per label set. */
export class Gauge<L extends string> {
  readonly #series: Series<L, { value: number }>;
  #collect: (() => Iterable<Observation<L>>) | undefined;

  constructor(options: MetricOptions<L>) {
    this.#series = new Series(options, () => ({ value: 0 }));
  }

  set(labels: Labels<L>, value: number): void {
    this.#series.of(labels).value = value;
  }

  add(labels: Labels<L>, by: number): void {
    this.#series.of(labels).value += by;
  }

  /**
   * From now on the values are those that `callback` answers at each exposition; label sets that it
   * leaves out are gone. A second call replaces the first.
   */
  collect(callback: () => Iterable<Observation<L>>): void {
    this.#collect = callback;
  }

  samples(): Sample[] {
    if (this.#collect !== undefined) {
      this.#series.clear();
      // What falls together beyond the limit of label sets is added up.
      for (const { labels, value } of this.#collect()) this.#series.of(labels).value += value;
    }
    return this.#series.entries().map(({ labels, state }) => ({ labels, value: state.value }));
  }
}

/** How values are distributed, per label set. */
export class Histogram<L extends string> {
  readonly #buckets: readonly number[];
  readonly #series: Series<L, { counts: number[]; sum: number; count: number }>;

  constructor(options: MetricOptions<L> & { readonly buckets: readonly number[] }) {
    const { name, buckets, labels } = options;
    if (!buckets.every((bound, index) => index === 0 || bound > buckets[index - 1]!)) {
      throw new TypeError(`The buckets of ${name} do not rise`);
    }
    if (labels?.some((label) => label === "le")) {
      throw new TypeError(`The label le of ${name} is the buckets' own`);
    }
    this.#buckets = buckets;
    this.#series = new Series(options, () => ({
      counts: buckets.map(() => 0),
      sum: 0,
      count: 0,
    }));
  }

  observe(labels: Labels<L>, value: number): void {
    const state = this.#series.of(labels);
    const bucket = this.#buckets.findIndex((bound) => value <= bound);
    if (bucket >= 0) state.counts[bucket]!++;
    state.sum += value;
    state.count++;
  }

  samples(): Sample[] {
    return this.#series.entries().flatMap(({ labels, state }) => {
      let below = 0;
      const bounded = this.#buckets.map((bound, index): Sample => ({
        suffix: "_bucket",
        labels: [...labels, ["le", String(bound)]],
        value: below += state.counts[index]!,
      }));
      return [
        ...bounded,
        { suffix: "_bucket", labels: [...labels, ["le", "+Inf"]], value: state.count },
        { suffix: "_sum", labels, value: state.sum },
        { suffix: "_count", labels, value: state.count },
      ];
    });
  }
}

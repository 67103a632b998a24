import { BoundedMap } from "../../runtime/bounded_map.ts";
import {
  eventMessage,
  eventName,
  type EventSubject,
  type EventType,
  type Series,
} from "./event.ts";

/** How much may be told, in client-go's measure but for the smaller number of series. */
export interface CorrelatorLimits {
  /** Without an occurrence for this long, in ms, the next one starts a new Event. */
  readonly windowMs: number;
  /** Writes at once about one object and type. */
  readonly burst: number;
  /** Milliseconds after which one more write about it is allowed. */
  readonly refillMs: number;
  /** Series and objects remembered; each series holds a message. */
  readonly series: number;
  readonly objects: number;
}

/** 10 minutes, 25 at once, one more every 5 minutes. */
export const DEFAULT_LIMITS: CorrelatorLimits = {
  windowMs: 600_000,
  burst: 25,
  refillMs: 300_000,
  series: 1_024,
  objects: 4_096,
};

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Folds occurrences into series and says which of them are worth a write. Pure but for memory. */
export class Correlator {
  readonly #limits: CorrelatorLimits;
  readonly #series: BoundedMap<string, Series>;
  readonly #buckets: BoundedMap<string, Bucket>;
  #serial = 0;

  constructor(limits: CorrelatorLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
    this.#series = new BoundedMap(limits.series);
    this.#buckets = new BoundedMap(limits.objects);
  }

  /**
   * Counts an occurrence. Answers its series when that is to be written, `undefined` when the object
   * has had its share; the next write then tells of all that came in between.
   */
  observe(
    subject: EventSubject,
    type: EventType,
    reason: string,
    text: string,
    nowMs: number,
  ): Series | undefined {
    const message = eventMessage(text);
    const key = JSON.stringify([subject.uid, type, reason, message]);
    const known = this.#series.get(key);
    const isRecent = known !== undefined && nowMs - known.lastMs <= this.#limits.windowMs;
    const series = isRecent ? known : this.#begin(subject, type, reason, message, nowMs);
    if (!isRecent) this.#series.set(key, series);
    series.count += 1;
    series.lastMs = nowMs;
    return this.#mayWrite(JSON.stringify([subject.uid, type]), nowMs) ? series : undefined;
  }

  #begin(
    subject: EventSubject,
    type: EventType,
    reason: string,
    message: string,
    nowMs: number,
  ): Series {
    const name = eventName(subject.name, nowMs, this.#serial++);
    const times = { firstMs: nowMs, lastMs: nowMs };
    return { subject, type, reason, message, eventName: name, ...times, count: 0 };
  }

  #mayWrite(key: string, nowMs: number): boolean {
    const { burst, refillMs } = this.#limits;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    const refilled = Math.max(0, nowMs - bucket.atMs) / refillMs;
    const tokens = Math.min(burst, bucket.tokens + refilled);
    const allowed = tokens >= 1;
    this.#buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, atMs: nowMs });
    return allowed;
  }
}

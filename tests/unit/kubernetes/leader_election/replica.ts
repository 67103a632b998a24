import {
  LeaderElector,
  type LeaderElectorOptions,
  type LeadershipChange,
} from "../../../../src/kubernetes/leader_election/elector.ts";
import { type Logger, loggerOver } from "../../../../src/telemetry/log/logger.ts";
import type { FakeLeases } from "./fake_leases.ts";
import type { FakeTime } from "../fake_time.ts";

/** Keeps what is logged, as `level: message`, the holder or the error behind it. */
function memoryLog(lines: string[], time: FakeTime): Logger {
  return loggerOver(({ level, message, fields: { holder, error } }) => {
    const more = holder ?? (error instanceof Error ? error.message : error);
    lines.push(`${level}: ${message}${more === undefined ? "" : ` (${more})`}`);
  }, time.clock);
}

/** A span of leading, in ms since the test began; `to` is absent while it lasts. */
export interface Span {
  who: string;
  from: number;
  to?: number;
}

export interface ReplicaOptions extends Partial<Omit<LeaderElectorOptions, "leases">> {
  time: FakeTime;
  leases: FakeLeases;
  identity?: string;
  /** How long the work takes to stop once it has been told to, in ms. */
  drainMs?: number;
  /** The work itself, instead of one that goes on until it is told to stop. */
  work?: (signal: AbortSignal) => Promise<void>;
}

/** One process of the operator, as far as its election is concerned. */
export class Replica {
  readonly log: string[] = [];
  readonly changes: LeadershipChange["kind"][] = [];
  readonly spans: Span[] = [];
  readonly elector: LeaderElector;
  /** What the work's signal aborted with. */
  reason: unknown;
  /** `running`, `resolved`, or what `run` rejected with. */
  outcome: unknown = "running";
  endedAt: number | undefined;
  readonly #options: ReplicaOptions;
  readonly #root = new AbortController();
  readonly #who: string;
  #killed = false;

  constructor(options: ReplicaOptions) {
    const { time, leases, identity = "a", drainMs: _, work: __, ...rest } = options;
    this.#options = options;
    this.#who = identity;
    this.elector = new LeaderElector({
      namespace: "acrpull",
      name: "aks.azure.com",
      clock: time.clock,
      monotonic: time.elapsed,
      random: () => 0.5,
      log: memoryLog(this.log, time),
      onChange: (change) => this.changes.push(change.kind),
      ...rest,
      identity,
      leases: leases.client(identity),
    });
  }

  get isLeading(): boolean {
    const last = this.spans.at(-1);
    return last !== undefined && last.to === undefined;
  }

  start(): this {
    const { time, work } = this.#options;
    const ended = (outcome: unknown) => {
      this.outcome = outcome;
      this.endedAt = time.elapsed();
    };
    const lead = (signal: AbortSignal) => this.#lead(signal, work ?? ((own) => this.#work(own)));
    this.elector.run(this.#root.signal, lead).then(() => ended("resolved"), ended);
    return this;
  }

  /** SIGTERM. */
  terminate(): void {
    this.#root.abort(new Error("terminated"));
  }

  /** kill -9: nothing that it does from now on reaches anyone. The fake server must be told too. */
  kill(): void {
    this.#killed = true;
    this.#endSpan();
  }

  get isKilled(): boolean {
    return this.#killed;
  }

  async #lead(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (!this.#killed) this.spans.push({ who: this.#who, from: this.#options.time.elapsed() });
    signal.addEventListener("abort", () => this.reason = signal.reason);
    try {
      await work(signal);
    } finally {
      this.#endSpan();
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { time, drainMs = 0 } = this.#options;
    if (!signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    }
    if (drainMs > 0) await new Promise<void>((resolve) => time.clock.after(drainMs, resolve));
  }

  #endSpan(): void {
    const last = this.spans.at(-1);
    if (last) last.to ??= this.#options.time.elapsed();
  }
}

import type { Calls } from "../cluster/api_calls.ts";
import type { AzureSeen } from "../servers/azure.ts";
import type { Aim, Judgement } from "./aims.ts";

/** What a case measured. Seconds and bytes. A case leaves out what it does not measure. */
export interface Figures {
  readonly bindings?: number;
  /** From the operator's start until every binding was where it should be. */
  readonly readySeconds?: number;
  readonly p50Seconds?: number;
  readonly cpuSeconds?: number;
  /** CPU time a binding, divided by that among the fewest bindings that were measured. */
  readonly cpuTimesFewest?: number;
  /** Of API server and etcd together, meanwhile. */
  readonly serverCpuSeconds?: number;
  readonly peakRssBytes?: number;
  readonly rssBytes?: number;
  /** The part of `rssBytes` that is pages of Deno's own executable and libraries. */
  readonly mappedBytes?: number;
  /** The longest time for which the event loop was kept, by the operator's own metric. */
  readonly stallSeconds?: number;
  /** The longest time without a renewal of the Lease. */
  readonly renewalGapSeconds?: number | undefined;
  /** The longest that an answer of /healthz took. */
  readonly healthSeconds?: number | undefined;
  /** The longest that a new binding of another namespace waited. */
  readonly newcomerSeconds?: number;
  /** The longest that a refresh of another namespace was late. */
  readonly refreshSeconds?: number;
  readonly imdsCallsPerSecond?: number;
  /** Answers of /healthz that it is not well, and those that never came. */
  readonly failedProbes?: number;
  /** The most that the control group was charged, page cache included. */
  readonly cgroupPeakBytes?: number;
  /** Processes that the kernel killed for want of memory. */
  readonly oomKills?: number;
  /** CPU time in a second without work. */
  readonly idleCpuMillisPerSecond?: number;
  readonly azure?: AzureSeen;
  /** As the operator counts them; refusals carry their code. */
  readonly calls?: Calls;
  readonly writesPerBinding?: number;
}

/** What one run of a case found for one of its lines. */
export interface Measurement extends Figures {
  /** The line's. */
  readonly case: string;
  /** What went otherwise than it should have. */
  readonly problems: readonly string[];
}

/** What a line tells of, which decides in which tables it stands. */
export type Kind = "rollout" | "memory" | "idle" | "growth";

/** A line that a case adds to the tables, known before anything is measured. */
export interface Line {
  readonly case: string;
  readonly title: string;
  readonly kind: Kind;
  readonly aims: readonly Aim[];
}

/** The least and the most of several runs. */
export type Range = readonly [least: number, most: number];

/** What a line shows: of several runs the median of each figure. */
export interface Result extends Measurement, Omit<Line, "aims"> {
  readonly runs: number;
  /** Of each figure that was not the same in all runs. */
  readonly ranges: Readonly<Record<string, Range>>;
  readonly aims: readonly Judgement[];
}

/** Bytes as the megabytes of 10^6 that the aims speak of. */
export function megabytes(bytes: number): number {
  return bytes / 1e6;
}

import type { Calls } from "../cluster/api_calls.ts";
import type { AzureSeen } from "../servers/azure.ts";

/** What was hoped for and what came. */
export interface Aim {
  /** Such as `all ready within 12 s`. */
  readonly what: string;
  readonly met: boolean;
  /** What came instead, with its unit. */
  readonly came: string;
}

/** What a case measured. Seconds and bytes. A case leaves out what it does not measure. */
export interface Figures {
  readonly bindings?: number;
  /** From the operator's start until every binding was where it should be. */
  readonly readySeconds?: number;
  readonly p50Seconds?: number;
  readonly cpuSeconds?: number;
  /** Of API server and etcd together, meanwhile. */
  readonly serverCpuSeconds?: number;
  readonly peakRssBytes?: number;
  readonly rssBytes?: number;
  /** The part of `rssBytes` that is pages of Deno's own executable and libraries. */
  readonly mappedBytes?: number;
  /** The most that the control group was charged, page cache included. */
  readonly cgroupPeakBytes?: number;
  /** CPU time in a second without work. */
  readonly idleCpuMillisPerSecond?: number;
  readonly azure?: AzureSeen;
  /** As the operator counts them; refusals carry their code. */
  readonly calls?: Calls;
  readonly writesPerBinding?: number;
}

/** One line of the table. */
export interface Result extends Figures {
  readonly case: string;
  readonly title: string;
  readonly aims: readonly Aim[];
  /** What went otherwise than it should have. */
  readonly problems: readonly string[];
}

/** An aim that a number must not exceed. Undefined where the bench runs with smaller numbers. */
export function atMost(what: string, value: number, limit: number, unit: string): Aim {
  return {
    what: `${what} <= ${limit} ${unit}`.trimEnd(),
    met: value <= limit,
    came: rounded(value, unit).trimEnd(),
  };
}

/** An aim that a number must meet exactly. */
export function exactly(what: string, value: number, expected: number): Aim {
  return { what: `${expected} ${what}`, met: value === expected, came: `${value}` };
}

function rounded(value: number, unit: string): string {
  return `${Number(value.toPrecision(3))} ${unit}`;
}

/** Bytes as the megabytes of 10^6 that the aims speak of. */
export function megabytes(bytes: number): number {
  return bytes / 1e6;
}

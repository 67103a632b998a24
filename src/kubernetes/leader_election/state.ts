import type { Stored } from "../resources/object.ts";
import { type Lease, type LeaseRecord, microTime, recordOf, sameRecord } from "./record.ts";

/**
 * A Lease as this process has seen it. `since` is when the record was first seen as it is, by the
 * process's own monotonic time, in ms. Only that decides expiry: the times inside the record are by
 * another machine's clock, which may be wrong.
 */
export interface SeenLease {
  readonly lease: Stored<Lease>;
  readonly record: LeaseRecord;
  readonly since: number;
}

/** What the last read told: the Lease, or that there is none beside what was seen before. */
export interface Sight {
  readonly seen: SeenLease | undefined;
  readonly exists: boolean;
}

/** One contender in the election. */
export interface Contender {
  readonly identity: string;
  readonly leaseMs: number;
  /** It leads at present, so it may only renew, never take over. */
  readonly leading: boolean;
}

/** The present on both clocks, in ms: `monotonic` for judging, `wall` for what others read. */
export interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

/** What a contender is to do next. */
export type Decision =
  | { readonly kind: "create"; readonly record: LeaseRecord }
  | { readonly kind: "update"; readonly seen: SeenLease; readonly record: LeaseRecord }
  | { readonly kind: "yield"; readonly holder: string; readonly freeAt: number };

/** Takes a Lease just read into account. An unchanged record keeps its time. */
export function observe(
  before: SeenLease | undefined,
  lease: Stored<Lease>,
  nowMs: number,
): SeenLease {
  const record = recordOf(lease);
  const unchanged = before !== undefined && sameRecord(before.record, record);
  return { lease, record, since: unchanged ? before.since : nowMs };
}

/** The monotonic time, in ms, from which on a candidate may take the lease. */
export function freeAt({ record, since }: SeenLease): number {
  return record.holderIdentity === "" ? since : since + record.leaseDurationSeconds * 1000;
}

/**
 * The election's rule, that of client-go's tools/leaderelection but for two points where it is
 * stricter. A leader that finds the lease in another hand yields at once instead of trying until
 * its deadline. A candidate that finds the Lease deleted waits for the end of the last holder's
 * time, since a deletion does not stop that holder.
 */
export function decide({ seen, exists }: Sight, self: Contender, now: Instant): Decision {
  const mine = seen?.record.holderIdentity === self.identity;
  if (seen && !mine && (self.leading ? exists : now.monotonic < freeAt(seen))) {
    return { kind: "yield", holder: seen.record.holderIdentity, freeAt: freeAt(seen) };
  }
  const record = held(self, now, mine ? seen.record : undefined, exists ? seen?.record : undefined);
  return exists && seen ? { kind: "update", seen, record } : { kind: "create", record };
}

/** The record of a lease given back, as client-go writes it: free for anyone at once. */
export function released(record: LeaseRecord, now: Instant): LeaseRecord {
  const time = microTime(now.wall);
  return {
    holderIdentity: "",
    // The API refuses 0.
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: record.leaseTransitions,
  };
}

function held(
  self: Contender,
  now: Instant,
  own: LeaseRecord | undefined,
  previous: LeaseRecord | undefined,
): LeaseRecord {
  const time = microTime(now.wall);
  return {
    holderIdentity: self.identity,
    leaseDurationSeconds: self.leaseMs / 1000,
    acquireTime: own?.acquireTime || time,
    renewTime: time,
    leaseTransitions: own?.leaseTransitions ??
      (previous === undefined ? 0 : previous.leaseTransitions + 1),
  };
}

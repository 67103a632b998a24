import type { Lease, LeaseSpec } from "kubernetes-types/coordination/v1.d.ts";

export type { Lease } from "kubernetes-types/coordination/v1.d.ts";

/** The election's record: all of a Lease's spec that client-go's lock reads and writes. */
export type LeaseRecord = Readonly<Required<LeaseSpec>>;

/** The record that a Lease holds; absent fields are empty. An empty holder means nobody. */
export function recordOf(lease: Lease): LeaseRecord {
  const spec = lease.spec ?? {};
  return {
    holderIdentity: spec.holderIdentity ?? "",
    leaseDurationSeconds: spec.leaseDurationSeconds ?? 0,
    acquireTime: spec.acquireTime ?? "",
    renewTime: spec.renewTime ?? "",
    leaseTransitions: spec.leaseTransitions ?? 0,
  };
}

/** Says that nobody has written the record in between. */
export function sameRecord(one: LeaseRecord, other: LeaseRecord): boolean {
  return one.holderIdentity === other.holderIdentity &&
    one.leaseDurationSeconds === other.leaseDurationSeconds &&
    one.acquireTime === other.acquireTime &&
    one.renewTime === other.renewTime &&
    one.leaseTransitions === other.leaseTransitions;
}

/** A Kubernetes MicroTime: RFC 3339 in UTC with exactly six digits of a second's fraction. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace("Z", "000Z");
}

/** How controller-runtime names a holder: readable by the host, unique by the UUID. */
export function leaderIdentity(hostname: string, uuid: string): string {
  return `${hostname}_${uuid}`;
}

import { faultsIn } from "./faults.ts";
import type { Condition } from "./view.ts";

/** A value of a spec that is longer than this release's CRDs admit. */
export interface Overlong {
  readonly field: string;
  /** In Unicode characters, as `most`; in UTF-16 units where it is twice as much. */
  readonly length: number;
  readonly most: number;
}

/** What a cached binding says of what was left out of it. */
export interface Kept {
  /** Values of the spec that are too long to be used, and were cut. */
  readonly overlong?: readonly Overlong[];
  /** Finalizers or conditions of others are left out: read the binding before these are written. */
  readonly isIncomplete?: true;
}

/** Whether the operator writes conditions of that type. */
export function isOurCondition({ type }: Pick<Condition, "type">): boolean {
  return type === "Ready" || type === "Stalled";
}

/** Values of the spec that are too long, one sentence each. Objects of other CRDs may have such. */
export function faultsOfLength({ overlong = [] }: Kept): string[] {
  return overlong.flatMap(({ field, length, most }) =>
    faultsIn(field, `has ${length} characters; give at most ${most}`)
  );
}

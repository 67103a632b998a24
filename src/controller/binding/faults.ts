import type { InvalidSpec } from "./view.ts";

/**
 * The fault of one field as the sentences of a spec's faults: none where `fault` is undefined, which
 * otherwise says what is wrong with the value and what to do, to follow the name of the field.
 */
export function faultsIn(field: string, fault: string | undefined): string[] {
  return fault === undefined ? [] : [`${field} ${fault}.`];
}

/** A spec with these faults, one sentence each, all of which are told together. */
export function invalid(faults: readonly string[]): InvalidSpec {
  return { kind: "invalid", message: faults.join(" ") };
}

import type { Plan } from "../../../../src/controller/plan/actions.ts";
import { plan as planFor } from "../../../../src/controller/plan/plan.ts";
import { type Situation, understand } from "../../../../src/controller/plan/situation.ts";
import type { Snapshot as Known } from "../../../../src/controller/plan/snapshot.ts";
import {
  inputsOfAttempt as inputsIn,
  type Trouble,
} from "../../../../src/controller/plan/trouble.ts";
import { NOW } from "../builders.ts";

/** What is known of the cluster, and what failed last. */
export interface Snapshot extends Known {
  readonly trouble?: Trouble;
}

/** What follows from a snapshot at `now`. */
export function situationOf({ trouble, ...known }: Snapshot, now: number): Situation {
  return understand(known, trouble, now);
}

/** The plan for a snapshot at `now`. */
export function plan(snapshot: Snapshot, now: number): Plan {
  return planFor(situationOf(snapshot, now));
}

/** The inputs of an attempt made from a snapshot. */
export function inputsOfAttempt(
  snapshot: Snapshot,
  trouble?: Pick<Trouble, "anySecret">,
): string {
  return inputsIn(situationOf(snapshot, NOW), trouble);
}

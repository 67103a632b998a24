import type { Plan } from "../../../../src/controller/plan/actions.ts";
import { plan as planFor } from "../../../../src/controller/plan/plan.ts";
import { understand } from "../../../../src/controller/plan/situation.ts";
import type { Snapshot, Trouble } from "../../../../src/controller/plan/snapshot.ts";
import { inputsOfAttempt as inputsIn } from "../../../../src/controller/plan/trouble.ts";
import { NOW } from "../builders.ts";

/** The plan for a snapshot at `now`. */
export function plan(snapshot: Snapshot, now: number): Plan {
  return planFor(understand(snapshot, now));
}

/** The inputs of an attempt made from a snapshot. */
export function inputsOfAttempt(
  snapshot: Snapshot,
  trouble?: Pick<Trouble, "anySecret">,
): string {
  return inputsIn(understand(snapshot, NOW), trouble);
}

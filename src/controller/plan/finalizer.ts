import { FINALIZER } from "../conventions.ts";
import type { Action } from "./actions.ts";
import type { Snapshot } from "./snapshot.ts";

/** Holds the binding back from deletion before anything is made for it. */
export function finalizer({ binding }: Pick<Snapshot, "binding">): readonly Action[] {
  return binding.finalizers.includes(FINALIZER) ? [] : [{ kind: "addFinalizer" }];
}

import type { RestClient } from "../../src/kubernetes/http/contract.ts";
import type { Clock } from "../../src/runtime/time/clock.ts";
import { applyAll } from "./apply.ts";
import { changeTexts, leftoverTexts } from "./diff.ts";
import { findLeftovers, type Leftover } from "./leftovers.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { type Rehearsal, rehearse } from "./rehearsal.ts";

/** What to do on a cluster. */
export interface ClusterTask {
  readonly kind: "apply" | "diff";
  /** Takes over fields that others have set. */
  readonly force: boolean;
  /** Deletes what was installed once and is no part of the installation any more. */
  readonly prune: boolean;
}

/** Where it is told, by line, and what ends it. */
export interface Surroundings {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Exit code of a failure: that of a difference is 1. */
export const FAILURE = { apply: 1, diff: 2 } as const;

/**
 * Compares or applies an installation, which are all of `manifests`. The API server tries all of it
 * first: nothing is written unless everything can be. Answers the exit code: for `diff` 0 where the
 * cluster is as it should be, 1 where not, 2 for what cannot be applied; for `apply` 0 or 1.
 * Rejects with ApiError.
 */
export async function onCluster(
  rest: RestClient,
  manifests: readonly Manifest[],
  task: ClusterTask,
  surroundings: Surroundings,
): Promise<number> {
  const { clock, signal, out, err } = surroundings;
  const { force, prune } = task;
  const rehearsal = await rehearse(rest, manifests, { force, signal });
  const leftovers = await findLeftovers(rest, manifests, signal);
  if (task.kind === "diff") return tellDifferences(rehearsal, leftovers, prune, surroundings);
  const { problems } = rehearsal;
  if (problems.length > 0) {
    [...problems, "Nothing was written."].forEach(err);
    return FAILURE.apply;
  }
  out(await applyAll(rest, manifests, leftovers, { force, prune, clock, signal, tell: out }));
  return 0;
}

function tellDifferences(
  { applied, problems }: Rehearsal,
  leftovers: readonly Leftover[],
  prune: boolean,
  { out, err }: Surroundings,
): number {
  const texts = [...changeTexts(applied), ...leftoverTexts(leftovers, prune)];
  if (texts.length > 0) out(texts.join("\n\n"));
  problems.forEach(err);
  if (problems.length > 0) return FAILURE.diff;
  return texts.length === 0 ? 0 : 1;
}

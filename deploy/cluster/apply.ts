import type { RestClient } from "../../src/kubernetes/http/contract.ts";
import { type Clock, sleep } from "../../src/runtime/time/clock.ts";
import { deleteLeftover, type Leftover, toldOf } from "./leftovers.ts";
import { describe, type Manifest } from "../manifests/manifest.ts";
import {
  applyOne,
  type ApplyOptions,
  type Change,
  changeOf,
  readOne,
} from "./server_side_apply.ts";

/** What applying needs beside the objects. */
export interface ApplyAllOptions extends ApplyOptions {
  /** Deletes what is left over. */
  readonly prune: boolean;
  readonly clock: Clock;
  /** Takes one line for each object. */
  readonly tell: (line: string) => void;
}

const ESTABLISHED_MS = 30_000;
const POLL_MS = 100;

/**
 * Applies all, in order, and tells of each, then of what is left over. CRDs that were applied are
 * served when it resolves. Answers the line that sums up. Rejects with the ApiError of the first
 * object that is refused, whose message names it.
 */
export async function applyAll(
  rest: RestClient,
  manifests: readonly Manifest[],
  leftovers: readonly Leftover[],
  options: ApplyAllOptions,
): Promise<string> {
  const counts: Record<Change, number> = { created: 0, changed: 0, unchanged: 0 };
  for (const manifest of manifests) {
    const change = changeOf(await applyOne(rest, manifest, options));
    counts[change] += 1;
    options.tell(`${change.padEnd(9)} ${describe(manifest)}`);
  }
  const crds = manifests.filter(({ kind }) => kind === "CustomResourceDefinition");
  for (const crd of crds) await untilEstablished(rest, crd, options);
  const { prune, signal } = options;
  for (const leftover of leftovers) {
    if (prune) await deleteLeftover(rest, leftover, signal);
    options.tell(toldOf(leftover, prune));
  }
  const { created, changed, unchanged } = counts;
  const sum = `${created} created, ${changed} changed, ${unchanged} unchanged`;
  if (leftovers.length === 0) return sum;
  const fate = prune ? "deleted" : "left over from before: --prune deletes them";
  return `${sum}, ${leftovers.length} ${fate}`;
}

async function untilEstablished(
  rest: RestClient,
  crd: Manifest,
  { clock, signal }: ApplyAllOptions,
): Promise<void> {
  const deadline = clock.now() + ESTABLISHED_MS;
  while (!isEstablished(await readOne(rest, crd, signal))) {
    if (clock.now() >= deadline) {
      throw new Error(
        `${describe(crd)} is not served ${ESTABLISHED_MS / 1000} s after it was applied: ` +
          `its status says why.`,
      );
    }
    await sleep(clock, POLL_MS, signal);
  }
}

function isEstablished(crd: Awaited<ReturnType<typeof readOne>>): boolean {
  const status = crd?.status as { conditions?: { type: string; status: string }[] } | undefined;
  return status?.conditions?.some(({ type, status }) =>
    type === "Established" && status === "True"
  ) ?? false;
}

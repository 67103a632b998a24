import type { JSONObject, RestClient } from "../src/kubernetes/contract.ts";
import { isNotFound } from "../src/kubernetes/errors.ts";
import { type Clock, sleep } from "../src/runtime/clock.ts";
import { describe, type Manifest } from "./manifests/manifest.ts";
import { pathOf } from "./resources.ts";

/** Who is named in `managedFields` of what is applied. */
export const FIELD_MANAGER = "msi-acrpull-deploy";

/** What became of an object. */
export type Change = "created" | "changed" | "unchanged";

/** How to apply. */
export interface ApplyOptions {
  /** Takes over fields that others have set, where it would be a conflict. */
  readonly force: boolean;
  readonly signal: AbortSignal;
}

/** An object's state before and after, or as it would be after. */
export interface Applied {
  readonly manifest: Manifest;
  readonly before: JSONObject | undefined;
  readonly after: JSONObject;
}

const ESTABLISHED_MS = 30_000;
const POLL_MS = 100;

/** Applies one object server-side, or only asks what would come of it. Rejects with ApiError. */
export async function applyOne(
  rest: RestClient,
  manifest: Manifest,
  { force, signal }: ApplyOptions,
  dryRun = false,
): Promise<Applied> {
  const before = await read(rest, manifest, signal);
  const query = new URLSearchParams({ fieldManager: FIELD_MANAGER, force: `${force}` });
  if (dryRun) query.set("dryRun", "All");
  const after = await rest.performRequest({
    method: "PATCH",
    path: pathOf(manifest),
    querystring: query,
    contentType: "application/apply-patch+yaml",
    bodyJson: manifest as unknown as JSONObject,
    expectJson: true,
    abortSignal: signal,
  });
  return { manifest, before, after: after as JSONObject };
}

/** Whether an applied object is new, another than before, or the same. */
export function changeOf({ before, after }: Applied): Change {
  if (before === undefined) return "created";
  const version = (object: JSONObject) => (object.metadata as JSONObject).resourceVersion;
  return version(before) === version(after) ? "unchanged" : "changed";
}

/**
 * Applies all, in order, and tells of each. CRDs that were applied are served before anything else
 * follows. Rejects with the ApiError of the first object that is refused, whose message names it.
 */
export async function applyAll(
  rest: RestClient,
  manifests: readonly Manifest[],
  options: ApplyOptions & { clock: Clock; tell: (line: string) => void },
): Promise<Record<Change, number>> {
  const counts: Record<Change, number> = { created: 0, changed: 0, unchanged: 0 };
  for (const manifest of manifests) {
    const change = changeOf(await applyOne(rest, manifest, options));
    counts[change] += 1;
    options.tell(`${change.padEnd(9)} ${describe(manifest)}`);
  }
  const crds = manifests.filter(({ kind }) => kind === "CustomResourceDefinition");
  for (const crd of crds) await untilEstablished(rest, crd, options);
  return counts;
}

async function untilEstablished(
  rest: RestClient,
  crd: Manifest,
  { clock, signal }: ApplyOptions & { clock: Clock },
): Promise<void> {
  const deadline = clock.now() + ESTABLISHED_MS;
  while (!isEstablished(await read(rest, crd, signal))) {
    if (clock.now() >= deadline) {
      throw new Error(
        `${describe(crd)} is not served ${ESTABLISHED_MS / 1000} s after it was applied: ` +
          `its status says why.`,
      );
    }
    await sleep(clock, POLL_MS, signal);
  }
}

function isEstablished(crd: JSONObject | undefined): boolean {
  const status = crd?.status as { conditions?: { type: string; status: string }[] } | undefined;
  return status?.conditions?.some(({ type, status }) =>
    type === "Established" && status === "True"
  ) ?? false;
}

async function read(
  rest: RestClient,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<JSONObject | undefined> {
  try {
    const path = pathOf(manifest);
    const options = { method: "GET", path, expectJson: true, abortSignal: signal } as const;
    return await rest.performRequest(options) as JSONObject;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

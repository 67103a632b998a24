import type { JSONObject, RestClient } from "../../src/kubernetes/http/contract.ts";
import { ApiError, isNotFound } from "../../src/kubernetes/http/errors.ts";
import { keptByKubectl, pathText } from "./kubectl_fields.ts";
import { describe, type Manifest } from "../manifests/manifest.ts";
import { isForeign, missing, notOurs } from "./namespace_owner.ts";
import { isUnserved } from "./resources.ts";
import { type Applied, type ApplyOptions, readOne, tryOne } from "./server_side_apply.ts";

/** What the API server says that applying would do. */
export interface Rehearsal {
  readonly applied: readonly Applied[];
  /** Why something cannot be applied, one sentence an item; empty when all can. */
  readonly problems: readonly string[];
}

/**
 * Has the API server try all without keeping anything, so that what cannot be applied is known
 * before the first write. Rejects with ApiError where the server cannot be asked at all.
 */
export async function rehearse(
  rest: RestClient,
  manifests: readonly Manifest[],
  options: ApplyOptions,
): Promise<Rehearsal> {
  const applied: Applied[] = [];
  const problems = new Set<string>();
  const note = (more: readonly string[]) => more.forEach((problem) => problems.add(problem));
  const made = new Set(
    manifests.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name),
  );
  for (const manifest of manifests) {
    try {
      const before = await readOne(rest, manifest, options.signal);
      if (before !== undefined && isForeign(before)) {
        note([notOurs(manifest)]);
        continue;
      }
      if (before !== undefined && !options.force) note(keptFields(before, manifest));
      applied.push(await tryInNamespace(rest, manifest, before, options, made));
    } catch (error) {
      note(problemsOf(manifest, error));
    }
  }
  return { applied, problems: [...problems] };
}

async function tryInNamespace(
  rest: RestClient,
  manifest: Manifest,
  before: JSONObject | undefined,
  options: ApplyOptions,
  made: ReadonlySet<string>,
): Promise<Applied> {
  try {
    return await tryOne(rest, manifest, before, options);
  } catch (error) {
    // Nothing can be tried in a namespace that is not there yet.
    if (!isMissingNamespace(error) || !made.has(manifest.metadata.namespace!)) throw error;
    return { manifest, before: undefined, after: manifest as unknown as JSONObject };
  }
}

function isMissingNamespace(error: unknown): boolean {
  return isNotFound(error) && error.details?.kind === "namespaces";
}

function keptFields(before: JSONObject, manifest: Manifest): readonly string[] {
  return keptByKubectl(before, manifest).map((path) =>
    `${describe(manifest)}: ${pathText(path)} is set by \`kubectl apply\` and left out here; ` +
    "give --force-conflicts to remove it."
  );
}

/** The sentences for one refusal. Throws what every other object would meet as well. */
function problemsOf(manifest: Manifest, error: unknown): readonly string[] {
  if (!(error instanceof ApiError) || [0, 401].includes(error.code)) throw error;
  if (isMissingNamespace(error)) return [missing(manifest.metadata.namespace!)];
  if (isUnserved(error)) return [unserved(manifest)];
  const conflicts = (error.details?.causes ?? [])
    .filter(({ reason }) => reason === "FieldManagerConflict");
  if (conflicts.length === 0) return [`${describe(manifest)}: ${error.message}`];
  return conflicts.map(({ field, message }) =>
    `${describe(manifest)}: ${field} is set by ${ownerIn(message ?? "")}; ` +
    "give --force-conflicts to take it over."
  );
}

/** As the API server's words have it: `conflict with "kubectl" using apps/v1`. */
function ownerIn(message: string): string {
  const owner = /^conflicts? with ("(?:[^"\\]|\\.)*")/.exec(message)?.[1];
  return owner === undefined ? "another field manager" : `field manager ${owner}`;
}

function unserved({ apiVersion, kind }: Manifest): string {
  const isPolicy = kind.startsWith("ValidatingAdmissionPolicy");
  const remedy = isPolicy
    ? "Kubernetes has it from 1.30 on, and --policies=false --workload-identity=false without " +
      "--tenant-policy leaves it out."
    : "it is needed.";
  return `The API server does not serve ${kind} of ${apiVersion}: ${remedy}`;
}

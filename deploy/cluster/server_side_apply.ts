import type { JSONObject, RestClient } from "../../src/kubernetes/http/contract.ts";
import { isNotFound } from "../../src/kubernetes/http/errors.ts";
import { contentLines } from "./content.ts";
import { inherit, keptByKubectl, without } from "./kubectl_fields.ts";
import type { Manifest } from "../manifests/manifest.ts";
import { pathOf } from "./resources.ts";

/** Who is named in `managedFields` of what is applied. */
export const FIELD_MANAGER = "msi-acrpull-deploy";

/** What became of an object, or would. */
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

/**
 * Applies one object server-side. With `force` it also takes away what `kubectl apply` has set and
 * `manifest` leaves out. Rejects with ApiError.
 */
export async function applyOne(
  rest: RestClient,
  manifest: Manifest,
  options: ApplyOptions,
): Promise<Applied> {
  const before = await readOne(rest, manifest, options.signal);
  const kept = before === undefined ? [] : keptByKubectl(before, manifest);
  if (options.force && before !== undefined && kept.length > 0) {
    await inherit(rest, before, manifest, FIELD_MANAGER, options.signal);
  }
  return { manifest, before, after: await send(rest, manifest, options, {}) };
}

/** What applying would make of an object, which is `before` now. Rejects with ApiError. */
export async function tryOne(
  rest: RestClient,
  manifest: Manifest,
  before: JSONObject | undefined,
  options: ApplyOptions,
): Promise<Applied> {
  const after = await send(rest, manifest, options, { dryRun: "All" });
  const gone = options.force && before !== undefined ? keptByKubectl(before, manifest) : [];
  return { manifest, before, after: without(after, gone) };
}

async function send(
  rest: RestClient,
  manifest: Manifest,
  { force, signal }: ApplyOptions,
  more: Record<string, string>,
): Promise<JSONObject> {
  return await rest.performRequest({
    method: "PATCH",
    path: pathOf(manifest),
    querystring: new URLSearchParams({ fieldManager: FIELD_MANAGER, force: `${force}`, ...more }),
    contentType: "application/apply-patch+yaml",
    bodyJson: manifest as unknown as JSONObject,
    expectJson: true,
    abortSignal: signal,
  }) as JSONObject;
}

/**
 * Whether an applied object is new, another than before, or the same. Who set a field, and what the
 * server or a controller writes beside, make it no other.
 */
export function changeOf({ before, after }: Applied): Change {
  if (before === undefined) return "created";
  const same = contentLines(before).join("\n") === contentLines(after).join("\n");
  return same ? "unchanged" : "changed";
}

/** The object as it stands in the cluster; undefined where it is not there. */
export async function readOne(
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

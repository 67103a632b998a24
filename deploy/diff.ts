import { stringify } from "yaml";
import type { JSONObject, RestClient } from "../src/kubernetes/contract.ts";
import { isNotFound } from "../src/kubernetes/errors.ts";
import { applyOne, type ApplyOptions } from "./apply.ts";
import { lineDiff } from "./line_diff.ts";
import { describe, type Manifest } from "./manifests/manifest.ts";

/** What the server keeps of an object beside what anybody asked for. */
const SERVER_FIELDS = [
  "creationTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];

/** What applying would change, an object at a time; empty where that is nothing. */
export async function diffAll(
  rest: RestClient,
  manifests: readonly Manifest[],
  options: ApplyOptions,
): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const manifest of manifests) {
    const lines = await diffOne(rest, manifest, options);
    if (lines.length > 0) texts.push([describe(manifest), ...lines].join("\n"));
  }
  return texts;
}

async function diffOne(
  rest: RestClient,
  manifest: Manifest,
  options: ApplyOptions,
): Promise<readonly string[]> {
  try {
    const { before, after } = await applyOne(rest, manifest, options, true);
    return lineDiff(before === undefined ? [] : linesOf(before), linesOf(after));
  } catch (error) {
    // Nothing can be tried in a namespace that is not there yet.
    if (!isNotFound(error)) throw error;
    return lineDiff([], linesOf(manifest as unknown as JSONObject));
  }
}

function linesOf(object: JSONObject): readonly string[] {
  const { status: _, metadata, ...rest } = object;
  const kept = Object.entries(metadata as JSONObject)
    .filter(([field]) => !SERVER_FIELDS.includes(field));
  const { apiVersion, kind, ...content } = rest;
  const shown = { apiVersion, kind, metadata: Object.fromEntries(kept), ...content };
  return stringify(shown, { lineWidth: 0, sortMapEntries: true }).trimEnd().split("\n");
}

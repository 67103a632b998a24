import { stringify } from "yaml";
import type { JSONObject } from "../../src/kubernetes/http/contract.ts";
import { LAST_APPLIED } from "./kubectl_fields.ts";

/** What the server keeps of an object beside what anybody asked for. */
const SERVER_FIELDS = [
  "creationTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "uid",
];

/** An object as lines of YAML, without its status and what kubectl and the server note of it. */
export function contentLines(object: JSONObject): readonly string[] {
  const { status: _, metadata, ...rest } = object;
  const { annotations, ...others } = metadata as JSONObject;
  const { [LAST_APPLIED]: __, ...noted } = (annotations ?? {}) as JSONObject;
  const kept = Object.entries(others).filter(([field]) => !SERVER_FIELDS.includes(field));
  if (Object.keys(noted).length > 0) kept.push(["annotations", noted]);
  const { apiVersion, kind, ...content } = rest;
  const shown = { apiVersion, kind, metadata: Object.fromEntries(kept), ...content };
  return stringify(shown, { lineWidth: 0, sortMapEntries: true }).trimEnd().split("\n");
}

import { badRequest, invalid } from "../model/errors.ts";
import { unsupported } from "../model/field_errors.ts";
import type { JsonObject } from "../model/json.ts";

/** How unknown fields of a body are met. */
export type FieldValidation = "Strict" | "Warn" | "Ignore";

/** The query of a create, update or patch. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** Who writes, for managedFields. */
  readonly manager: string;
  readonly force: boolean;
}

/** Reads the options of a write. `kind` is that of the options object, for messages. */
export function writeOptions(url: URL, userAgent: string, kind: string): WriteOptions {
  const query = url.searchParams;
  const validation = query.get("fieldValidation") ?? "";
  if (!["", "Ignore", "Strict", "Warn"].includes(validation)) {
    throw invalid({ group: "meta.k8s.io", kind }, "", [
      unsupported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"]),
    ]);
  }
  return {
    dryRun: isDryRun(query.getAll("dryRun"), kind),
    fieldValidation: validation === "" ? "Warn" : validation as FieldValidation,
    manager: query.get("fieldManager") ?? managerOf(userAgent),
    force: query.get("force") === "true",
  };
}

/** Whether nothing is to be persisted. `All` is the only value there is. */
export function isDryRun(values: readonly string[], kind: string): boolean {
  if (values.some((value) => value !== "All")) {
    throw invalid({ group: "meta.k8s.io", kind }, "", [
      unsupported("dryRun", [...values], ["All"]),
    ]);
  }
  return values.length > 0;
}

/** The manager that a client is by its User-Agent. */
export function managerOf(userAgent: string): string {
  return userAgent.split("/")[0]!.slice(0, 128) || "unknown";
}

/** The query of a list, watch or deletecollection. */
export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly limit: number;
  readonly continueToken: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly timeoutSeconds: number | undefined;
  readonly bookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

/** Reads the options of a list. Throws 400 for a number that is none. */
export function listOptions(url: URL): ListOptions {
  const query = url.searchParams;
  const initial = query.get("sendInitialEvents");
  return {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    limit: integer(query.get("limit")) ?? 0,
    continueToken: query.get("continue") ?? "",
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    timeoutSeconds: integer(query.get("timeoutSeconds")),
    bookmarks: query.get("allowWatchBookmarks") === "true",
    sendInitialEvents: initial === null ? undefined : initial === "true",
  };
}

function integer(value: string | null): number | undefined {
  if (value === null || value === "") return undefined;
  if (/^-?\d+$/.test(value)) return Number(value);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
}

/** The options of a delete, from its body and its query. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly propagation: string;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

const PROPAGATION = ["Foreground", "Background", "Orphan"];

/** Reads the options of a delete. Throws 422 for a policy that is none. */
export function deleteOptions(url: URL, body: JsonObject): DeleteOptions {
  const query = url.searchParams;
  const preconditions = (body.preconditions ?? {}) as { uid?: string; resourceVersion?: string };
  const orphan = body.orphanDependents === true || query.get("orphanDependents") === "true";
  const given = body.propagationPolicy ?? query.get("propagationPolicy");
  const propagation = typeof given === "string" ? given : orphan ? "Orphan" : "";
  if (propagation !== "" && !PROPAGATION.includes(propagation)) {
    throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [
      unsupported("propagationPolicy", propagation, [...PROPAGATION, "nil"]),
    ]);
  }
  const dryRun = Array.isArray(body.dryRun) ? body.dryRun.map(String) : query.getAll("dryRun");
  return {
    dryRun: isDryRun(dryRun, "DeleteOptions"),
    propagation,
    uid: preconditions.uid,
    resourceVersion: preconditions.resourceVersion,
  };
}

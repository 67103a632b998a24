import type { ControlPlane } from "../../e2e/servers/control_plane.ts";
import { parseExposition } from "../servers/exposition.ts";

/** Numbers of calls by `verb resource`, such as `patch secrets`. */
export type Calls = Readonly<Record<string, number>>;

const VERBS: Readonly<Record<string, string>> = {
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** The resources that the operator may write. */
const RESOURCES = ["acrpullbindings", "secrets", "serviceaccounts", "leases", "events"];

/** Writes to the operator's resources since the API server started, by its own metrics. */
export async function serverWrites(plane: ControlPlane): Promise<Calls> {
  const response = await plane.adminFetch("/metrics");
  const samples = parseExposition(await response.text(), ["apiserver_request_total"]);
  const calls: Record<string, number> = {};
  for (const { labels, value } of samples) {
    const { verb = "", resource = "", subresource = "", code = "" } = labels;
    const name = VERBS[verb];
    if (name === undefined || !RESOURCES.includes(resource)) continue;
    const key = `${name} ${subresource === "" ? resource : `${resource}/${subresource}`}`;
    add(calls, code.startsWith("2") ? key : `${key} ${code}`, value);
  }
  return calls;
}

/** Calls that came between two moments. */
export function difference(before: Calls, after: Calls): Calls {
  return Object.fromEntries(
    Object.entries(after)
      .map(([key, value]) => [key, value - (before[key] ?? 0)] as const)
      .filter(([, value]) => value !== 0),
  );
}

/** Calls that write what bindings make: neither the Lease nor Events. */
export function bindingWrites(calls: Calls): number {
  return Object.entries(calls)
    .filter(([key]) => /^(create|update|patch|delete) /.test(key))
    .filter(([key]) => !/ (leases|events|serviceaccounts\/token)/.test(key))
    .reduce((sum, [, value]) => sum + value, 0);
}

/** Adds to an entry. */
export function add(calls: Record<string, number>, key: string, value: number): void {
  calls[key] = (calls[key] ?? 0) + value;
}

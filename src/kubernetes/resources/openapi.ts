import { optional } from "../../runtime/optional.ts";
import type { RestClient } from "../http/contract.ts";
import type { CallOptions, ResourceDefinition } from "./resource_client.ts";
import { asObject } from "../../runtime/as_object.ts";

/**
 * Reads the structural schema of a resource's kind from /openapi/v3, which every authenticated user
 * may by default. Answers undefined where the document does not list the kind: a server publishes
 * that of a new CRD a moment after it serves the CRD. Rejects with what the RestClient rejects with.
 */
export async function schemaOf(
  rest: RestClient,
  { group, version, kind }: ResourceDefinition,
  { signal }: CallOptions = {},
): Promise<Record<string, unknown> | undefined> {
  const document = await rest.performRequest({
    method: "GET",
    path: group === "" ? `/openapi/v3/api/${version}` : `/openapi/v3/apis/${group}/${version}`,
    accept: "application/json",
    expectJson: true,
    ...optional("abortSignal", signal),
  });
  const schemas = asObject(asObject(asObject(document)?.components)?.schemas) ?? {};
  return Object.values(schemas).map(asObject).find((schema) =>
    schema !== undefined && isOf(schema, { group, version, kind })
  );
}

/** Whether a server keeps the field at `path`, or prunes it as it prunes what its schema lacks. */
export function keepsField(schema: Record<string, unknown>, path: readonly string[]): boolean {
  let at: Record<string, unknown> | undefined = schema;
  for (const name of path) {
    if (at?.["x-kubernetes-preserve-unknown-fields"] === true) return true;
    at = asObject(asObject(at?.properties)?.[name]);
  }
  return at !== undefined;
}

function isOf(
  schema: Record<string, unknown>,
  wanted: { readonly group: string; readonly version: string; readonly kind: string },
): boolean {
  const kinds = schema["x-kubernetes-group-version-kind"];
  return Array.isArray(kinds) &&
    kinds.map(asObject).some((each) =>
      each?.group === wanted.group && each.version === wanted.version && each.kind === wanted.kind
    );
}

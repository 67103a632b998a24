import type { JSONObject, JSONValue, RestClient } from "../../src/kubernetes/http/contract.ts";
import { isNotFound } from "../../src/kubernetes/http/errors.ts";
import type { ObjectMeta, ResourceDefinition } from "../../src/kubernetes/resources/object.ts";
import { resourcePath } from "../../src/kubernetes/resources/resource_path.ts";
import { everything } from "../manifests/installation.ts";
import { describe, LABELS, type Manifest } from "../manifests/manifest.ts";
import { isUnserved, pathOf, prunedKinds } from "./resources.ts";
import { FIELD_MANAGER } from "./server_side_apply.ts";

/** An object that was installed once and is no part of the installation any more. */
export interface Leftover extends Manifest {
  /** As the server has it. */
  readonly object: JSONObject;
}

type Metadata = ObjectMeta & { readonly name: string };

const SELECTOR = Object.entries(LABELS).map(([name, value]) => `${name}=${value}`).join(",");

/** As `kubectl apply` calls itself in managedFields, without and with --server-side. */
const KUBECTL = ["kubectl-client-side-apply/Update", "kubectl/Apply"];

/**
 * What this task or `kubectl apply` of its manifests left behind in any namespace: with our label,
 * and none of `manifests`, which is all that is installed now. What went by kubectl must also have
 * a name of ours, since people label objects of their own alike. CRDs, namespaces and ConfigMaps
 * hold what people wrote, so they are never left over. Nor is what belongs to Helm or to another
 * object. What is to outlast the policy for tenants has another label. Rejects with ApiError.
 */
export async function findLeftovers(
  rest: RestClient,
  manifests: readonly Manifest[],
  signal: AbortSignal,
): Promise<readonly Leftover[]> {
  const wanted = new Set(manifests.map(pathOf));
  const ours = new Set(everything().map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  const found: Leftover[] = [];
  for (const definition of prunedKinds()) {
    for (const leftover of await listLabelled(rest, definition, signal)) {
      const isOfOurName = ours.has(`${leftover.kind}/${leftover.metadata.name}`);
      if (!wanted.has(pathOf(leftover)) && isOurs(leftover, isOfOurName)) found.push(leftover);
    }
  }
  return found;
}

/** Deletes one, as it was found; one that has gone meanwhile is no error. */
export async function deleteLeftover(
  rest: RestClient,
  leftover: Leftover,
  signal: AbortSignal,
): Promise<void> {
  const { uid } = leftover.object.metadata as { uid: string };
  try {
    await rest.performRequest({
      method: "DELETE",
      path: pathOf(leftover),
      contentType: "application/json",
      bodyJson: { propagationPolicy: "Background", preconditions: { uid } },
      expectJson: true,
      abortSignal: signal,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** How a leftover is told of. */
export function toldOf(leftover: Leftover, prune: boolean): string {
  return `${(prune ? "deleted" : "leftover").padEnd(9)} ${describe(leftover)}`;
}

async function listLabelled(
  rest: RestClient,
  definition: ResourceDefinition,
  signal: AbortSignal,
): Promise<readonly Leftover[]> {
  try {
    const answer = await rest.performRequest({
      method: "GET",
      path: resourcePath(definition),
      querystring: new URLSearchParams({ labelSelector: SELECTOR }),
      expectJson: true,
      abortSignal: signal,
    }) as { apiVersion: string; items: JSONValue[] | null };
    // Items of a list lack their apiVersion and kind.
    const { apiVersion } = answer;
    return (answer.items ?? []).map((item) => {
      const object: JSONObject = { apiVersion, kind: definition.kind, ...item as JSONObject };
      const { name, namespace } = object.metadata as unknown as Metadata;
      const metadata = namespace === undefined ? { name } : { name, namespace };
      return { apiVersion, kind: definition.kind, metadata, object };
    });
  } catch (error) {
    if (isUnserved(error)) return [];
    throw error;
  }
}

function isOurs({ object }: Leftover, isOfOurName: boolean): boolean {
  const metadata = object.metadata as unknown as Metadata;
  const { annotations = {}, ownerReferences = [], managedFields = [] } = metadata;
  if ("meta.helm.sh/release-name" in annotations || ownerReferences.length > 0) return false;
  const appliers = managedFields.map(({ manager, operation }) => `${manager}/${operation}`);
  return appliers.includes(`${FIELD_MANAGER}/Apply`) ||
    (isOfOurName && KUBECTL.some((applier) => appliers.includes(applier)));
}

import type { JSONObject, RestClient } from "../../src/kubernetes/http/contract.ts";
import type { ResourceDefinition } from "../../src/kubernetes/resources/object.ts";
import { resourcePath } from "../../src/kubernetes/resources/resource_path.ts";
import type { Manifest } from "./samples.ts";

/** Who is named in `managedFields` of all that the demo writes. */
export const FIELD_MANAGER = "msi-acrpull-demo";

/** On all that the demo makes, so that it takes back nothing else. */
export const OWN_LABEL = "app.kubernetes.io/managed-by";
/** The value of that label. */
export const OWN_LABEL_VALUE = "msi-acrpull-demo";
/** Selects all that the demo made. */
export const OWN_SELECTOR = `${OWN_LABEL}=${OWN_LABEL_VALUE}`;

/**
 * Creates an object or brings it to what `object` says, by server-side apply, with the demo's own
 * label. `namespace` is `""` for what lives in none. Rejects with ApiError.
 */
export async function applyObject(
  rest: RestClient,
  definition: ResourceDefinition,
  namespace: string,
  object: Manifest,
  signal?: AbortSignal,
): Promise<void> {
  const { metadata } = object;
  const labels = { ...metadata.labels, [OWN_LABEL]: OWN_LABEL_VALUE };
  await rest.performRequest({
    method: "PATCH",
    path: resourcePath(definition, { namespace, name: metadata.name }),
    querystring: new URLSearchParams({ fieldManager: FIELD_MANAGER, force: "true" }),
    contentType: "application/apply-patch+yaml",
    bodyJson: { ...object, metadata: { ...metadata, labels } } as unknown as JSONObject,
    expectJson: true,
    ...(signal && { abortSignal: signal }),
  });
}

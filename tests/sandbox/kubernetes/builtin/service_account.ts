import { kindSchema } from "../schema/object_meta.ts";
import { atomicList, boolean, listByKey, pointer } from "../schema/schema.ts";
import { builtin } from "./define.ts";
import { LOCAL_OBJECT_REFERENCE, OBJECT_REFERENCE } from "./references.ts";

/**
 * core/v1 ServiceAccount. imagePullSecrets is an atomic list: a strategic merge patch replaces it
 * as a whole, as Kubernetes' own OpenAPI document says.
 */
export const SERVICE_ACCOUNT = builtin({
  plural: "serviceaccounts",
  singular: "serviceaccount",
  kind: "ServiceAccount",
  shortNames: ["sa"],
  returnsDeleted: true,
  subresources: { token: ["create"] },
  schema: kindSchema("io.k8s.api.core.v1.ServiceAccount", {
    automountServiceAccountToken: pointer(boolean),
    imagePullSecrets: atomicList(LOCAL_OBJECT_REFERENCE),
    secrets: listByKey(OBJECT_REFERENCE, "name"),
  }),
});

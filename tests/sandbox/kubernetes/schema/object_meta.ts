import {
  always,
  boolean,
  listByKey,
  long,
  mapOf,
  object,
  pointer,
  type Schema,
  text,
  time,
} from "./schema.ts";

const OWNER_REFERENCE: Schema = object({
  apiVersion: always(text, ""),
  kind: always(text, ""),
  name: always(text, ""),
  uid: always(text, ""),
  controller: pointer(boolean),
  blockOwnerDeletion: pointer(boolean),
}, {
  required: ["apiVersion", "kind", "name", "uid"],
  "x-kubernetes-map-type": "atomic",
  ref: "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference",
});

const MANAGED_FIELDS_ENTRY: Schema = object({
  apiVersion: text,
  fieldsType: text,
  fieldsV1: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  manager: text,
  operation: text,
  subresource: text,
  time,
}, { ref: "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry" });

/** metadata of every kind, with the merge rules of metav1.ObjectMeta. */
export const OBJECT_META: Schema = object({
  annotations: mapOf(text),
  creationTimestamp: time,
  deletionGracePeriodSeconds: pointer(long),
  deletionTimestamp: time,
  finalizers: {
    type: "array",
    items: text,
    "x-kubernetes-list-type": "set",
    "x-kubernetes-patch-strategy": "merge",
  },
  generateName: text,
  generation: long,
  labels: mapOf(text),
  managedFields: {
    type: "array",
    items: MANAGED_FIELDS_ENTRY,
    "x-kubernetes-list-type": "atomic",
  },
  name: text,
  namespace: text,
  ownerReferences: listByKey(OWNER_REFERENCE, "uid"),
  resourceVersion: text,
  selfLink: text,
  uid: text,
}, { ref: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" });

/** The schema of a whole built-in object: apiVersion, kind and metadata besides `fields`. */
export function kindSchema(ref: string, fields: Record<string, Schema>): Schema {
  return object({ apiVersion: text, kind: text, metadata: OBJECT_META, ...fields }, { ref });
}

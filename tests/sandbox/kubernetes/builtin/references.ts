import { object, type Schema, text } from "../schema/schema.ts";

/** core/v1 ObjectReference: replaced as a whole. */
export const OBJECT_REFERENCE: Schema = object({
  apiVersion: text,
  fieldPath: text,
  kind: text,
  name: text,
  namespace: text,
  resourceVersion: text,
  uid: text,
}, { "x-kubernetes-map-type": "atomic", ref: "io.k8s.api.core.v1.ObjectReference" });

/** core/v1 LocalObjectReference. */
export const LOCAL_OBJECT_REFERENCE: Schema = object({ name: text }, {
  "x-kubernetes-map-type": "atomic",
  ref: "io.k8s.api.core.v1.LocalObjectReference",
});

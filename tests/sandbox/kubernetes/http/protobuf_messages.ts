/** A field of a protobuf message. */
export type ProtoField =
  & { readonly name: string; readonly repeated?: boolean }
  & (
    | { readonly kind: "string" | "bytes" | "int" | "bool" | "time" }
    | { readonly kind: "message"; readonly of: ProtoMessage }
    | { readonly kind: "map"; readonly of: { readonly kind: "string" | "bytes" } }
  );

/** A message: its fields by number. */
export type ProtoMessage = { readonly [number: number]: ProtoField };

const text = (name: string): ProtoField => ({ name, kind: "string" });
const texts = (name: string): ProtoField => ({ name, kind: "string", repeated: true });
const number = (name: string): ProtoField => ({ name, kind: "int" });
const flag = (name: string): ProtoField => ({ name, kind: "bool" });
const time = (name: string): ProtoField => ({ name, kind: "time" });
const map = (name: string, kind: "string" | "bytes"): ProtoField => ({
  name,
  kind: "map",
  of: { kind },
});
const one = (name: string, of: ProtoMessage): ProtoField => ({ name, kind: "message", of });
const many = (name: string, of: ProtoMessage): ProtoField => ({
  name,
  kind: "message",
  of,
  repeated: true,
});

const OWNER_REFERENCE: ProtoMessage = {
  1: text("kind"),
  3: text("name"),
  4: text("uid"),
  5: text("apiVersion"),
  6: flag("controller"),
  7: flag("blockOwnerDeletion"),
};

const OBJECT_META: ProtoMessage = {
  1: text("name"),
  2: text("generateName"),
  3: text("namespace"),
  5: text("uid"),
  6: text("resourceVersion"),
  8: time("creationTimestamp"),
  11: map("labels", "string"),
  12: map("annotations", "string"),
  13: many("ownerReferences", OWNER_REFERENCE),
  14: texts("finalizers"),
};

const OBJECT_REFERENCE: ProtoMessage = {
  1: text("kind"),
  2: text("namespace"),
  3: text("name"),
  4: text("uid"),
  5: text("apiVersion"),
  6: text("resourceVersion"),
  7: text("fieldPath"),
};

const TOKEN_REQUEST_SPEC: ProtoMessage = {
  1: texts("audiences"),
  3: one("boundObjectRef", {
    1: text("kind"),
    2: text("apiVersion"),
    3: text("name"),
    4: text("uid"),
  }),
  4: number("expirationSeconds"),
};

/**
 * The messages behind `kubectl create`, with the field numbers of Kubernetes' generated.proto files
 * (k8s.io/api/core/v1, k8s.io/api/authentication/v1, k8s.io/apimachinery/pkg/apis/meta/v1).
 */
export const MESSAGES: Readonly<Record<string, ProtoMessage>> = {
  ConfigMap: {
    1: one("metadata", OBJECT_META),
    2: map("data", "string"),
    3: map("binaryData", "bytes"),
    4: flag("immutable"),
  },
  DeleteOptions: {
    1: number("gracePeriodSeconds"),
    2: one("preconditions", { 1: text("uid"), 2: text("resourceVersion") }),
    3: flag("orphanDependents"),
    4: text("propagationPolicy"),
    5: texts("dryRun"),
  },
  Namespace: {
    1: one("metadata", OBJECT_META),
    2: one("spec", { 1: texts("finalizers") }),
    3: one("status", { 1: text("phase") }),
  },
  Secret: {
    1: one("metadata", OBJECT_META),
    2: map("data", "bytes"),
    3: text("type"),
    4: map("stringData", "string"),
    5: flag("immutable"),
  },
  ServiceAccount: {
    1: one("metadata", OBJECT_META),
    2: many("secrets", OBJECT_REFERENCE),
    3: many("imagePullSecrets", { 1: text("name") }),
    4: flag("automountServiceAccountToken"),
  },
  TokenRequest: {
    1: one("metadata", OBJECT_META),
    2: one("spec", TOKEN_REQUEST_SPEC),
  },
};

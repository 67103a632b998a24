import { isObject } from "../model/json.ts";
import { labelErrors } from "../model/names.ts";
import { textAt } from "../model/resource.ts";
import { kindSchema } from "../schema/object_meta.ts";
import { always, atomicList, listByKey, object, text, time } from "../schema/schema.ts";
import { AGE_COLUMN, column, creationAge, NAME_COLUMN } from "../table/columns.ts";
import { builtin, metadataFields } from "./define.ts";

const CONDITION = object({
  lastTransitionTime: always(time, null),
  message: text,
  reason: text,
  status: always(text, ""),
  type: always(text, ""),
}, { ref: "io.k8s.api.core.v1.NamespaceCondition", required: ["type", "status"] });

const SPEC = object({ finalizers: atomicList(text) }, {
  ref: "io.k8s.api.core.v1.NamespaceSpec",
  emit: {},
});

const STATUS = object({ conditions: listByKey(CONDITION, "type"), phase: text }, {
  ref: "io.k8s.api.core.v1.NamespaceStatus",
  emit: {},
});

/** core/v1 Namespace. Its own finalizer stays until the contents are gone. */
export const NAMESPACE = builtin({
  plural: "namespaces",
  singular: "namespace",
  kind: "Namespace",
  shortNames: ["ns"],
  namespaced: false,
  subresources: { status: ["get", "patch", "update"], finalize: ["update"] },
  schema: kindSchema("io.k8s.api.core.v1.Namespace", { spec: SPEC, status: STATUS }),
  columns: [NAME_COLUMN, column("Status", "Phase of the namespace."), AGE_COLUMN],
  cells: (namespace, now) => [
    namespace.metadata.name,
    textAt(namespace, "status", "phase"),
    creationAge(namespace, now),
  ],
  selectableFields: (namespace) => ({
    ...metadataFields(namespace),
    name: namespace.metadata.name,
    "status.phase": textAt(namespace, "status", "phase"),
  }),
  strategy: {
    nameErrors: labelErrors,
    prepareForCreate(draft) {
      const spec = isObject(draft.spec) ? draft.spec : {};
      const finalizers = Array.isArray(spec.finalizers) ? spec.finalizers : [];
      draft.spec = { ...spec, finalizers: [...new Set([...finalizers, "kubernetes"])] };
      draft.status = { phase: "Active" };
      draft.metadata.labels = {
        ...draft.metadata.labels,
        "kubernetes.io/metadata.name": draft.metadata.name,
      };
    },
    prepareForUpdate(draft, old) {
      draft.spec = old.spec ?? {};
      draft.status = old.status ?? {};
    },
  },
});

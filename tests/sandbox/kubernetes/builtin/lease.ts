import type { FieldError } from "../model/errors.ts";
import { invalidValue, required } from "../model/field_errors.ts";
import { isObject } from "../model/json.ts";
import type { KubeObject } from "../model/object.ts";
import { textAt } from "../model/resource.ts";
import { kindSchema } from "../schema/object_meta.ts";
import { integer, microTime, object, pointer, text } from "../schema/schema.ts";
import { AGE_COLUMN, column, creationAge, NAME_COLUMN } from "../table/columns.ts";
import { builtin } from "./define.ts";

const SPEC = object({
  acquireTime: pointer(microTime),
  holderIdentity: pointer(text),
  leaseDurationSeconds: pointer(integer),
  leaseTransitions: pointer(integer),
  preferredHolder: pointer(text),
  renewTime: pointer(microTime),
  strategy: pointer(text),
}, { ref: "io.k8s.api.coordination.v1.LeaseSpec", emit: {} });

function validate(lease: KubeObject): FieldError[] {
  const spec = isObject(lease.spec) ? lease.spec : {};
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  const errors: FieldError[] = [];
  if (typeof duration === "number" && duration <= 0) {
    errors.push(invalidValue("spec.leaseDurationSeconds", duration, "must be greater than 0"));
  }
  if (typeof transitions === "number" && transitions < 0) {
    const why = "must be greater than or equal to 0";
    errors.push(invalidValue("spec.leaseTransitions", transitions, why));
  }
  if (spec.preferredHolder && !spec.strategy) {
    errors.push(required("spec.strategy", "must be specified when `spec.preferredHolder` is set"));
  }
  return errors;
}

/** coordination.k8s.io/v1 Lease, by which leaders are elected. */
export const LEASE = builtin({
  group: "coordination.k8s.io",
  plural: "leases",
  singular: "lease",
  kind: "Lease",
  unconditionalUpdate: false,
  createOnUpdate: true,
  schema: kindSchema("io.k8s.api.coordination.v1.Lease", { spec: SPEC }),
  columns: [NAME_COLUMN, column("Holder", "Who holds the lease."), AGE_COLUMN],
  cells: (lease, now) => [
    lease.metadata.name,
    textAt(lease, "spec", "holderIdentity"),
    creationAge(lease, now),
  ],
  strategy: { validate },
});

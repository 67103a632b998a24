import type { ValidatingAdmissionPolicySpec } from "kubernetes-types/admissionregistration/v1.d.ts";
import { FINALIZER } from "../../../src/controller/conventions.ts";
import type { Settings } from "../settings.ts";
import {
  bindingRules,
  byOperator,
  constraints,
  mapAt,
  must,
  mustOnUpdate,
  NOT_BY_A_WEBHOOK,
  sameBut,
} from "./policy.ts";

const WRITES = ["CREATE", "UPDATE", "DELETE"];
const RESOURCES = ["acrpullbindings", "acrpullbindings/*"];

const IS_OURS = `f == '${FINALIZER}'`;

/**
 * What the operator may do to AcrPullBindings: its finalizer and the status. The Go implementation
 * writes every string of v1beta1's spec, the empty ones that nobody wrote as well, so an empty
 * string counts as none.
 */
export function bindings(settings: Settings): ValidatingAdmissionPolicySpec {
  return {
    matchConditions: byOperator(settings),
    matchConstraints: constraints(...bindingRules(WRITES, ...RESOURCES)),
    variables: VARIABLES.map(([name, expression]) => ({ name, expression })),
    validations: [
      must(
        "request.operation == 'UPDATE'",
        "the operator neither creates nor deletes bindings; do so yourself",
      ),
      mustOnUpdate(
        sameBut("variables.specBefore", "variables.spec", EMPTY),
        `the operator never changes the spec of a binding; ${NOT_BY_A_WEBHOOK}`,
      ),
      mustOnUpdate(
        ["labels", "annotations", "ownerReferences"].map(sameMetadata).join(" && "),
        "the operator never changes labels, annotations or owners of a binding; " +
          NOT_BY_A_WEBHOOK,
      ),
      mustOnUpdate(
        `variables.finalizersBefore.filter(f, !(${IS_OURS})) == ` +
          `variables.finalizers.filter(f, !(${IS_OURS}))`,
        `the operator adds and removes only the finalizer ${FINALIZER} of a binding; ` +
          NOT_BY_A_WEBHOOK,
      ),
      mustOnUpdate(
        "has(oldObject.metadata.deletionTimestamp) || " +
          `!variables.finalizersBefore.exists(f, ${IS_OURS}) || ` +
          `variables.finalizers.exists(f, ${IS_OURS})`,
        "the operator removes its finalizer only from a binding that is being deleted; " +
          "delete the binding to be rid of it",
      ),
      mustOnUpdate(
        "request.?subResource.orValue('') == 'status' || oldObject.?status == object.?status",
        "the operator writes the status of a binding only as its subresource; " +
          "apply the CRDs of this installation",
      ),
    ],
  };
}

const VARIABLES: readonly (readonly [string, string])[] = [
  ["spec", mapAt("object", "spec")],
  ["specBefore", mapAt("oldObject", "spec")],
  ["finalizers", "object.metadata.?finalizers.orValue([])"],
  ["finalizersBefore", "oldObject.metadata.?finalizers.orValue([])"],
];

const EMPTY = "variables.specBefore[?k].orValue('') == '' && variables.spec[?k].orValue('') == ''";

function sameMetadata(field: string): string {
  return `oldObject.metadata.?${field} == object.metadata.?${field}`;
}

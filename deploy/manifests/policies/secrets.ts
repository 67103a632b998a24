import type { ValidatingAdmissionPolicySpec } from "kubernetes-types/admissionregistration/v1.d.ts";
import { BINDING_LABEL, SECRET_KEY, SECRET_TYPE } from "../../../src/controller/conventions.ts";
import { V1BETA1_SUFFIX } from "../../../src/controller/binding/v1beta1.ts";
import { BINDING_GROUPS } from "../binding_apis.ts";
import type { Settings } from "../settings.ts";
import { isLabelFor, isNameFor, isOurName, OUR_NAMES } from "./names.ts";
import {
  byOperator,
  coreRule,
  mapAt,
  must,
  mustOnUpdate,
  NOT_BY_A_WEBHOOK,
  sameBut,
} from "./policy.ts";

/** Leads the annotations that the operator keeps on its Secrets. */
const OUR_ANNOTATIONS = "acr.microsoft.com/token.";
const MAKE_ANEW = "delete the Secret, and the operator makes it anew";

/** What the operator may do to Secrets. What it leaves alone may be whatever others made it. */
export function secrets(settings: Settings): ValidatingAdmissionPolicySpec {
  return {
    matchConditions: byOperator(settings),
    matchConstraints: coreRule(["CREATE", "UPDATE", "DELETE"], "secrets"),
    variables: VARIABLES.map(([name, expression]) => ({ name, expression })),
    validations: [...DELETION, ...IDENTITY, ...CONTENT],
  };
}

const VARIABLES: readonly (readonly [string, string])[] = [
  ["deleted", "request.operation == 'DELETE'"],
  ["secret", "variables.deleted ? oldObject : object"],
  ["owners", "variables.secret.metadata.?ownerReferences.orValue([])"],
  [
    "owned",
    "variables.owners.exists(o, o.kind == 'AcrPullBinding' && " +
    `(${BINDING_GROUPS.map((group) => `o.apiVersion.startsWith('${group}/')`).join(" || ")}))`,
  ],
  ["named", isOurName("variables.secret.metadata.name")],
  ["labels", mapAt("variables.secret.metadata", "labels")],
  ["annotations", mapAt("variables.secret.metadata", "annotations")],
  ["data", mapAt("variables.secret", "data")],
  ["labelsBefore", before(mapAt("oldObject.metadata", "labels"))],
  ["annotationsBefore", before(mapAt("oldObject.metadata", "annotations"))],
  ["dataBefore", before(mapAt("oldObject", "data"))],
  ["label", `${labelIn("variables.labels")}.orValue('')`],
  ["labelled", `'${BINDING_LABEL}' in variables.labels`],
];

/** An expression of the label, as an optional: an empty one is not the same as none. */
function labelIn(labels: string): string {
  return `${labels}[?'${BINDING_LABEL}']`;
}

/** Nothing was there before a create. */
function before(expression: string): string {
  return `request.operation == 'UPDATE' ? ${expression} : {}`;
}

/**
 * It deletes what stands under a binding's name, whatever others made of it, and what a binding owns
 * and the label led it to. Neither is held to a type or to a single owner: where somebody else has
 * changed these, the Secret is deleted to be made anew, or its binding could never be let go.
 */
const DELETION = [
  must(
    "!variables.deleted || " +
      "(variables.owned && (variables.labelled || variables.named)) || " +
      "(variables.labelled && variables.named && variables.owners.size() == 0)",
    `the operator deletes only Secrets that a binding owns and that carry ${BINDING_LABEL} or a ` +
      "name of its own, or that nobody owns and that have both; delete this one yourself if it " +
      "should go",
  ),
];

/** Which Secrets are its own, and remain so. */
const IDENTITY = [
  must(
    "variables.deleted || variables.named",
    `the operator writes only Secrets named ${OUR_NAMES}`,
  ),
  must(
    `variables.deleted || object.type == '${SECRET_TYPE}'`,
    `the operator writes only Secrets of type ${SECRET_TYPE}; ${MAKE_ANEW}`,
  ),
  must(
    "variables.deleted || (variables.owned && variables.owners.size() == 1)",
    `the operator writes only Secrets with one AcrPullBinding as their single owner; ${MAKE_ANEW}`,
  ),
  mustOnUpdate(
    "oldObject.metadata.?ownerReferences == object.metadata.?ownerReferences",
    `the operator never changes the owner of a Secret; ${NOT_BY_A_WEBHOOK}`,
  ),
  must(
    "variables.deleted || variables.labelled",
    `the operator writes only Secrets with label ${BINDING_LABEL}; ${MAKE_ANEW}`,
  ),
  must(
    `variables.deleted || variables.owners.all(o, ${isNameFor("object.metadata.name", "o")})`,
    `the operator names a Secret after the AcrPullBinding that owns it; ${MAKE_ANEW}`,
  ),
  mustOnUpdate(
    `object.metadata.name.endsWith('${V1BETA1_SUFFIX}') || ` +
      "variables.labelsBefore == variables.labels",
    `the operator changes labels only of a Secret of the first release; ${NOT_BY_A_WEBHOOK}`,
  ),
  must(
    `variables.deleted || ${labelIn("variables.labels")} == ` +
      `${labelIn("variables.labelsBefore")} || ` +
      `variables.owners.all(o, ${isLabelFor("variables.label", "o.name")})`,
    `the operator labels a Secret with the AcrPullBinding that owns it; ${NOT_BY_A_WEBHOOK}`,
  ),
];

/** What it writes into them. */
const CONTENT = [
  must(
    `variables.deleted || (${changesOnly("labels", `k == '${BINDING_LABEL}'`)})`,
    `the operator writes no label of a Secret but ${BINDING_LABEL}; ${NOT_BY_A_WEBHOOK}`,
  ),
  must(
    `variables.deleted || (${changesOnly("annotations", `k.startsWith('${OUR_ANNOTATIONS}')`)})`,
    `the operator writes no annotation of a Secret but ${OUR_ANNOTATIONS}*; ${NOT_BY_A_WEBHOOK}`,
  ),
  must(
    `variables.deleted || (${changesOnly("data", `k == '${SECRET_KEY}'`)})`,
    `the operator writes no data of a Secret but ${SECRET_KEY}; ${NOT_BY_A_WEBHOOK}`,
  ),
  must(
    `variables.deleted || (${unchanged("metadata.?finalizers", "[]")} && ` +
      `${unchanged("?immutable", "false")})`,
    `the operator sets neither finalizers of a Secret nor immutable; ${NOT_BY_A_WEBHOOK}`,
  ),
];

function changesOnly(map: string, entries: string): string {
  return sameBut(`variables.${map}Before`, `variables.${map}`, entries);
}

function unchanged(field: string, absent: string): string {
  return `object.${field}.orValue(${absent}) == ` +
    `(request.operation == 'UPDATE' ? oldObject.${field}.orValue(${absent}) : ${absent})`;
}

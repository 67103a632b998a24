import { APIS } from "../../../src/controller/binding/apis.ts";
import { optional } from "../../../src/runtime/optional.ts";
import type {
  MatchCondition,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicySpec,
  Validation,
} from "kubernetes-types/admissionregistration/v1.d.ts";
import { LABELS, type Manifest } from "../manifest.ts";
import { operatorUser } from "../namespace.ts";
import type { Settings } from "../settings.ts";

const API = "admissionregistration.k8s.io/v1";

/** Ends messages about what only others can have put into a request of the operator's. */
export const NOT_BY_A_WEBHOOK =
  "a mutating webhook that does must pass over the operator's account";

/** A policy that denies wherever it can be reached. */
export function policy(name: string, spec: ValidatingAdmissionPolicySpec): Manifest {
  return {
    apiVersion: API,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name, labels: LABELS },
    spec: { failurePolicy: "Fail", ...spec },
  } satisfies ValidatingAdmissionPolicy;
}

/** Puts the policy of the same name in force. */
export function binding(
  name: string,
  paramRef?: { name: string; namespace: string; parameterNotFoundAction: "Deny" },
): Manifest {
  return {
    apiVersion: API,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name, labels: LABELS },
    spec: {
      policyName: name,
      ...optional("paramRef", paramRef),
      validationActions: ["Deny"],
    },
  } satisfies ValidatingAdmissionPolicyBinding;
}

/** The condition that only the operator's account meets. It can fail for nobody. */
export function byOperator(settings: Settings): MatchCondition[] {
  const user = quoted(operatorUser(settings));
  return [{ name: "by-operator", expression: `request.userInfo.username == ${user}` }];
}

/** The requests that a policy judges. */
export interface Constraints {
  readonly matchPolicy: "Equivalent";
  readonly namespaceSelector: Record<string, never>;
  readonly objectSelector: Record<string, never>;
  readonly resourceRules: ResourceRule[];
}

/**
 * Requests by rules, with every default spelled out: the API server compares this field as a whole,
 * and what is applied again, by whatever client, must be no change and no conflict.
 */
export function constraints(...resourceRules: ResourceRule[]): Constraints {
  return {
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
    resourceRules,
  };
}

/** Which requests a policy looks at; the published types lack what they inherit. */
export interface ResourceRule {
  readonly apiGroups: string[];
  readonly apiVersions: string[];
  readonly operations: string[];
  readonly resources: string[];
  readonly scope: string;
}

/** One rule, its default spelled out too. */
export function resourceRule(
  group: string,
  version: string,
  operations: string[],
  ...resources: string[]
): ResourceRule {
  return { apiGroups: [group], apiVersions: [version], operations, resources, scope: "*" };
}

/** Requests about bindings of every API, or about what is named of them. */
export function bindingRules(operations: string[], ...resources: string[]): ResourceRule[] {
  return APIS.all.map(({ definition: { group, version } }) =>
    resourceRule(group, version, operations, ...resources)
  );
}

/** Requests about a resource of the core group. */
export function coreRule(operations: string[], resource: string): Constraints {
  return constraints(resourceRule("", "v1", operations, resource));
}

/** What must hold, and what a request is told for which it does not. One line. */
export function must(expression: string, message: string): Validation {
  return { expression, message, reason: "Forbidden" };
}

/** The same where there is an object before and after; whatever holds of a create or a delete. */
export function mustOnUpdate(expression: string, message: string): Validation {
  return must(`request.operation != 'UPDATE' || (${expression})`, message);
}

/** An expression of the map `field` of an object, as of `object.metadata`, empty where absent. */
export function mapAt(object: string, field: string): string {
  return `${object}.?${field}.orValue({})`;
}

/**
 * An expression by which two maps, given as expressions, are the same but for entries, called `k`,
 * for which `except` holds.
 */
export function sameBut(before: string, after: string, except: string): string {
  return `${before}.all(k, (${except}) || (k in ${after} && ${after}[k] == ${before}[k])) && ` +
    `${after}.all(k, (${except}) || k in ${before})`;
}

/** A string as CEL writes it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

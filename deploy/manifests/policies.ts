import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicySpec,
  Validation,
} from "kubernetes-types/admissionregistration/v1.d.ts";
import { LABELS, type Manifest, NAMES } from "./manifest.ts";
import { operatorUser } from "./namespace.ts";
import type { Settings } from "./settings.ts";

const API = "admissionregistration.k8s.io/v1";

/**
 * Policies over the operator's own writes, which hold it to what it does even where RBAC allows
 * more, as after a theft of its token. They fail closed. That cannot stop anybody else, kubelets
 * least of all: the condition on the user is looked at first, and it can fail for nobody.
 */
export function operatorPolicies(settings: Settings): readonly Manifest[] {
  const specs = [
    ...(settings.workloadIdentity ? [[NAMES.tokenPolicy, tokenRequests(settings)] as const] : []),
    [NAMES.secretPolicy, secrets(settings)] as const,
    [NAMES.serviceAccountPolicy, serviceAccounts(settings)] as const,
  ];
  return specs.flatMap(([name, spec]) => [policy(name, spec), binding(name)]);
}

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
      ...(paramRef === undefined ? {} : { paramRef }),
      validationActions: ["Deny"],
    },
  } satisfies ValidatingAdmissionPolicyBinding;
}

function byOperator(settings: Settings) {
  const user = quoted(operatorUser(settings));
  return [{ name: "by-operator", expression: `request.userInfo.username == ${user}` }];
}

function tokenRequests(settings: Settings): ValidatingAdmissionPolicySpec {
  return {
    matchConditions: byOperator(settings),
    matchConstraints: coreRule(["CREATE"], "serviceaccounts/token"),
    validations: [
      must(
        `object.spec.?audiences.orValue([]) == [${quoted(settings.tokenAudience)}]`,
        `the operator mints service account tokens for ${settings.tokenAudience} alone`,
      ),
    ],
  };
}

const BINDING_LABEL = "acr.microsoft.com/binding";
const V1BETA1_SUFFIX = "-msi-acrpull-secret";
const V1BETA2_PREFIX = "acr-pull-";

function secrets(settings: Settings): ValidatingAdmissionPolicySpec {
  const group = (name: string) => `o.apiVersion.startsWith('${name}/')`;
  return {
    matchConditions: byOperator(settings),
    matchConstraints: coreRule(["CREATE", "UPDATE", "DELETE"], "secrets"),
    variables: [
      { name: "secret", expression: "request.operation == 'DELETE' ? oldObject : object" },
      { name: "deleted", expression: "request.operation == 'DELETE'" },
      { name: "owners", expression: "variables.secret.metadata.?ownerReferences.orValue([])" },
      {
        name: "owned",
        expression: "variables.owners.exists(o, o.kind == 'AcrPullBinding' && " +
          `(${group("msi-acrpull.microsoft.com")} || ${group("acrpull.microsoft.com")}))`,
      },
      {
        name: "labelled",
        expression: `'${BINDING_LABEL}' in variables.secret.metadata.?labels.orValue({})`,
      },
    ],
    validations: [
      must(
        "!variables.deleted || variables.owned || variables.labelled",
        `the operator deletes only Secrets that a binding owns or that carry ${BINDING_LABEL}`,
      ),
      must(
        `variables.deleted || object.metadata.name.startsWith('${V1BETA2_PREFIX}') || ` +
          `object.metadata.name.endsWith('${V1BETA1_SUFFIX}')`,
        `the operator writes only Secrets named ${V1BETA2_PREFIX}* or *${V1BETA1_SUFFIX}`,
      ),
      must(
        "variables.deleted || object.type == 'kubernetes.io/dockerconfigjson'",
        "the operator writes only Secrets of type kubernetes.io/dockerconfigjson",
      ),
      must(
        "variables.deleted || (variables.owned && variables.owners.size() == 1)",
        "the operator writes only Secrets with one AcrPullBinding as their single owner",
      ),
      must(
        "request.operation != 'UPDATE' || " +
          "oldObject.metadata.?ownerReferences == object.metadata.?ownerReferences",
        "the operator never changes the owner of a Secret",
      ),
      must(
        "variables.deleted || variables.labelled",
        `the operator writes only Secrets with label ${BINDING_LABEL}`,
      ),
      must(
        "request.operation != 'UPDATE' || " +
          `object.metadata.name.endsWith('${V1BETA1_SUFFIX}') || ` +
          "oldObject.metadata.?labels == object.metadata.?labels",
        "the operator changes labels only of a Secret of the first release",
      ),
    ],
  };
}

function serviceAccounts(settings: Settings): ValidatingAdmissionPolicySpec {
  const ours = `s.startsWith('${V1BETA2_PREFIX}') || s.endsWith('${V1BETA1_SUFFIX}')`;
  const others = (object: string) =>
    `${object}.?imagePullSecrets.orValue([]).map(r, r.?name.orValue(''))` +
    `.filter(s, s != '' && !(${ours}))`;
  const unchanged = ["metadata.?labels", "metadata.?annotations", "metadata.?ownerReferences"]
    .concat("metadata.?finalizers", "?secrets", "?automountServiceAccountToken");
  return {
    matchConditions: byOperator(settings),
    matchConstraints: coreRule(["UPDATE"], "serviceaccounts"),
    validations: [
      must(
        `${others("oldObject")} == ${others("object")}`,
        `the operator adds and removes only pull secrets named ${V1BETA2_PREFIX}* or ` +
          `*${V1BETA1_SUFFIX}, and keeps the others in their order`,
      ),
      must(
        unchanged.map((field) => `oldObject.${field} == object.${field}`).join(" && "),
        "the operator changes nothing of a service account but its imagePullSecrets",
      ),
    ],
  };
}

function coreRule(operations: string[], resource: string): Constraints {
  return constraints(resourceRule("", "v1", operations, resource));
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
  resource: string,
): ResourceRule {
  return {
    apiGroups: [group],
    apiVersions: [version],
    operations,
    resources: [resource],
    scope: "*",
  };
}

function must(expression: string, message: string): Validation {
  return { expression, message, reason: "Forbidden" };
}

/** A string as CEL writes it. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}

import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "kubernetes-types/admissionregistration/v1.d.ts";
import { type Manifest, NAMES } from "../manifest.ts";
import { constraints, resourceRule } from "./policy.ts";

const API = "admissionregistration.k8s.io/v1";

/**
 * Not the label of the installation: by that the guide and `--prune` find what they delete, and
 * these are to stay.
 */
const LABELS = { "app.kubernetes.io/name": "msi-acrpull-keep-alive" } as const;

/** A group that nobody serves, so that no request is looked at. */
const NO_GROUP = "keep-alive.msi-acrpull.invalid";

/**
 * A policy and its binding that judge nothing, and have every API server go on following ConfigMaps.
 *
 * An API server stops following the parameters of a built-in kind about a second after the last
 * binding of a policy with such parameters has gone. It never starts again
 * (https://github.com/kubernetes/kubernetes/issues/130887,
 * https://github.com/kubernetes/kubernetes/issues/133827). The tenant policy, switched off and on
 * again, would go by the lists as they were then, or refuse everything, until the API server is
 * restarted. So these outlast the tenant policy and the installation. For that neither names nor
 * content depend on where the operator is installed, or by what.
 */
export function keepAlive(): readonly Manifest[] {
  const metadata = { name: NAMES.keepAlive, labels: LABELS };
  return [
    {
      apiVersion: API,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      spec: {
        failurePolicy: "Ignore",
        paramKind: { apiVersion: "v1", kind: "ConfigMap" },
        matchConstraints: constraints(resourceRule(NO_GROUP, "v1", ["CREATE"], "nothing")),
        validations: [{ expression: "true" }],
      },
    } satisfies ValidatingAdmissionPolicy,
    {
      apiVersion: API,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata,
      spec: {
        policyName: NAMES.keepAlive,
        paramRef: {
          name: NAMES.keepAlive,
          namespace: "kube-system",
          parameterNotFoundAction: "Allow",
        },
        validationActions: ["Audit"],
      },
    } satisfies ValidatingAdmissionPolicyBinding,
  ];
}

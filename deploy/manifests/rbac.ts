import { optional } from "../../src/runtime/optional.ts";
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
} from "kubernetes-types/rbac/v1.d.ts";
import { LABELS, type Manifest, NAMES } from "./manifest.ts";
import { clusterPermissions, NAMESPACE_PERMISSIONS, type Permission } from "./permissions.ts";
import type { Settings } from "./settings.ts";

const API = "rbac.authorization.k8s.io/v1";
const GROUP = "rbac.authorization.k8s.io";

/** The roles and their bindings. */
export function rbac(settings: Settings): readonly Manifest[] {
  return [
    managerRole(settings),
    managerRoleBinding(settings),
    leaderElectionRole(settings),
    leaderElectionRoleBinding(settings),
    ...(settings.metricsSecure ? [metricsReaderRole()] : []),
  ];
}

/** The role of the operator in every namespace. */
export function managerRole(settings: Settings): Manifest {
  return {
    apiVersion: API,
    kind: "ClusterRole",
    metadata: { name: NAMES.managerRole, labels: LABELS },
    rules: clusterPermissions(settings).map(ruleOf),
  } satisfies ClusterRole;
}

function managerRoleBinding(settings: Settings): Manifest {
  return {
    apiVersion: API,
    kind: "ClusterRoleBinding",
    metadata: { name: NAMES.managerRoleBinding, labels: LABELS },
    roleRef: { apiGroup: GROUP, kind: "ClusterRole", name: NAMES.managerRole },
    subjects: [subject(settings)],
  } satisfies ClusterRoleBinding;
}

function leaderElectionRole({ namespace }: Settings): Manifest {
  return {
    apiVersion: API,
    kind: "Role",
    metadata: { name: NAMES.leaderElectionRole, namespace, labels: LABELS },
    rules: NAMESPACE_PERMISSIONS.map(ruleOf),
  } satisfies Role;
}

function leaderElectionRoleBinding(settings: Settings): Manifest {
  const { namespace } = settings;
  return {
    apiVersion: API,
    kind: "RoleBinding",
    metadata: { name: NAMES.leaderElectionRoleBinding, namespace, labels: LABELS },
    roleRef: { apiGroup: GROUP, kind: "Role", name: NAMES.leaderElectionRole },
    subjects: [subject(settings)],
  } satisfies RoleBinding;
}

/** For whoever scrapes: bind it to Prometheus' account. */
function metricsReaderRole(): Manifest {
  return {
    apiVersion: API,
    kind: "ClusterRole",
    metadata: { name: NAMES.metricsReaderRole, labels: LABELS },
    rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
  } satisfies ClusterRole;
}

function subject({ namespace }: Settings) {
  return { kind: "ServiceAccount", name: NAMES.serviceAccount, namespace };
}

/** A permission as RBAC has it. */
export function ruleOf(
  { apiGroups, resources, resourceNames, verbs }: Permission,
): PolicyRule {
  return {
    apiGroups: [...apiGroups],
    resources: [...resources],
    ...optional("resourceNames", resourceNames && [...resourceNames]),
    verbs: [...verbs],
  };
}

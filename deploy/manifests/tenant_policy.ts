import type { Validation } from "kubernetes-types/admissionregistration/v1.d.ts";
import { type Manifest, NAMES } from "./manifest.ts";
import { binding, constraints, policy, resourceRule } from "./policies.ts";
import type { Settings } from "./settings.ts";

/**
 * Holds every namespace to the registries, identities and scopes that an administrator lists for it
 * in one ConfigMap, under the keys `NAMESPACE.registries`, `.identities` and `.scopes`, separated by
 * spaces or lines. Without the ConfigMap, or without an entry, a binding is refused. It is asked of
 * whoever creates a binding or changes its spec; what the operator itself writes into a binding is
 * no such change.
 */
export function tenantPolicy(settings: Settings): readonly Manifest[] {
  const { namespace } = settings;
  const name = NAMES.tenantPolicy;
  const place = `${namespace}/${NAMES.tenants}`;
  return [
    policy(name, {
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      matchConditions: [{ name: "spec-is-new", expression: SPEC_IS_NEW }],
      matchConstraints: constraints(
        resourceRule("msi-acrpull.microsoft.com", "v1beta1", WRITES, "acrpullbindings"),
        resourceRule("acrpull.microsoft.com", "v1beta2", WRITES, "acrpullbindings"),
      ),
      variables: VARIABLES.map(([name, expression]) => ({ name, expression })),
      validations: [
        mayName("registry", "registries", "variables.registry", place),
        mayName("identity", "identities", "variables.identities.join(' ')", place),
        mayName("scope", "scopes", "variables.scopes.join(' ')", place),
      ],
    }),
    binding(name, { name: NAMES.tenants, namespace, parameterNotFoundAction: "Deny" }),
  ];
}

const WRITES = ["CREATE", "UPDATE"];

/** Stands in a list for what a binding leaves to the operator's own defaults. */
const DEFAULT = "default";
/** Stands in the list of identities for whatever is federated with the namespace's accounts. */
const WORKLOAD_IDENTITY = "workload-identity";

const SPEC_IS_NEW = "request.operation == 'CREATE' || " +
  "(has(object.spec) ? dyn(object.spec) : dyn(null)) != " +
  "(has(oldObject.spec) ? dyn(oldObject.spec) : dyn(null))";

/** What the binding names. A scope that is left out asks for everything, which only `*` allows. */
const VARIABLES: readonly (readonly [string, string])[] = [
  ["spec", "has(object.spec) ? dyn(object.spec) : dyn({})"],
  [
    "server",
    "string(variables.spec.?acr.?server.orValue(variables.spec.?acrServer.orValue('')))",
  ],
  ["registry", `variables.server == '' ? '${DEFAULT}' : variables.server.lowerAscii()`],
  ["managedIdentity", "variables.spec.?auth.?managedIdentity.orValue(dyn({}))"],
  [
    "named",
    "[variables.spec.?managedIdentityClientID, variables.spec.?managedIdentityResourceID, " +
    "variables.managedIdentity.?clientID, variables.managedIdentity.?resourceID]" +
    ".map(i, string(i.orValue('')).lowerAscii()).filter(i, i != '')",
  ],
  [
    "identities",
    `variables.spec.?auth.?workloadIdentity.hasValue() ? ['${WORKLOAD_IDENTITY}'] : ` +
    `variables.named.size() == 0 ? ['${DEFAULT}'] : variables.named`,
  ],
  [
    "scope",
    "string(variables.spec.?acr.?scope.orValue(variables.spec.?scope.orValue('')))",
  ],
  ["asked", "variables.scope.split(' ').filter(s, s != '')"],
  ["scopes", "variables.asked.size() == 0 ? ['*'] : variables.asked"],
  ["allowedRegistries", `${entries("registries")}.map(e, e.lowerAscii())`],
  ["allowedIdentities", `${entries("identities")}.map(e, e.lowerAscii())`],
  ["allowedScopes", entries("scopes")],
  [
    "registriesAllowed",
    "variables.allowedRegistries.exists(e, e == '*' || e == variables.registry)",
  ],
  [
    "identitiesAllowed",
    "variables.identities.all(i, variables.allowedIdentities.exists(e, e == '*' || e == i))",
  ],
  [
    "scopesAllowed",
    "variables.scopes.all(s, variables.allowedScopes.exists(e, e == '*' || " +
    "s.matches('^' + e.replace('.', '[.]').replace('*', '[^: ]*') + '$')))",
  ],
];

function entries(list: string): string {
  return `params.?data[?(request.namespace + '.${list}')].orValue('')` +
    ".replace('\\n', ' ').split(' ').filter(e, e != '')";
}

function mayName(what: string, list: string, value: string, place: string): Validation {
  return {
    expression: `variables.${list}Allowed`,
    messageExpression: `'namespace ' + request.namespace + ' may not name ${what} ' + ${value} + ` +
      `': an administrator lists what it may under ' + request.namespace + '.${list} ' + ` +
      `'in ConfigMap ${place}'`,
    reason: "Forbidden",
  };
}

import type { ConfigMap } from "kubernetes-types/core/v1.d.ts";
import type { Validation } from "kubernetes-types/admissionregistration/v1.d.ts";
import { LABELS, type Manifest, NAMES } from "../manifest.ts";
import type { Settings } from "../settings.ts";
import {
  type DefaultClientId,
  defaultClientIdOf,
  defaultClientIdRule,
  defaultClientIdVariables,
} from "./default_client_id.ts";
import { binding, bindingRules, constraints, policy } from "./policy.ts";
import {
  DEFAULT,
  entries,
  type List,
  LISTS,
  listVariables,
  nameOf,
  shown,
} from "./tenant_lists.ts";

/**
 * Holds every namespace to the registries, identities, scopes and endpoints that an administrator
 * lists for it in one ConfigMap, under keys such as `NAMESPACE.registries`, separated by spaces or
 * lines. Without an entry a binding is refused. It is asked of whoever creates a binding or changes
 * its spec; what the operator itself writes into a binding is no such change.
 *
 * The ConfigMap comes along, since what the API server says where there is none names neither it
 * nor a remedy. It holds no data, so that to apply it again leaves an administrator's alone.
 */
export function tenantPolicy(
  settings: Settings,
  defaultClientId: DefaultClientId = defaultClientIdOf(settings),
): readonly Manifest[] {
  const { namespace } = settings;
  const name = NAMES.tenantPolicy;
  const place = `${namespace}/${NAMES.tenants}`;
  return [
    tenants(namespace),
    policy(name, {
      paramKind: { apiVersion: "v1", kind: "ConfigMap" },
      matchConditions: [{ name: "spec-is-new", expression: SPEC_IS_NEW }],
      matchConstraints: constraints(...bindingRules(WRITES, "acrpullbindings")),
      variables: [...VARIABLES, ...defaultClientIdVariables(defaultClientId)]
        .map(([name, expression]) => ({ name, expression })),
      validations: [
        SCOPES_ARE_WORDS,
        ...LISTS.map((list) => mayName(list, place)),
        defaultClientIdRule(place),
      ],
    }),
    binding(name, { name: NAMES.tenants, namespace, parameterNotFoundAction: "Deny" }),
  ];
}

function tenants(namespace: string): Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: NAMES.tenants, namespace, labels: LABELS },
  } satisfies ConfigMap;
}

const WRITES = ["CREATE", "UPDATE"];

/** Stands in the list of identities for whatever is federated with the namespace's accounts. */
const WORKLOAD_IDENTITY = "workload-identity";

const SPEC_IS_NEW = "request.operation == 'CREATE' || " +
  "(has(object.spec) ? dyn(object.spec) : dyn(null)) != " +
  "(has(oldObject.spec) ? dyn(oldObject.spec) : dyn(null))";

/**
 * An entry allows itself, and with a `*` what that stands for. A scope that climbs out of its path
 * is none of these, wherever its dots come from. What an entry begins with is looked at first, since
 * the API server allows an expression so many steps, of which a pattern takes a lot.
 */
const REFUSED_SCOPES = "variables.scopes.filter(p, !variables.listedPatterns.exists(e, " +
  "e[0] == '*' || e[0] == p[1] || " +
  "(p[1].startsWith(e[1]) && !p[1].contains('..') && p[1].matches(e[2]))))";

/**
 * What the binding names: for each list pairs of a field and the entry that allows what it holds,
 * and of those the ones that no entry allows. A scope that is left out asks for everything, which
 * only `*` allows. The endpoints of all clouds but AirgappedCloud are the operator's own.
 */
const VARIABLES: readonly (readonly [string, string])[] = [
  ["spec", "has(object.spec) ? dyn(object.spec) : dyn({})"],
  ["isV1beta1", "object.apiVersion.startsWith('msi-acrpull.microsoft.com/')"],
  ["acr", "variables.spec.?acr.orValue(dyn({}))"],
  ["managedIdentity", "variables.spec.?auth.?managedIdentity.orValue(dyn({}))"],
  [
    "server",
    `variables.isV1beta1 ? ${pair("spec.acrServer", "variables.spec", "acrServer")} : ` +
    pair("spec.acr.server", "variables.acr", "server"),
  ],
  ["registries", `[variables.server].map(p, [p[0], p[1] == '' ? '${DEFAULT}' : p[1]])`],
  [
    "named",
    `(variables.isV1beta1 ? [` +
    `${pair("spec.managedIdentityClientID", "variables.spec", "managedIdentityClientID")}, ` +
    `${
      pair("spec.managedIdentityResourceID", "variables.spec", "managedIdentityResourceID")
    }] : [` +
    `${pair("spec.auth.managedIdentity.clientID", "variables.managedIdentity", "clientID")}, ` +
    `${pair("spec.auth.managedIdentity.resourceID", "variables.managedIdentity", "resourceID")}])` +
    ".filter(p, p[1] != '')",
  ],
  [
    "identities",
    "!variables.isV1beta1 && variables.spec.?auth.?workloadIdentity.hasValue() ? " +
    `[['spec.auth.workloadIdentity', '${WORKLOAD_IDENTITY}']] : variables.named.size() > 0 ? ` +
    `variables.named : [[variables.isV1beta1 ? 'spec.managedIdentityClientID' : 'spec.auth', ` +
    `'${DEFAULT}']]`,
  ],
  [
    "scope",
    `variables.isV1beta1 ? ${pair("spec.scope", "variables.spec", "scope")} : ` +
    pair("spec.acr.scope", "variables.acr", "scope"),
  ],
  ["asked", "variables.scope[1].split(' ').filter(s, s != '')"],
  [
    "scopes",
    "variables.asked.size() == 0 ? [[variables.scope[0], '*']] : " +
    "variables.asked.map(s, [variables.scope[0], s])",
  ],
  ["cloud", "variables.acr.?cloudConfig.orValue(dyn({}))"],
  [
    "airgapped",
    "variables.acr.?environment.orValue('') == 'AirgappedCloud' || " +
    "variables.acr.?cloudConfig.hasValue()",
  ],
  [
    "entraAuthorityHosts",
    `variables.airgapped ? [${endpoint("entraAuthorityHost")}]` +
    `.map(p, [p[0], ${hostOf("p[1]")}]) : []`,
  ],
  [
    "resourceManagerAudiences",
    `variables.airgapped ? [${endpoint("resourceManagerAudience")}] : []`,
  ],
  ...listVariables(),
  ["listedPatterns", `${entries("scopes")}.map(e, [e, e.split('*')[0], ${scopePattern("e")}])`],
  refused("registries", "e.lowerAscii() == p[1].lowerAscii()"),
  refused("identities", "e.lowerAscii() == p[1].lowerAscii()"),
  [nameOf("refused", "scopes"), REFUSED_SCOPES],
  refused("entraAuthorityHosts", `${hostOf("e")} == p[1]`),
  refused("resourceManagerAudiences", "e == p[1]"),
];

/** A field's path, and what it holds as a string. */
function pair(path: string, object: string, field: string): string {
  return `['${path}', string(${object}.?${field}.orValue(''))]`;
}

function endpoint(field: string): string {
  return pair(`spec.acr.cloudConfig.${field}`, "variables.cloud", field);
}

/** A host as the operator compares it, which takes it as a URL too. */
function hostOf(text: string): string {
  return `[${text}.lowerAscii()].map(t, t.startsWith('https://') ? t.substring(8) : t)` +
    ".map(t, t.endsWith('/') ? t.substring(0, t.size() - 1) : t)[0]";
}

/** A variable: of a list's pairs those that no entry allows, by an expression over `e` and `p`. */
function refused(list: List, allows: string): readonly [string, string] {
  return [
    nameOf("refused", list),
    `variables.${list}.filter(p, !${entries(list)}.exists(e, e == '*' || ${allows}))`,
  ];
}

/** `*` stands for what names of repositories are made of; everything else for itself (RE2). */
function scopePattern(entry: string): string {
  const literal = `${entry}.replace('\\\\', '\\\\E\\\\\\\\\\\\Q')`;
  return `'^\\\\Q' + ${literal}.replace('*', '\\\\E[a-z0-9._/-]*\\\\Q') + '\\\\E$'`;
}

/** No entry could list it, nor can a registry be relied upon to read it as it stands there. */
const SCOPES_ARE_WORDS: Validation = {
  expression: "variables.asked.all(s, !s.matches('[\\\\s\\\\p{Z}\\\\p{C}]'))",
  messageExpression: `'namespace ' + request.namespace + ' may not name ' + ` +
    `${shown("variables.scope[1]")} + ' in ' + variables.scope[0] + ` +
    "': take out tabs, line breaks and whatever else cannot be seen, and separate scopes by spaces'",
  reason: "Forbidden",
};

function mayName(list: List, place: string): Validation {
  const name = `variables.${nameOf("refused", list)}`;
  return {
    expression: `${name}.size() == 0`,
    messageExpression: `'namespace ' + request.namespace + ' may not name ' + ` +
      `${shown(`${name}[0][1]`)} + ' in ' + ${name}[0][0] + ': an administrator lists what it ` +
      `may under key ' + request.namespace + '.${list} of ConfigMap ${place}'`,
    reason: "Forbidden",
  };
}

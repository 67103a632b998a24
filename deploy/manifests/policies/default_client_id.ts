import type { Validation } from "kubernetes-types/admissionregistration/v1.d.ts";
import { environment } from "../deployment.ts";
import type { Settings } from "../settings.ts";
import { DEFAULT, entries, shown } from "./tenant_lists.ts";

/**
 * Whether the operator has a default client ID, as far as whoever renders the policy knows; a
 * template of the chart comes to one of the same words.
 */
export type DefaultClientId = "set" | "none" | "unknown" | `{{${string}}}`;

/** Key of the lists' ConfigMap under which an administrator says it of a Deployment of their own. */
const KEY = "defaultClientID";

/** What the settings say of the operator that they install. */
export function defaultClientIdOf(settings: Settings): DefaultClientId {
  const isSet = environment(settings).some(({ name }) => name === "MANAGED_IDENTITY_CLIENT_ID");
  return isSet ? "set" : "none";
}

/**
 * Variables of the rule below. What is installed with a default has one, whatever the ConfigMap
 * says; where nobody says anything, there may be one.
 */
export function defaultClientIdVariables(
  installed: DefaultClientId,
): readonly (readonly [string, string])[] {
  const said = `params.?data[?'${KEY}'].orValue('${installed}').trim()`;
  return [
    [
      "besideOpenClientID",
      "variables.isV1beta1 && " +
      "string(variables.spec.?managedIdentityClientID.orValue('')) == '' ? " +
      "string(variables.spec.?managedIdentityResourceID.orValue('')) : ''",
    ],
    ["defaultClientID", `'${installed}' == 'set' ? 'set' : ${said}`],
  ];
}

/**
 * The fields of v1beta1 fall back one by one, and the client ID wins at IMDS. So where there is a
 * default client ID, a binding that names a resource ID alone gets the default, and not the
 * identity that it names.
 */
export function defaultClientIdRule(place: string): Validation {
  const key = `' + request.namespace + '.identities of ConfigMap ${place}`;
  return {
    expression: "variables.besideOpenClientID == '' || variables.defaultClientID == 'none' || " +
      `${entries("identities")}.exists(e, e == '*' || e.lowerAscii() == '${DEFAULT}')`,
    messageExpression: `'namespace ' + request.namespace + ' may not leave ` +
      `spec.managedIdentityClientID open beside ' + ${shown("variables.besideOpenClientID")} + ` +
      `' in spec.managedIdentityResourceID: a default client ID of the operator wins over that; ` +
      `name the client ID, or an administrator lists ${DEFAULT} under key ${key}' + ` +
      `(variables.defaultClientID == 'set' ? '' : ', or sets key ${KEY} there to none where the ` +
      `operator has no such default')`,
    reason: "Forbidden",
  };
}

import type { NodeIdentity } from "../../azure/credential_request.ts";
import { V1BETA1_AUDIENCE } from "../../azure/clouds.ts";
import { cleanPath, faultOfClientId, faultOfResourceId } from "../../azure/identity.ts";
import { faultOfServer } from "../../azure/registry.ts";
import { type AcrPullBindingSpec, definition, maxLengths } from "../../api/v1beta1.ts";
import { apiVersionOf } from "../../kubernetes/resources/object.ts";
import { hash, HASH_LENGTH, labelValue, LONGEST_NAME, shortened } from "../names.ts";
import type { BindingApi, CachedBinding } from "./api.ts";
import { faultsIn, invalid } from "./faults.ts";
import { faultsOfLength } from "./kept.ts";
import type { BindingSettings } from "./settings.ts";
import { V1BETA2_PREFIX } from "./v1beta2.ts";
import type { Asked, CredentialSpec } from "./view.ts";

/** Mark of its Secrets' names. */
export const V1BETA1_SUFFIX = "-msi-acrpull-secret";

/** The reference refreshes v1beta1 half an hour before a token expires. */
const REFRESH_MARGIN_MS = 30 * 60_000;

/** The API of the reference's first releases. */
export const V1BETA1: BindingApi<AcrPullBindingSpec> = {
  name: "v1beta1",
  apiVersion: apiVersionOf(definition),
  definition,
  maxLengths,
  isLabelFixed: false,
  // A name that has both marks counts as v1beta2's, as in the reference.
  isSecretName: (name) => name.endsWith(V1BETA1_SUFFIX) && !name.startsWith(V1BETA2_PREFIX),
  secretName: v1beta1SecretName,
  accountsOf: ({ spec }) => [targetOf(spec)],
  asked,
};

/**
 * The Secret of a v1beta1 binding: `<binding>-msi-acrpull-secret`. The reference cannot serve names
 * of more than 234 characters; here these are cut like those of v1beta2.
 */
export function v1beta1SecretName(binding: string): string {
  const room = LONGEST_NAME - V1BETA1_SUFFIX.length;
  return `${shortened(binding, room, room - HASH_LENGTH - 1)}${V1BETA1_SUFFIX}`;
}

function asked(binding: CachedBinding<AcrPullBindingSpec>, settings: BindingSettings): Asked {
  const spec = binding.spec ?? {};
  const { defaults } = settings;
  const clientId = spec.managedIdentityClientID || defaults.managedIdentityClientID;
  // Only what the binding names is cleaned, as in the reference: the hash must be the same.
  const resourceId = cleanPath(spec.managedIdentityResourceID ?? "") ||
    defaults.managedIdentityResourceID;
  const server = spec.acrServer || defaults.acrServer;
  const scope = spec.scope ?? "";
  const overlong = faultsOfLength(binding);
  return {
    target: targetOf(spec),
    secretName: v1beta1SecretName(binding.metadata.name),
    label: labelValue(binding.metadata.name),
    inputsHash: hash(clientId + resourceId + server + scope),
    credential: overlong.length > 0
      ? invalid(overlong)
      : credentialOf({ clientId, resourceId, server, scope }, settings),
    rotation: { kind: "beforeExpiry", marginMs: REFRESH_MARGIN_MS },
  };
}

function targetOf(spec: AcrPullBindingSpec | undefined): string {
  return spec?.serviceAccountName || "default";
}

interface Inputs {
  readonly clientId: string;
  readonly resourceId: string;
  readonly server: string;
  readonly scope: string;
}

function credentialOf(inputs: Inputs, settings: BindingSettings): CredentialSpec {
  const { server, scope } = inputs;
  const faults = faultsOf(inputs, settings);
  if (faults.length > 0) return invalid(faults);
  const { armResource } = settings.defaults;
  const audience = armResource === ""
    ? { audience: V1BETA1_AUDIENCE }
    : { audience: armResource, audienceIsSet: true as const };
  return { kind: "managedIdentity", identity: identityOf(inputs), ...audience, server, scope };
}

/** The client ID wins at IMDS, which refuses both together. */
function identityOf({ clientId, resourceId }: Inputs): NodeIdentity {
  return clientId !== ""
    ? { kind: "managedIdentity", clientId }
    : { kind: "managedIdentity", resourceId };
}

/** The faults of the spec after defaults, each a sentence that names the field. */
function faultsOf({ clientId, resourceId, server }: Inputs, settings: BindingSettings): string[] {
  const faults = faultsIn("spec.acrServer", faultOfServer(server, settings.allowedServerSuffixes));
  if (clientId !== "") {
    faults.push(...faultsIn("spec.managedIdentityClientID", faultOfClientId(clientId)));
  } else if (resourceId !== "") {
    faults.push(...faultsIn("spec.managedIdentityResourceID", faultOfResourceId(resourceId)));
  } else {
    faults.push(
      "spec.managedIdentityClientID and spec.managedIdentityResourceID are both empty, and " +
        "the operator has no default; set one of them.",
    );
  }
  return faults;
}

import type { NodeIdentity } from "../../azure/credential_request.ts";
import { V1BETA1_AUDIENCE } from "../../azure/clouds.ts";
import { cleanPath, faultOfClientId, faultOfResourceId } from "../../azure/identity.ts";
import { faultOfServer } from "../../azure/registry.ts";
import type { AcrPullBinding } from "../../api/v1beta1.ts";
import type { Stored } from "../../kubernetes/resources/resource_client.ts";
import { hash, labelValue, v1beta1SecretName } from "../names.ts";
import { basicsOf } from "./common.ts";
import { faultsIn, invalid } from "./faults.ts";
import { faultsOfLength, type Kept } from "./kept.ts";
import type { BindingSettings } from "./settings.ts";
import type { BindingView, CredentialSpec } from "./view.ts";

/** The reference refreshes v1beta1 half an hour before a token expires. */
const REFRESH_MARGIN_MS = 30 * 60_000;

/** A v1beta1 binding after defaults. */
export function viewOfV1beta1(
  binding: Stored<AcrPullBinding> & Kept,
  settings: BindingSettings,
): BindingView {
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
    ...basicsOf("v1beta1", binding),
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

/** Names of the ServiceAccounts that concern a binding, without the cost of a whole view. */
export function accountsOfV1beta1({ spec }: AcrPullBinding): readonly string[] {
  return [targetOf(spec)];
}

function targetOf(spec: AcrPullBinding["spec"]): string {
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

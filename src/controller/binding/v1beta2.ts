import type { NodeIdentity } from "../../azure/credential_request.ts";
import { quote } from "../../runtime/text/quote.ts";
import { type Cloud, CLOUDS } from "../../azure/clouds.ts";
import {
  cleanPath,
  faultOfClientId,
  faultOfResourceId,
  faultOfTenant,
} from "../../azure/identity.ts";
import { faultOfServer } from "../../azure/registry.ts";
import { type AcrPullBindingSpec, definition, maxLengths } from "../../api/v1beta2.ts";
import { apiVersionOf } from "../../kubernetes/resources/object.ts";
import { lowerAscii } from "../../runtime/text/ascii.ts";
import { hash, labelValue, shortened } from "../names.ts";
import type { BindingApi, CachedBinding } from "./api.ts";
import { faultsIn, invalid } from "./faults.ts";
import { faultsOfLength } from "./kept.ts";
import type { BindingSettings } from "./settings.ts";
import type { Asked, CredentialSpec, WorkloadIdentitySpec } from "./view.ts";

type Spec = AcrPullBindingSpec;
type WorkloadIdentity = NonNullable<Spec["auth"]["workloadIdentity"]>;

/** Mark of its Secrets' names. */
export const V1BETA2_PREFIX = "acr-pull-";
/** The reference cuts names here: 253 less 10 for the prefix and 10 for the hash. */
export const V1BETA2_CUT = 233;

/** The API of the reference's second release. */
export const V1BETA2: BindingApi<Spec> = {
  name: "v1beta2",
  apiVersion: apiVersionOf(definition),
  definition,
  maxLengths,
  isLabelFixed: true,
  isSecretName: (name) => name.startsWith(V1BETA2_PREFIX),
  secretName: v1beta2SecretName,
  accountsOf,
  asked,
};

/** The Secret of a v1beta2 binding: `acr-pull-<binding>`, cut where the reference cuts it. */
export function v1beta2SecretName(binding: string): string {
  return `${V1BETA2_PREFIX}${shortened(binding, V1BETA2_CUT, V1BETA2_CUT)}`;
}

function accountsOf({ spec }: CachedBinding<Spec>): readonly string[] {
  const federated = spec?.auth?.workloadIdentity?.serviceAccountRef;
  const target = targetOf(spec);
  return federated === undefined || federated === target ? [target] : [target, federated];
}

/** The reference's CRD admits objects that lack parts; these become invalid. */
function asked(binding: CachedBinding<Spec>, settings: BindingSettings): Asked {
  const { spec } = binding;
  const overlong = faultsOfLength(binding);
  return {
    target: targetOf(spec),
    secretName: v1beta2SecretName(binding.metadata.name),
    label: labelValue(binding.metadata.name),
    inputsHash: hash(spec === undefined ? "" : inputsOf(spec)),
    credential: overlong.length > 0 ? invalid(overlong) : credentialOf(spec, settings),
    rotation: { kind: "fraction", fraction: settings.ttlRotationFraction },
  };
}

function targetOf(spec: Spec | undefined): string {
  return spec?.serviceAccountName ?? "";
}

/** The reference hashes these, in this order and without separators. */
function inputsOf({ serviceAccountName, auth, acr }: Spec): string {
  const { managedIdentity, workloadIdentity } = auth;
  const identity = managedIdentity !== undefined
    ? `managedIdentity${managedIdentity.resourceID ?? ""}${managedIdentity.clientID ?? ""}`
    : workloadIdentity !== undefined
    ? `workloadIdentity${workloadIdentity.serviceAccountRef}`
    : "";
  return `${serviceAccountName}${identity}${acr.environment}${acr.server}${acr.scope}`;
}

function credentialOf(spec: Spec | undefined, settings: BindingSettings): CredentialSpec {
  if (spec === undefined) return invalid(["spec is missing; name registry, identity and account."]);
  const { acr, auth } = spec;
  const faults = [
    ...faultsIn("spec.acr.server", faultOfServer(acr.server, settings.allowedServerSuffixes)),
    ...faultsOfCloud(acr, settings),
    ...faultsOfAuth(auth),
  ];
  if (faults.length > 0) return invalid(faults);
  const cloud = cloudOf(acr);
  return auth.workloadIdentity !== undefined
    ? workloadIdentity(acr, auth.workloadIdentity, cloud)
    : managedIdentity(acr, auth.managedIdentity!, cloud);
}

function faultsOfCloud(acr: Spec["acr"], settings: BindingSettings): string[] {
  if (acr.environment !== "AirgappedCloud") {
    // A later CRD may admit clouds that this release does not know.
    const known = Object.keys(CLOUDS);
    return faultsIn(
      "spec.acr.environment",
      known.includes(acr.environment)
        ? undefined
        : `${quote(acr.environment)} is not known; give one of ${known.join(", ")} ` +
          "or AirgappedCloud",
    );
  }
  if (acr.cloudConfig === undefined) {
    return ["spec.acr.cloudConfig is missing; AirgappedCloud needs it."];
  }
  const { entraAuthorityHost, resourceManagerAudience } = acr.cloudConfig;
  return [
    ...faultsIn(
      "spec.acr.cloudConfig.entraAuthorityHost",
      settings.allowedEntraAuthorityHosts.includes(hostOf(entraAuthorityHost))
        ? undefined
        : notAllowed(entraAuthorityHost, "--allowed-entra-authority-hosts"),
    ),
    ...faultsIn(
      "spec.acr.cloudConfig.resourceManagerAudience",
      settings.allowedResourceManagerAudiences.includes(resourceManagerAudience)
        ? undefined
        : notAllowed(resourceManagerAudience, "--allowed-resource-manager-audiences"),
    ),
  ];
}

function notAllowed(value: string, flag: string): string {
  return `${quote(value)} is not among those that the operator allows; correct it, or ` +
    `have the administrator extend ${flag}`;
}

function faultsOfAuth({ managedIdentity, workloadIdentity }: Spec["auth"]): string[] {
  if (workloadIdentity !== undefined) return faultsOfWorkloadIdentity(workloadIdentity);
  const { clientID, resourceID } = managedIdentity ?? {};
  if (clientID !== undefined) {
    return faultsIn("spec.auth.managedIdentity.clientID", faultOfClientId(clientID));
  }
  if (resourceID === undefined) {
    return ["spec.auth names no identity; set managedIdentity or workloadIdentity."];
  }
  const fault = faultOfResourceId(cleanPath(resourceID));
  return faultsIn("spec.auth.managedIdentity.resourceID", fault);
}

function faultsOfWorkloadIdentity({ clientID, tenantID }: WorkloadIdentity): string[] {
  if (clientID === undefined || tenantID === undefined) return [];
  return [
    ...faultsIn("spec.auth.workloadIdentity.clientID", faultOfClientId(clientID)),
    ...faultsIn("spec.auth.workloadIdentity.tenantID", faultOfTenant(tenantID)),
  ];
}

/** The cloud of a spec in which no fault was found. */
function cloudOf({ environment, cloudConfig }: Spec["acr"]): Cloud {
  if (environment !== "AirgappedCloud") return CLOUDS[environment];
  const { entraAuthorityHost, resourceManagerAudience } = cloudConfig!;
  return { authorityHost: hostOf(entraAuthorityHost), resourceManagerAudience };
}

/** The Azure SDKs write the authority as a URL; the reference takes either. */
function hostOf(authority: string): string {
  return lowerAscii(authority).replace(/^https:\/\//, "").replace(/\/$/, "");
}

/** What a cloudConfig names goes before the registry service's own audience. */
function audienceOf(
  { environment }: Spec["acr"],
  { resourceManagerAudience: audience }: Cloud,
): Pick<WorkloadIdentitySpec, "audience" | "audienceIsSet"> {
  return environment === "AirgappedCloud" ? { audience, audienceIsSet: true } : { audience };
}

function managedIdentity(
  acr: Spec["acr"],
  { clientID, resourceID }: NonNullable<Spec["auth"]["managedIdentity"]>,
  cloud: Cloud,
): CredentialSpec {
  const identity: NodeIdentity = clientID !== undefined
    ? { kind: "managedIdentity", clientId: clientID }
    : { kind: "managedIdentity", resourceId: cleanPath(resourceID!) };
  return {
    kind: "managedIdentity",
    identity,
    ...audienceOf(acr, cloud),
    server: acr.server,
    scope: acr.scope,
  };
}

function workloadIdentity(
  acr: Spec["acr"],
  { serviceAccountRef, clientID, tenantID }: WorkloadIdentity,
  cloud: Cloud,
): CredentialSpec {
  const isNamed = clientID !== undefined && tenantID !== undefined;
  return {
    kind: "workloadIdentity",
    serviceAccountName: serviceAccountRef,
    ...(isNamed ? { ids: { clientId: clientID, tenantId: tenantID } } : {}),
    authorityHost: cloud.authorityHost,
    ...audienceOf(acr, cloud),
    server: acr.server,
    scope: acr.scope,
  };
}

import { type Cloud, CLOUDS } from "../../azure/clouds.ts";
import {
  cleanPath,
  faultOfClientId,
  faultOfResourceId,
  faultOfTenant,
} from "../../azure/identity.ts";
import { faultOfServer } from "../../azure/registry.ts";
import type { AcrPullBinding } from "../../api/v1beta2.ts";
import type { Stored } from "../../kubernetes/resource.ts";
import { hash, labelValue, v1beta2SecretName } from "../names.ts";
import { commonView } from "./common.ts";
import type { BindingSettings } from "./settings.ts";
import type { BindingView, CredentialSpec } from "./view.ts";

type Spec = NonNullable<AcrPullBinding["spec"]>;

/** A v1beta2 binding. The reference's CRD admits objects that lack parts; these become invalid. */
export function viewOfV1beta2(
  binding: Stored<AcrPullBinding>,
  settings: BindingSettings,
): BindingView {
  const { spec } = binding;
  return {
    ...commonView(binding),
    api: "v1beta2",
    apiVersion: "acrpull.microsoft.com/v1beta2",
    target: targetOf(spec),
    secretName: v1beta2SecretName(binding.metadata.name),
    label: labelValue(binding.metadata.name),
    inputsHash: hash(spec === undefined ? "" : inputsOf(spec)),
    credential: credentialOf(spec, settings),
    rotation: { kind: "fraction", fraction: settings.ttlRotationFraction },
  };
}

/** Names of the ServiceAccounts that concern a binding, without the cost of a whole view. */
export function accountsOfV1beta2({ spec }: AcrPullBinding): readonly string[] {
  const federated = spec?.auth?.workloadIdentity?.serviceAccountRef;
  const target = targetOf(spec);
  return federated === undefined || federated === target ? [target] : [target, federated];
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
  if (spec === undefined) return invalid("spec is missing; name registry, identity and account.");
  const fault = faultOfServer(spec.acr.server, settings.allowedServerSuffixes);
  if (fault !== undefined) return invalid(`spec.acr.server ${fault}.`);
  const cloud = cloudOf(spec.acr, settings);
  if ("kind" in cloud) return cloud;
  return spec.auth.workloadIdentity !== undefined
    ? workloadIdentity(spec, spec.auth.workloadIdentity, cloud)
    : managedIdentity(spec, spec.auth.managedIdentity ?? {}, cloud);
}

function cloudOf(acr: Spec["acr"], settings: BindingSettings): Cloud | CredentialSpec {
  if (acr.environment !== "AirgappedCloud") {
    // A later CRD may admit clouds that this release does not know.
    return CLOUDS[acr.environment] ?? unknownCloud(acr.environment);
  }
  if (acr.cloudConfig === undefined) {
    return invalid("spec.acr.cloudConfig is missing; AirgappedCloud needs it.");
  }
  const { entraAuthorityHost, resourceManagerAudience } = acr.cloudConfig;
  const authorityHost = hostOf(entraAuthorityHost);
  if (!settings.allowedEntraAuthorityHosts.includes(authorityHost)) {
    return notAllowed(
      "entraAuthorityHost",
      entraAuthorityHost,
      "--allowed-entra-authority-hosts",
    );
  }
  if (!settings.allowedResourceManagerAudiences.includes(resourceManagerAudience)) {
    return notAllowed(
      "resourceManagerAudience",
      resourceManagerAudience,
      "--allowed-resource-manager-audiences",
    );
  }
  return { authorityHost, resourceManagerAudience };
}

function unknownCloud(environment: string): CredentialSpec {
  return invalid(
    `spec.acr.environment ${JSON.stringify(environment)} is not known; give one of ` +
      `${Object.keys(CLOUDS).join(", ")} or AirgappedCloud.`,
  );
}

/** The Azure SDKs write the authority as a URL; the reference takes either. */
function hostOf(authority: string): string {
  return authority.toLowerCase().replace(/^https:\/\//, "").replace(/\/$/, "");
}

function notAllowed(field: string, value: string, flag: string): CredentialSpec {
  return invalid(
    `spec.acr.cloudConfig.${field} ${JSON.stringify(value)} is not among those that the operator ` +
      `allows; correct it, or have the administrator extend ${flag}.`,
  );
}

function managedIdentity(
  { acr }: Spec,
  auth: { clientID?: string; resourceID?: string },
  cloud: Cloud,
): CredentialSpec {
  const common = {
    kind: "managedIdentity",
    audience: cloud.resourceManagerAudience,
    server: acr.server,
    scope: acr.scope,
  } as const;
  if (auth.clientID !== undefined) {
    const fault = faultOfClientId(auth.clientID);
    if (fault !== undefined) return invalid(`spec.auth.managedIdentity.clientID ${fault}.`);
    return { ...common, identity: { kind: "managedIdentity", clientId: auth.clientID } };
  }
  if (auth.resourceID === undefined) {
    return invalid("spec.auth names no identity; set managedIdentity or workloadIdentity.");
  }
  const resourceId = cleanPath(auth.resourceID);
  const fault = faultOfResourceId(resourceId);
  if (fault !== undefined) return invalid(`spec.auth.managedIdentity.resourceID ${fault}.`);
  return { ...common, identity: { kind: "managedIdentity", resourceId } };
}

function workloadIdentity(
  { acr }: Spec,
  auth: NonNullable<Spec["auth"]["workloadIdentity"]>,
  cloud: Cloud,
): CredentialSpec {
  const common = {
    kind: "workloadIdentity",
    serviceAccountName: auth.serviceAccountRef,
    authorityHost: cloud.authorityHost,
    audience: cloud.resourceManagerAudience,
    server: acr.server,
    scope: acr.scope,
  } as const;
  const { clientID, tenantID } = auth;
  if (clientID === undefined || tenantID === undefined) return common;
  const clientFault = faultOfClientId(clientID);
  if (clientFault !== undefined) {
    return invalid(`spec.auth.workloadIdentity.clientID ${clientFault}.`);
  }
  const tenantFault = faultOfTenant(tenantID);
  if (tenantFault !== undefined) {
    return invalid(`spec.auth.workloadIdentity.tenantID ${tenantFault}.`);
  }
  return { ...common, ids: { clientId: clientID, tenantId: tenantID } };
}

function invalid(message: string): CredentialSpec {
  return { kind: "invalid", message };
}

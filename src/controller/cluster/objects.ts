import type { ServiceAccount } from "../../kubernetes/core.ts";
import type {
  KubernetesObject,
  ObjectMeta,
  PartialObjectMetadata,
  Stored,
} from "../../kubernetes/resource.ts";
import { optional } from "../../runtime/optional.ts";
import {
  BINDING_LABEL,
  CLIENT_ID_ANNOTATION,
  EXPIRY_ANNOTATION,
  FIELD_MANAGER,
  IDENTITY_ANNOTATION,
  INPUTS_ANNOTATION,
  REFRESH_ANNOTATION,
  TENANT_ID_ANNOTATION,
} from "../conventions.ts";
import type { SecretOwner, SecretState, ServiceAccountState } from "../plan/snapshot.ts";

/** A Secret's metadata, and whether the operator was the last to write what it vouches for. */
export interface SecretMetadata extends PartialObjectMetadata {
  dataIsOurs?: boolean;
}

const OUR_ANNOTATIONS = [
  EXPIRY_ANNOTATION,
  REFRESH_ANNOTATION,
  INPUTS_ANNOTATION,
  IDENTITY_ANNOTATION,
];

/**
 * What is kept of a Secret. `managedFields` tell who last wrote data and annotations, which is all
 * that can be known of an alteration without reading the data; their verdict is kept, not they.
 */
export function trimSecret(secret: Stored<PartialObjectMetadata>): Stored<SecretMetadata> {
  const { name, namespace, uid, resourceVersion } = secret.metadata;
  return {
    dataIsOurs: isDataOurs(secret.metadata),
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      labels: pick(secret.metadata.labels, [BINDING_LABEL]),
      annotations: pick(secret.metadata.annotations, OUR_ANNOTATIONS),
      ownerReferences: secret.metadata.ownerReferences ?? [],
    },
  };
}

/**
 * What is kept of a binding of either API: all that a view is made of. Annotations go, of which
 * kubectl's own holds the whole object once more.
 */
export function trimBinding<T extends KubernetesObject & { spec?: unknown; status?: unknown }>(
  { metadata, spec, status }: Stored<T>,
): Stored<T> {
  const { name, namespace, uid, resourceVersion } = metadata;
  const kept = {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      ...optional("generation", metadata.generation),
      ...optional("deletionTimestamp", metadata.deletionTimestamp),
      ...optional("finalizers", metadata.finalizers),
    },
    ...optional("spec", spec),
    ...optional("status", status),
  };
  return kept as unknown as Stored<T>;
}

/** What is kept of a ServiceAccount. */
export function trimServiceAccount(account: Stored<ServiceAccount>): Stored<ServiceAccount> {
  const { name, namespace, uid, resourceVersion, annotations } = account.metadata;
  return {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      annotations: pick(annotations, [CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION]),
    },
    imagePullSecrets: account.imagePullSecrets ?? [],
  };
}

/** The Secret as a plan sees it. */
export function secretState(secret: Stored<SecretMetadata>): SecretState {
  const { name, uid, resourceVersion, labels, annotations, ownerReferences } = secret.metadata;
  const owner = ownerReferences?.find(isBinding);
  return {
    name,
    uid,
    resourceVersion,
    ...optional("label", labels?.[BINDING_LABEL]),
    ...optional("owner", owner && ownerOf(owner)),
    ownedByOthers: ownerReferences?.some((reference) => !isBinding(reference)) ?? false,
    ...optional("expiry", annotations?.[EXPIRY_ANNOTATION]),
    ...optional("refresh", annotations?.[REFRESH_ANNOTATION]),
    ...optional("inputs", annotations?.[INPUTS_ANNOTATION]),
    ...optional("identity", annotations?.[IDENTITY_ANNOTATION]),
    dataIsOurs: secret.dataIsOurs ?? false,
  };
}

/** The ServiceAccount as a plan sees it. */
export function serviceAccountState(account: Stored<ServiceAccount>): ServiceAccountState {
  const { name, uid, annotations } = account.metadata;
  return {
    name,
    uid,
    pullSecrets: pullSecretsOf(account),
    ...optional("clientId", annotations?.[CLIENT_ID_ANNOTATION]),
    ...optional("tenantId", annotations?.[TENANT_ID_ANNOTATION]),
  };
}

/** Names in a ServiceAccount's imagePullSecrets, in their order. */
export function pullSecretsOf(account: Stored<ServiceAccount>): readonly string[] {
  return (account.imagePullSecrets ?? []).flatMap(({ name }) => name === undefined ? [] : [name]);
}

/** Nobody else wrote the data or the annotations, as `metadata.managedFields` have it. */
function isDataOurs({ managedFields }: ObjectMeta): boolean {
  const writers = (managedFields ?? []).filter(({ fieldsV1 }) => vouchesFor(fieldsV1));
  return writers.length > 0 && writers.every(({ manager }) => manager === FIELD_MANAGER);
}

/** Whether a set of fields (FieldsV1) holds the data, or an annotation of ours. */
function vouchesFor(fields: unknown): boolean {
  const annotations = member(member(fields, "f:metadata"), "f:annotations");
  return member(fields, "f:data") !== undefined ||
    OUR_ANNOTATIONS.some((name) => member(annotations, `f:${name}`) !== undefined);
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

type OwnerReference = NonNullable<ObjectMeta["ownerReferences"]>[number];

function isBinding({ apiVersion, kind }: OwnerReference): boolean {
  const group = apiVersion.split("/")[0];
  return kind === "AcrPullBinding" &&
    (group === "acrpull.microsoft.com" || group === "msi-acrpull.microsoft.com");
}

function ownerOf({ apiVersion, name, uid }: OwnerReference): SecretOwner {
  return { apiVersion, name, uid };
}

function pick(
  values: Readonly<Record<string, string>> | undefined,
  keys: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const key of keys) {
    const value = values?.[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

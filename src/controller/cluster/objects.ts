import type { ServiceAccount } from "../../kubernetes/resources/built_in.ts";
import type {
  ObjectMeta,
  PartialObjectMetadata,
  Stored,
} from "../../kubernetes/resources/resource_client.ts";
import { cut } from "../../runtime/text/cut.ts";
import { optional } from "../../runtime/optional.ts";
import { shareText } from "../../runtime/text/shared_text.ts";
import {
  BINDING_LABEL,
  CLIENT_ID_ANNOTATION,
  EXPIRY_ANNOTATION,
  FIELD_MANAGER,
  IDENTITY_ANNOTATION,
  INPUTS_ANNOTATION,
  LACKING_ANNOTATION,
  REFRESH_ANNOTATION,
  TENANT_ID_ANNOTATION,
} from "../conventions.ts";
import type { BindingApis } from "../binding/apis.ts";
import { LONGEST_NAME } from "../names.ts";
import type { SecretOwner, SecretState, ServiceAccountState } from "../plan/snapshot.ts";
import { areFew, type Crowd, crowdOf, isInCrowd } from "./crowd.ts";
import { isLarge, type Sized } from "./large.ts";

/** A Secret's metadata, and whether the operator was the last to write what it vouches for. */
export interface SecretMetadata extends PartialObjectMetadata, Sized {
  dataIsOurs?: boolean;
}

/** A ServiceAccount without what bindings do not care for. */
export interface CachedServiceAccount extends ServiceAccount, Sized {
  /** In place of imagePullSecrets, where these are many. */
  crowd?: Crowd;
}

/**
 * Longer than any time, hash or ID, in UTF-16 units. One that is longer is kept cut, which leaves it
 * as wrong as it was.
 */
const LONGEST_ANNOTATION = 320;

const OUR_ANNOTATIONS = [
  EXPIRY_ANNOTATION,
  REFRESH_ANNOTATION,
  INPUTS_ANNOTATION,
  IDENTITY_ANNOTATION,
  LACKING_ANNOTATION,
];

/**
 * What is kept of a Secret. `managedFields` tell who last wrote data and annotations, which is all
 * that can be known of an alteration without reading the data; their verdict is kept, not they.
 */
export function trimSecret(
  secret: Stored<PartialObjectMetadata>,
  apis: BindingApis,
): Stored<SecretMetadata> {
  const { name, namespace, uid, resourceVersion, deletionTimestamp } = secret.metadata;
  return {
    dataIsOurs: isDataOurs(secret.metadata),
    metadata: {
      name,
      namespace: shareText(namespace),
      uid,
      resourceVersion,
      labels: pick(secret.metadata.labels, [BINDING_LABEL]),
      annotations: pick(secret.metadata.annotations, OUR_ANNOTATIONS),
      ownerReferences: keptOwners(secret.metadata.ownerReferences ?? [], apis),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp, ...holders(secret) }),
    },
  };
}

/** Enough to tell people who holds it. */
const MOST_HOLDERS = 3;

/** The finalizers that keep a Secret from being gone once it is deleted. */
function holders({ metadata }: Stored<PartialObjectMetadata>): Pick<ObjectMeta, "finalizers"> {
  return { finalizers: (metadata.finalizers ?? []).slice(0, MOST_HOLDERS) };
}

/**
 * What is kept of a ServiceAccount: its identity, and whom it names, but of names in great number no
 * more than tells ours apart. What is left out is read before the account is written.
 */
export function trimServiceAccount(
  account: Stored<ServiceAccount>,
  apis: BindingApis,
): Stored<CachedServiceAccount> {
  const { name, namespace, uid, resourceVersion, annotations } = account.metadata;
  const names = pullSecretsOf(account);
  return {
    ...(isLarge(account) ? { isLarge: true } : {}),
    metadata: {
      name,
      namespace: shareText(namespace),
      uid,
      resourceVersion,
      annotations: pick(annotations, [CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION]),
    },
    ...(areFew(names)
      ? { imagePullSecrets: account.imagePullSecrets ?? [] }
      : { crowd: crowdOf(names, (name) => apis.ofSecret(name) !== undefined) }),
  };
}

/** The Secret as a plan sees it. */
export function secretState(secret: Stored<SecretMetadata>, apis: BindingApis): SecretState {
  const { name, uid, resourceVersion, labels, annotations, ownerReferences } = secret.metadata;
  const { deletionTimestamp, finalizers = [] } = secret.metadata;
  const owner = ownerReferences?.find((reference) => isBinding(reference, apis));
  return {
    name,
    uid,
    resourceVersion,
    ...optional("label", labels?.[BINDING_LABEL]),
    ...optional("owner", owner && ownerOf(owner)),
    ownedByOthers: ownerReferences?.some((reference) => !isBinding(reference, apis)) ?? false,
    ...optional("heldBy", deletionTimestamp === undefined ? undefined : finalizers),
    ...optional("expiry", annotations?.[EXPIRY_ANNOTATION]),
    ...optional("refresh", annotations?.[REFRESH_ANNOTATION]),
    ...optional("inputs", annotations?.[INPUTS_ANNOTATION]),
    ...optional("identity", annotations?.[IDENTITY_ANNOTATION]),
    ...optional("lacking", annotations?.[LACKING_ANNOTATION]),
    dataIsOurs: secret.dataIsOurs ?? false,
  };
}

/** The ServiceAccount as a plan sees it that cares for these pull Secrets. */
export function serviceAccountState(
  account: Stored<CachedServiceAccount>,
  secrets: Iterable<string> = [],
): ServiceAccountState {
  const { name, uid, annotations } = account.metadata;
  const { crowd } = account;
  return {
    name,
    uid,
    pullSecrets: crowd === undefined
      ? pullSecretsOf(account)
      : [...secrets].filter((secret) => isInCrowd(crowd, secret)),
    ...optional("clientId", annotations?.[CLIENT_ID_ANNOTATION]),
    ...optional("tenantId", annotations?.[TENANT_ID_ANNOTATION]),
  };
}

/** The account, if all that it names is known: its list is written as a whole. */
export function wholeOnly(
  account: Stored<CachedServiceAccount> | undefined,
): Stored<ServiceAccount> | undefined {
  return account?.crowd === undefined ? account : undefined;
}

/** Names in a ServiceAccount's imagePullSecrets, in their order; none of a crowd. */
export function pullSecretsOf(account: Stored<CachedServiceAccount>): readonly string[] {
  const { imagePullSecrets = [] } = account;
  const names: string[] = [];
  // By index: there may be tens of thousands, and an iterator makes an object of each.
  for (let at = 0; at < imagePullSecrets.length; at++) {
    const { name } = imagePullSecrets[at]!;
    if (name !== undefined) names.push(name);
  }
  return names;
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

const OTHER_OWNER: OwnerReference = {
  apiVersion: "v1",
  kind: "other",
  name: "other",
  uid: "other",
};

/** The binding among the owners, and one of the others, for whom only counts that they are there. */
function keptOwners(owners: readonly OwnerReference[], apis: BindingApis): OwnerReference[] {
  const binding = owners.find((owner) => isBinding(owner, apis));
  const other = owners.find((owner) => !isBinding(owner, apis));
  return [
    ...(binding === undefined ? [] : [withSharedTexts(binding)]),
    ...(other === undefined ? [] : [OTHER_OWNER]),
  ];
}

function withSharedTexts(owner: OwnerReference): OwnerReference {
  return { ...owner, apiVersion: shareText(owner.apiVersion), kind: shareText(owner.kind) };
}

/** What the API server does not take for a binding's name or UID cannot be one's. */
function isBinding(
  { apiVersion, kind, name, uid }: OwnerReference,
  apis: BindingApis,
): boolean {
  const group = apiVersion.split("/", 1)[0]!;
  return kind === "AcrPullBinding" && apis.hasGroup(group) &&
    apiVersion.length <= LONGEST_NAME && name.length <= LONGEST_NAME && uid.length <= LONGEST_NAME;
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
    if (value !== undefined) picked[key] = shareText(cut(value, LONGEST_ANNOTATION));
  }
  return picked;
}

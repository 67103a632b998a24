import type { KeptObject } from "../../kubernetes/informer/informer.ts";
import type {
  ObjectMeta,
  PartialObjectMetadata,
  Stored,
} from "../../kubernetes/resources/resource_client.ts";
import { optional } from "../../runtime/optional.ts";
import { shareText } from "../../runtime/text/shared_text.ts";
import type { BindingApis } from "../binding/apis.ts";
import {
  BINDING_LABEL,
  EXPIRY_ANNOTATION,
  FIELD_MANAGER,
  IDENTITY_ANNOTATION,
  INPUTS_ANNOTATION,
  LACKING_ANNOTATION,
  REFRESH_ANNOTATION,
  SECRET_KEY,
} from "../conventions.ts";
import { LONGEST_NAME } from "../names.ts";
import type { SecretOwner, SecretState } from "../plan/snapshot.ts";
import { kept } from "./kept_text.ts";
import { isLarge, type Sized } from "./large.ts";

/** What is kept of a Secret: its identity, and what plans need of its metadata. */
export interface CachedSecret extends KeptObject, Sized {
  readonly state: SecretState;
}

const OUR_ANNOTATIONS = [
  EXPIRY_ANNOTATION,
  REFRESH_ANNOTATION,
  INPUTS_ANNOTATION,
  IDENTITY_ANNOTATION,
  LACKING_ANNOTATION,
];

/** Enough to tell people who holds it. */
const MOST_HOLDERS = 3;

/**
 * Makes of a Secret what is kept of it. `managedFields` tell who last wrote data and annotations,
 * which is all that can be known of an alteration without reading the data; their verdict is kept,
 * not they.
 */
export function keepSecret(
  secret: Stored<PartialObjectMetadata>,
  apis: BindingApis,
): CachedSecret {
  const { metadata } = secret;
  const { name, namespace, uid, resourceVersion } = metadata;
  return {
    ...(isLarge(secret) || mayHoldMore(metadata) ? { isLarge: true } : {}),
    metadata: { name, namespace: shareText(namespace), uid, resourceVersion },
    state: stateOf(metadata, apis),
  };
}

function stateOf(
  metadata: Stored<PartialObjectMetadata>["metadata"],
  apis: BindingApis,
): SecretState {
  const { name, uid, resourceVersion, labels, annotations, ownerReferences = [] } = metadata;
  const owner = ownerReferences.find((reference) => isBinding(reference, apis));
  return {
    name,
    uid,
    resourceVersion,
    ...optional("label", kept(labels?.[BINDING_LABEL])),
    ...optional("owner", owner && ownerOf(owner)),
    ownedByOthers: ownerReferences.some((reference) => !isBinding(reference, apis)),
    ...optional("heldBy", holdersOf(metadata)),
    ...optional("expiry", kept(annotations?.[EXPIRY_ANNOTATION])),
    ...optional("refresh", kept(annotations?.[REFRESH_ANNOTATION])),
    ...optional("inputs", kept(annotations?.[INPUTS_ANNOTATION])),
    ...optional("identity", kept(annotations?.[IDENTITY_ANNOTATION])),
    ...optional("lacking", kept(annotations?.[LACKING_ANNOTATION])),
    dataIsOurs: isDataOurs(metadata),
  };
}

/** The finalizers that keep a Secret from being gone once it is deleted. */
function holdersOf({ deletionTimestamp, finalizers = [] }: ObjectMeta): string[] | undefined {
  return deletionTimestamp === undefined ? undefined : finalizers.slice(0, MOST_HOLDERS);
}

/** Nobody else wrote the data or the annotations, as `metadata.managedFields` have it. */
function isDataOurs({ managedFields }: ObjectMeta): boolean {
  const writers = (managedFields ?? []).filter(({ fieldsV1 }) => vouchesFor(fieldsV1));
  return writers.length > 0 && writers.every(({ manager }) => manager === FIELD_MANAGER);
}

/**
 * Whether somebody put data beside the credential, or nobody knows: how much it is metadata do not
 * tell, and it comes back with the answer to each write. Any manager may have any name.
 */
function mayHoldMore({ managedFields }: ObjectMeta): boolean {
  const held = (managedFields ?? []).map(({ fieldsV1 }) => member(fieldsV1, "f:data"))
    .filter((data) => typeof data === "object" && data !== null);
  return held.length === 0 || held.some((data) => Object.keys(data as object).some(isOtherKey));
}

function isOtherKey(field: string): boolean {
  return field !== "." && field !== `f:${SECRET_KEY}`;
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
  return { apiVersion: shareText(apiVersion), name, uid };
}

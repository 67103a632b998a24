import { optional } from "../../runtime/optional.ts";
import type { Credential } from "../../azure/credentials.ts";
import type {
  ObjectMeta,
  PartialObjectMetadata,
  ResourceClient,
  Stored,
} from "../../kubernetes/resources/resource_client.ts";
import type { Secret } from "../../kubernetes/resources/built_in.ts";
import { isAlreadyExists, isNotFound } from "../../kubernetes/http/errors.ts";
import { Redacted } from "../../runtime/masking/redacted.ts";
import type { BindingView } from "../binding/view.ts";
import {
  BINDING_LABEL,
  EXPIRY_ANNOTATION,
  IDENTITY_ANNOTATION,
  INPUTS_ANNOTATION,
  LACKING_ANNOTATION,
  REFRESH_ANNOTATION,
  SECRET_KEY,
  SECRET_TYPE,
} from "../conventions.ts";
import { dockerConfig } from "../../azure/docker_config.ts";
import type { AdoptSecretAction, MintAction } from "../plan/actions.ts";
import { formatTime } from "../plan/schedule.ts";
import type { SecretState } from "../plan/snapshot.ts";
import type { SecretMetadataClient } from "./clients.ts";
import type { WrittenSecret } from "./written.ts";

/**
 * Writes a new credential as `action` says; what it replaces must be gone. Answers the Secret as it
 * is then, whatever admission made of it. Nothing else would see data that came back in another
 * form: `managedFields` name the writer of the request, and not who changed it.
 */
export async function writeCredential(
  client: ResourceClient<Secret>,
  binding: BindingView,
  action: MintAction,
  credential: Credential,
  signal: AbortSignal,
): Promise<Stored<Secret>> {
  const { namespace, secretName } = binding;
  const { write } = action;
  if (write.mode === "update") {
    const change = changeOf(write.secret, secretContent(binding, action, credential));
    const body = withoutOldAnnotations(change, write.secret);
    return await client.patch(namespace, secretName, { type: "merge", body }, { signal });
  }
  return await client.create(namespace, newSecret(binding, action, credential), { signal });
}

/**
 * Asks whether a Secret may be deleted and made anew, and changes nothing (dryRun=All). Rejects with
 * what it would be refused with.
 *
 * The name is still taken, and the server looks for that last (Store.Create of apiserver's generic
 * registry): whoever is told AlreadyExists has passed defaults, mutation, validation, policies,
 * webhooks and quota. A ResourceQuota counts both Secrets, and so may refuse what would fit. It
 * cannot be seen what mutation makes of the Secret, nor what changes between asking and doing.
 */
export async function askToReplace(
  client: SecretMetadataClient,
  binding: BindingView,
  action: MintAction,
  credential: Credential,
  { name, uid, resourceVersion }: SecretState,
  signal: AbortSignal,
): Promise<void> {
  const { namespace } = binding;
  const preconditions = { uid, resourceVersion };
  try {
    await client.delete(namespace, name, { preconditions, dryRun: true, signal });
    await client.askToCreate(namespace, newSecret(binding, action, credential), { signal });
  } catch (error) {
    if (!isAlreadyExists(error) || error.details?.name !== name) throw error;
  }
}

/** Puts label and annotations right and leaves the data as it is. */
export async function adoptSecret(
  client: ResourceClient<Secret>,
  namespace: string,
  { secret, labels, annotations }: AdoptSecretAction,
  signal: AbortSignal,
): Promise<Stored<Secret>> {
  const body = { ...changeOf(secret, { metadata: { labels, annotations } }) };
  return await client.patch(namespace, secret.name, { type: "merge", body }, { signal });
}

/**
 * Deletes the very Secret that was decided on. One that is gone already is no error. Answers what is
 * left of it while finalizers hold it; undefined once it is gone.
 */
export async function deleteSecret(
  client: SecretMetadataClient,
  namespace: string,
  { name, uid, resourceVersion }: SecretState,
  signal: AbortSignal,
): Promise<Stored<PartialObjectMetadata> | undefined> {
  try {
    return await client.delete(namespace, name, {
      preconditions: { uid, resourceVersion },
      signal,
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}

/** What the answer to `writeCredential` must hold. */
export function writtenBy(
  binding: BindingView,
  action: MintAction,
  credential: Credential,
): WrittenSecret {
  const { labels, annotations } = secretMetadata(binding, action, credential);
  return {
    labels,
    annotations: { [IDENTITY_ANNOTATION]: null, [LACKING_ANNOTATION]: null, ...annotations },
    ...(action.write.mode === "update" ? {} : { owner: binding.uid }),
    data: dataOf(action, credential),
  };
}

function newSecret(binding: BindingView, action: MintAction, credential: Credential): Secret {
  const { metadata, ...content } = secretContent(binding, action, credential);
  return {
    ...content,
    metadata: {
      name: binding.secretName,
      namespace: binding.namespace,
      ...metadata,
      ownerReferences: [ownerReference(binding)],
    },
    type: SECRET_TYPE,
  };
}

/** The change holds only for the version that was decided on. */
function changeOf(
  { uid, resourceVersion }: SecretState,
  content: Secret,
): Secret & { metadata: ObjectMeta } {
  return { ...content, metadata: { ...content.metadata, uid, resourceVersion } };
}

/** A merge patch leaves what it does not name, and what was said of an old credential would mislead. */
function withoutOldAnnotations(
  change: ReturnType<typeof changeOf>,
  { lacking }: SecretState,
): Record<string, unknown> {
  const { metadata } = change;
  const annotations = {
    [IDENTITY_ANNOTATION]: null,
    ...optional(LACKING_ANNOTATION, lacking === undefined ? undefined : null),
    ...metadata.annotations,
  };
  return { ...change, metadata: { ...metadata, annotations } };
}

function secretContent(
  binding: BindingView,
  action: MintAction,
  credential: Credential,
): Secret & { metadata: ObjectMeta } {
  return {
    metadata: secretMetadata(binding, action, credential),
    data: { [SECRET_KEY]: dataOf(action, credential).reveal() },
  };
}

function dataOf({ request }: MintAction, { password }: Credential): Redacted {
  const config = dockerConfig(request.server, password);
  return new Redacted(new TextEncoder().encode(config.reveal()).toBase64());
}

function secretMetadata(
  binding: BindingView,
  { identityHash }: MintAction,
  { mintedAt, expiresAt, lacking }: Credential,
) {
  return {
    labels: { [BINDING_LABEL]: binding.label },
    annotations: {
      [EXPIRY_ANNOTATION]: formatTime(expiresAt),
      [REFRESH_ANNOTATION]: formatTime(mintedAt),
      [INPUTS_ANNOTATION]: binding.inputsHash,
      ...optional(IDENTITY_ANNOTATION, identityHash),
      ...optional(LACKING_ANNOTATION, lacking && String(lacking.length)),
    },
  };
}

function ownerReference({ apiVersion, name, uid }: BindingView) {
  return {
    apiVersion,
    kind: "AcrPullBinding",
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

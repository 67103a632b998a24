import type { Credential } from "../../azure/credentials.ts";
import type {
  ObjectMeta,
  PartialObjectMetadata,
  ResourceClient,
  Stored,
} from "../../kubernetes/resource.ts";
import type { Secret } from "../../kubernetes/core.ts";
import { isNotFound } from "../../kubernetes/errors.ts";
import type { BindingView } from "../binding/view.ts";
import {
  BINDING_LABEL,
  EXPIRY_ANNOTATION,
  IDENTITY_ANNOTATION,
  INPUTS_ANNOTATION,
  REFRESH_ANNOTATION,
  SECRET_KEY,
  SECRET_TYPE,
} from "../conventions.ts";
import { dockerConfig } from "../docker_config.ts";
import type { AdoptSecretAction, MintAction } from "../plan/actions.ts";
import { formatTime } from "../plan/schedule.ts";
import type { SecretState } from "../plan/snapshot.ts";

/** A client to which no Secret's data comes back. */
export type SecretMetadataClient = ResourceClient<Secret, PartialObjectMetadata>;

/** Writes a new credential as `action` says. Answers the Secret's metadata. */
export async function writeCredential(
  client: SecretMetadataClient,
  binding: BindingView,
  action: MintAction,
  credential: Credential,
  signal: AbortSignal,
): Promise<Stored<PartialObjectMetadata>> {
  const { namespace, secretName } = binding;
  const { write } = action;
  const content = secretContent(binding, action, credential);
  if (write.mode === "update") {
    const body = withoutOldIdentity(changeOf(write.secret, content), action);
    return await client.patch(namespace, secretName, { type: "merge", body }, { signal });
  }
  if (write.mode === "replace") await deleteSecret(client, namespace, write.secret, signal);
  const metadata = {
    name: secretName,
    namespace,
    ...content.metadata,
    ownerReferences: [ownerReference(binding)],
  };
  return await client.create(namespace, { ...content, metadata, type: SECRET_TYPE }, { signal });
}

/** Puts label and annotations right and leaves the data as it is. */
export async function adoptSecret(
  client: SecretMetadataClient,
  namespace: string,
  { secret, labels, annotations }: AdoptSecretAction,
  signal: AbortSignal,
): Promise<Stored<PartialObjectMetadata>> {
  const body = { ...changeOf(secret, { metadata: { labels, annotations } }) };
  return await client.patch(namespace, secret.name, { type: "merge", body }, { signal });
}

/** Deletes the very Secret that was decided on. One that is gone already is no error. */
export async function deleteSecret(
  client: SecretMetadataClient,
  namespace: string,
  { name, uid, resourceVersion }: SecretState,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.delete(namespace, name, { preconditions: { uid, resourceVersion }, signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** The change holds only for the version that was decided on. */
function changeOf(
  { uid, resourceVersion }: SecretState,
  content: Secret,
): Secret & { metadata: ObjectMeta } {
  return { ...content, metadata: { ...content.metadata, uid, resourceVersion } };
}

/** A merge patch leaves what it does not name, and the hash of an old identity would mislead. */
function withoutOldIdentity(
  change: ReturnType<typeof changeOf>,
  { identityHash }: MintAction,
): Record<string, unknown> {
  const { metadata } = change;
  if (identityHash !== undefined) return { ...change };
  const annotations = { ...metadata.annotations, [IDENTITY_ANNOTATION]: null };
  return { ...change, metadata: { ...metadata, annotations } };
}

function secretContent(
  binding: BindingView,
  action: MintAction,
  credential: Credential,
): Secret & { metadata: ObjectMeta } {
  const config = dockerConfig(action.request.server, credential.password);
  return {
    metadata: {
      labels: { [BINDING_LABEL]: binding.label },
      annotations: {
        [EXPIRY_ANNOTATION]: formatTime(credential.expiresAt),
        [REFRESH_ANNOTATION]: formatTime(credential.mintedAt),
        [INPUTS_ANNOTATION]: binding.inputsHash,
        ...(action.identityHash === undefined
          ? {}
          : { [IDENTITY_ANNOTATION]: action.identityHash }),
      },
    },
    data: { [SECRET_KEY]: new TextEncoder().encode(config.reveal()).toBase64() },
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

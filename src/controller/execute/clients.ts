import type { Secret, ServiceAccount } from "../../kubernetes/resources/built_in.ts";
import type {
  PartialObjectMetadata,
  ResourceClient,
} from "../../kubernetes/resources/resource_client.ts";
import type { CacheWriter } from "../../kubernetes/informer/informer.ts";
import type { AcrPullBinding, CachedBinding } from "../binding/api.ts";
import type { ApiName } from "../binding/view.ts";
import type { CachedSecret } from "../cluster/cached_secret.ts";
import type { CachedServiceAccount } from "../cluster/cached_service_account.ts";

/** A client to which no Secret's data comes back. */
export type SecretMetadataClient = ResourceClient<Secret, PartialObjectMetadata>;

/** The caches that get to know at once what was written. */
export interface CacheWriters {
  /** By API. */
  readonly bindings: ReadonlyMap<ApiName, CacheWriter<AcrPullBinding, CachedBinding>>;
  readonly secrets: CacheWriter<PartialObjectMetadata, CachedSecret>;
  readonly serviceAccounts: CacheWriter<ServiceAccount, CachedServiceAccount>;
}

/** The clients by which actions reach the API server. */
export interface Clients {
  readonly bindings: ReadonlyMap<ApiName, ResourceClient<AcrPullBinding>>;
  readonly secrets: ResourceClient<Secret>;
  readonly secretMetadata: SecretMetadataClient;
  readonly serviceAccountMetadata: ResourceClient<ServiceAccount, PartialObjectMetadata>;
}

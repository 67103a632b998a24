import type { Secret, ServiceAccount } from "../../kubernetes/resources/built_in.ts";
import type {
  PartialObjectMetadata,
  ResourceClient,
} from "../../kubernetes/resources/resource_client.ts";
import type { AcrPullBinding } from "../binding/api.ts";
import type { ApiName } from "../binding/view.ts";

/** A client to which no Secret's data comes back. */
export type SecretMetadataClient = ResourceClient<Secret, PartialObjectMetadata>;

/** The clients by which actions reach the API server. */
export interface Clients {
  readonly bindings: ReadonlyMap<ApiName, ResourceClient<AcrPullBinding>>;
  readonly secrets: ResourceClient<Secret>;
  readonly secretMetadata: SecretMetadataClient;
  readonly serviceAccountMetadata: ResourceClient<ServiceAccount, PartialObjectMetadata>;
}

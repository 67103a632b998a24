import type { LargeObjects } from "../kubernetes/http/large_objects.ts";
import type { RestClient } from "../kubernetes/http/contract.ts";
import {
  Informer,
  type InformerOptions,
  type InformerReport,
  type KeptObject,
} from "../kubernetes/informer/informer.ts";
import * as core from "../kubernetes/resources/built_in.ts";
import {
  type KubernetesObject,
  type PartialObjectMetadata,
  ResourceClient,
} from "../kubernetes/resources/resource_client.ts";
import { optional } from "../runtime/optional.ts";
import { type AcrPullBinding, type CachedBinding, crdOf, resourceNameOf } from "./binding/api.ts";
import type { BindingApis } from "./binding/apis.ts";
import type { ApiName } from "./binding/view.ts";
import { type CachedSecret, keepSecret } from "./cluster/cached_secret.ts";
import { type CachedServiceAccount, keepServiceAccount } from "./cluster/cached_service_account.ts";
import { followLarge, type Sized } from "./cluster/large.ts";
import type { StatusSchemas } from "./cluster/status_schemas.ts";
import { bindingKeeper } from "./cluster/trim_binding.ts";
import { BINDING_LABEL, FIELD_MANAGER } from "./conventions.ts";
import type { Clients } from "./execute/clients.ts";

/** All caches, which list and watch. */
export interface Informers {
  /** By API. */
  readonly bindings: ReadonlyMap<ApiName, Informer<AcrPullBinding, CachedBinding & Sized>>;
  readonly secrets: Informer<PartialObjectMetadata, CachedSecret>;
  readonly serviceAccounts: Informer<core.ServiceAccount, CachedServiceAccount>;
}

/** Any of them, whatever it holds. */
export type AnyInformer = Pick<
  Informer<KubernetesObject>,
  "name" | "run" | "state" | "stateReason" | "synced"
>;

/** The clients of all resources that are followed or written. */
export interface AllClients extends Clients {
  readonly serviceAccounts: core.ServiceAccountClient;
}

/** What informers need from their surroundings. */
export interface InformersOptions
  extends Pick<InformerOptions<KubernetesObject>, "clock" | "random" | "breather" | "onSilent"> {
  readonly apis: BindingApis;
  /** Bindings that it does not match are not seen. Empty for all. */
  readonly labelSelector: string;
  readonly statusSchemas: StatusSchemas;
  /** Hears of the caches by the names of their resources, and of the CRDs behind them. */
  readonly informerReport: (name: string, crd?: string) => InformerReport;
  /** Hears that one has another state. */
  readonly onStateChange: () => void;
}

/** The clients over one connection to the API server. */
export function clientsOver(rest: RestClient, apis: BindingApis): AllClients {
  const options = { fieldManager: FIELD_MANAGER };
  const secrets = core.secrets(rest, options);
  const serviceAccounts = core.serviceAccounts(rest, options);
  return {
    bindings: new Map(
      apis.all.map(({ name, definition }) => [name, new ResourceClient(rest, definition, options)]),
    ),
    secrets,
    secretMetadata: secrets.metadataOnly(),
    serviceAccounts,
    serviceAccountMetadata: serviceAccounts.metadataOnly(),
  };
}

/** The informers of all that bindings concern. None runs yet. */
export function informersOver(clients: AllClients, options: InformersOptions): Informers {
  const { apis, labelSelector, statusSchemas } = options;
  const bindings = apis.all.map((api) => {
    const resource = statusSchemas.followedBy(api.name, clients.bindings.get(api.name)!);
    return [
      api.name,
      informer(options, {
        name: resourceNameOf(api),
        resource,
        crd: crdOf(api),
        labelSelector,
        keep: bindingKeeper(api),
      }),
    ] as const;
  });
  return {
    bindings: new Map(bindings),
    secrets: informer<PartialObjectMetadata, CachedSecret>(options, {
      name: "secrets",
      resource: clients.secretMetadata,
      labelSelector: BINDING_LABEL,
      keep: (secret) => keepSecret(secret, apis),
    }),
    serviceAccounts: informer<core.ServiceAccount, CachedServiceAccount>(options, {
      name: "serviceaccounts",
      resource: clients.serviceAccounts,
      labelSelector: "",
      keep: (account) => keepServiceAccount(account, apis),
    }),
  };
}

/** What one informer follows, and what it keeps of that. */
interface Followed<T extends KubernetesObject, K extends KeptObject>
  extends Pick<InformerOptions<T, K>, "name" | "resource" | "keep"> {
  readonly labelSelector: string;
  readonly crd?: string;
}

function informer<T extends KubernetesObject, K extends KeptObject>(
  { clock, random, breather, onSilent, informerReport, onStateChange }: InformersOptions,
  { name, resource, labelSelector, crd, keep }: Followed<T, K>,
): Informer<T, K> {
  const report = informerReport(name, crd);
  return new Informer<T, K>({
    name,
    resource,
    clock,
    random,
    ...optional("breather", breather),
    ...optional("onSilent", onSilent),
    ...(labelSelector === "" ? {} : { labelSelector }),
    keep,
    report: {
      ...report,
      stateChanged: (...change) => {
        report.stateChanged?.(...change);
        onStateChange();
      },
    },
  });
}

/** Has `largeObjects` know of all objects that are large. */
export function followLargeOf(
  { bindings, secrets, serviceAccounts }: Informers,
  apis: BindingApis,
  largeObjects: LargeObjects,
): void {
  for (const [api, cache] of bindings) {
    followLarge(cache, apis.named(api).definition, largeObjects);
  }
  followLarge(secrets, core.SECRET, largeObjects);
  followLarge(serviceAccounts, core.SERVICE_ACCOUNT, largeObjects);
}

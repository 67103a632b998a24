import fc from "fast-check";
import type { BindingSettings } from "../../../src/controller/binding/settings.ts";
import { CLIENT_ID, type Lists, OTHER_ID, RESOURCE_ID, v1 } from "./tenant_bindings.ts";

const DEFAULT_CLIENT_ID = "5c3f1e0a-8f43-4d53-a3a9-0a7f5d4f9e11";
const DEFAULT_RESOURCE_ID = RESOURCE_ID.replace("my-identity", "of-the-operator");
/** Endpoints of two air-gapped clouds. */
export const [HOST, OTHER_HOST] = ["login.cloud.example", "login.other.example"];
export const [AUDIENCE, OTHER_AUDIENCE] = [
  "https://arm.cloud.example/",
  "https://arm.other.example/",
];
/** What is listed, and what is another's. */
export const [OWN_SCOPE, OTHER_SCOPE] = ["repository:a/x:pull", "repository:b/x:pull"];

/** An operator that would serve whatever it is asked for, so that the policy alone is in the way. */
export function settings(withClientId: boolean): BindingSettings {
  return {
    allowedServerSuffixes: "*",
    defaults: {
      acrServer: "default.azurecr.io",
      managedIdentityClientID: withClientId ? DEFAULT_CLIENT_ID : "",
      managedIdentityResourceID: DEFAULT_RESOURCE_ID,
      armResource: "",
    },
    ttlRotationFraction: 0.5,
    allowedEntraAuthorityHosts: [HOST, OTHER_HOST],
    allowedResourceManagerAudiences: [AUDIENCE, OTHER_AUDIENCE],
  };
}

const SERVERS = ["kiosk.azurecr.io", "KIOSK.azurecr.io", "other.azurecr.io", "", "default"];
const NEAR_SERVERS = ["kiosk.azurecr.io.", "\u212aiosk.azurecr.io", "default.azurecr.io", " "];
const CLIENT_IDS = [undefined, "", CLIENT_ID, CLIENT_ID.toUpperCase(), OTHER_ID, "default"];
const NEAR_CLIENT_IDS = [DEFAULT_CLIENT_ID, "workload-identity", " ", `${CLIENT_ID}\n`];
const RESOURCE_IDS = [undefined, "", RESOURCE_ID, RESOURCE_ID.toUpperCase(), "workload-identity"];
const NEAR_RESOURCE_IDS = [
  `${RESOURCE_ID}2`,
  `/x/..${RESOURCE_ID}`,
  `${RESOURCE_ID}/../other`,
  DEFAULT_RESOURCE_ID,
  "default",
];
const SCOPES = [OWN_SCOPE, `${OWN_SCOPE} ${OTHER_SCOPE}`, OTHER_SCOPE, "", " "];
const NEAR_SCOPES = ["repository:a/../b/x:pull", `${OWN_SCOPE}\t${OTHER_SCOPE}`, "*", undefined];

const of = <T>(...pools: (readonly T[])[]) => fc.constantFrom(...pools.flat());
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** Mostly what is listed, so that now and then all of a binding is. */
function mostly<T>(own: T, ...pools: (readonly T[])[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant(own) },
    { weight: 2, arbitrary: of(...pools) },
  );
}

const server = mostly("kiosk.azurecr.io", SERVERS, SERVERS, NEAR_SERVERS);
const scope = mostly<string | undefined>(OWN_SCOPE, SCOPES, SCOPES, NEAR_SCOPES);
const clientID = mostly<string | undefined>(undefined, CLIENT_IDS, CLIENT_IDS, NEAR_CLIENT_IDS);
const resourceID = mostly<string | undefined>(
  RESOURCE_ID,
  RESOURCE_IDS,
  RESOURCE_IDS,
  NEAR_RESOURCE_IDS,
);

const cloudConfig = fc.record({
  entraAuthorityHost: mostly(HOST, [
    `https://${HOST}/`,
    HOST.toUpperCase(),
    OTHER_HOST,
    `${HOST}/x`,
  ]),
  resourceManagerAudience: mostly(AUDIENCE, [AUDIENCE.toUpperCase(), OTHER_AUDIENCE]),
});
const managedIdentity = fc.record({ clientID, resourceID });
const workloadIdentity = fc.record({
  serviceAccountRef: of(["default", ""]),
  clientID: of([undefined, CLIENT_ID]),
  tenantID: of([undefined, OTHER_ID]),
});
const auth = fc.oneof(
  fc.record({ managedIdentity }),
  fc.record({ workloadIdentity }),
  fc.record({ managedIdentity: maybe(managedIdentity), workloadIdentity: maybe(workloadIdentity) }),
);
const cloud = fc.oneof(
  fc.record({ environment: of(["PublicCloud", "ChinaCloud"]) }),
  fc.record({ environment: fc.constant("AirgappedCloud"), cloudConfig }),
  fc.record({
    environment: of(["PublicCloud", "AirgappedCloud"]),
    cloudConfig: maybe(cloudConfig),
  }),
);

/** Bindings of both APIs, with what only the other API knows. */
export const BINDINGS = fc.oneof(
  fc.record({
    acrServer: server,
    managedIdentityClientID: clientID,
    managedIdentityResourceID: resourceID,
    scope,
    auth: maybe(auth),
  }).map((spec) => ({ ...v1(), spec })),
  fc.record({
    acr: fc.tuple(fc.record({ server, scope }), cloud).map(([acr, more]) => ({ ...acr, ...more })),
    auth,
    serviceAccountName: fc.constant("default"),
    managedIdentityClientID: clientID,
  }).map((spec) => ({ ...v1(), apiVersion: "acrpull.microsoft.com/v1beta2", spec })),
);

/** Lists of all kinds of entries, so that each decides alone somewhere. */
export const LISTED: readonly Partial<Lists>[] = [
  {
    registries: "Kiosk.azurecr.io",
    identities: `${CLIENT_ID} ${RESOURCE_ID}`,
    scopes: "repository:a/*:pull",
  },
  {
    registries: "kiosk.azurecr.io default",
    identities: `${RESOURCE_ID} workload-identity`,
    scopes: "*",
    entraAuthorityHosts: HOST,
    resourceManagerAudiences: AUDIENCE,
  },
  {
    registries: "*",
    identities: `${RESOURCE_ID} default`,
    scopes: `${OWN_SCOPE} ${OTHER_SCOPE}`,
    entraAuthorityHosts: `https://${HOST}/`,
    resourceManagerAudiences: `${AUDIENCE} ${OTHER_AUDIENCE}`,
  },
];

import assert from "node:assert/strict";
import type { AcrPullBindingSpec } from "../../../../src/api/v1beta2.ts";
import type { BindingSettings } from "../../../../src/controller/binding/settings.ts";
import type { CredentialSpec } from "../../../../src/controller/binding/view.ts";
import { hash } from "../../../../src/controller/names.ts";
import {
  bindingV2,
  CLIENT_ID,
  RESOURCE_ID,
  SCOPE,
  SERVER,
  SETTINGS,
  TENANT_ID,
  without,
} from "../builders.ts";
import { viewOfV1beta2 } from "../views.ts";

const AIRGAPPED = {
  entraAuthorityHost: "login.airgap.example",
  resourceManagerAudience: "https://management.airgap.example/",
};
const OPEN: BindingSettings = {
  ...SETTINGS,
  allowedEntraAuthorityHosts: [AIRGAPPED.entraAuthorityHost],
  allowedResourceManagerAudiences: [AIRGAPPED.resourceManagerAudience],
};

type Change = Partial<AcrPullBindingSpec>;
const acr = (change: Partial<AcrPullBindingSpec["acr"]>): Change => ({
  acr: { server: SERVER, scope: SCOPE, environment: "PublicCloud", ...change },
});
const managed = (managedIdentity: object): Change => ({ auth: { managedIdentity } });
const federated = (change: object = {}): Change => ({
  auth: { workloadIdentity: { serviceAccountRef: "puller", ...change } },
});
const credentialOf = (spec: Change, settings = OPEN) =>
  viewOfV1beta2(bindingV2({ spec }), settings).credential;

Deno.test("v1beta2: a binding, whole", () => {
  const binding = bindingV2({ metadata: { generation: 3 }, status: { error: "before" } });
  assert.deepEqual(viewOfV1beta2(binding, { ...SETTINGS, ttlRotationFraction: 0.25 }), {
    api: "v1beta2",
    apiVersion: "acrpull.microsoft.com/v1beta2",
    namespace: "team-a",
    name: "pull",
    uid: "uid-v2",
    resourceVersion: "10",
    generation: 3,
    deleting: false,
    finalizers: ["msi-acrpull.microsoft.com"],
    target: "default",
    secretName: "acr-pull-pull",
    label: "pull",
    inputsHash: hash(`defaultmanagedIdentity${CLIENT_ID}PublicCloud${SERVER}${SCOPE}`),
    credential: {
      kind: "managedIdentity",
      identity: { kind: "managedIdentity", clientId: CLIENT_ID },
      audience: "https://management.core.windows.net/",
      server: SERVER,
      scope: SCOPE,
    },
    rotation: { kind: "fraction", fraction: 0.25 },
    status: { error: "before" },
  });
});

const HASHES: readonly [what: string, Change, hashed: string][] = [
  [
    "the resource ID comes before the client ID, uncleaned",
    managed({ resourceID: `${RESOURCE_ID}/` }),
    `defaultmanagedIdentity${RESOURCE_ID}/PublicCloud${SERVER}${SCOPE}`,
  ],
  [
    "a workload identity is its account",
    federated(),
    `defaultworkloadIdentitypullerPublicCloud${SERVER}${SCOPE}`,
  ],
  [
    "the IDs of a workload identity are left out",
    federated({ clientID: CLIENT_ID, tenantID: TENANT_ID }),
    `defaultworkloadIdentitypullerPublicCloud${SERVER}${SCOPE}`,
  ],
  [
    "the target is hashed",
    { serviceAccountName: "builder" },
    `buildermanagedIdentity${CLIENT_ID}PublicCloud${SERVER}${SCOPE}`,
  ],
  [
    "an air-gapped cloud is hashed by its name alone",
    acr({ environment: "AirgappedCloud", cloudConfig: AIRGAPPED }),
    `defaultmanagedIdentity${CLIENT_ID}AirgappedCloud${SERVER}${SCOPE}`,
  ],
];

for (const [what, spec, hashed] of HASHES) {
  Deno.test(`v1beta2: in the hash, ${what}`, () => {
    assert.equal(viewOfV1beta2(bindingV2({ spec }), OPEN).inputsHash, hash(hashed));
  });
}

const node = (audience: string): CredentialSpec => ({
  kind: "managedIdentity",
  identity: { kind: "managedIdentity", clientId: CLIENT_ID },
  audience,
  server: SERVER,
  scope: SCOPE,
});
const workload = (change: object = {}): CredentialSpec => ({
  kind: "workloadIdentity",
  serviceAccountName: "puller",
  authorityHost: "login.microsoftonline.com",
  audience: "https://management.core.windows.net/",
  server: SERVER,
  scope: SCOPE,
  ...change,
});

const SOUND: readonly (readonly [what: string, Change, CredentialSpec])[] = [
  [
    "the US government's cloud has its own audience",
    acr({ environment: "USGovernmentCloud" }),
    node("https://management.core.usgovcloudapi.net"),
  ],
  [
    "the Chinese cloud has its own audience",
    acr({ environment: "ChinaCloud" }),
    node("https://management.core.chinacloudapi.cn"),
  ],
  [
    "an air-gapped cloud has the audience that it names",
    acr({ environment: "AirgappedCloud", cloudConfig: AIRGAPPED }),
    { ...node(AIRGAPPED.resourceManagerAudience), audienceIsSet: true } as CredentialSpec,
  ],
  [
    "a resource ID is cleaned before it is sent",
    managed({ resourceID: `${RESOURCE_ID}/` }),
    {
      ...node("https://management.core.windows.net/"),
      identity: { kind: "managedIdentity", resourceId: RESOURCE_ID },
    } as CredentialSpec,
  ],
  ["a workload identity leaves its IDs to the annotations", federated(), workload()],
  [
    "a workload identity may name its IDs",
    federated({ clientID: CLIENT_ID, tenantID: TENANT_ID }),
    workload({ ids: { clientId: CLIENT_ID, tenantId: TENANT_ID } }),
  ],
  [
    "one ID without the other, which the CRD refuses, leaves both to the annotations",
    federated({ clientID: CLIENT_ID }),
    workload(),
  ],
  [
    "a workload identity signs in at its cloud's host",
    { ...federated(), ...acr({ environment: "ChinaCloud" }) },
    workload({
      authorityHost: "login.chinacloudapi.cn",
      audience: "https://management.core.chinacloudapi.cn",
    }),
  ],
  ...["login.airgap.example", "https://Login.Airgap.example/"].map((entraAuthorityHost) =>
    [
      `an air-gapped host may be written ${entraAuthorityHost}`,
      {
        ...federated(),
        ...acr({
          environment: "AirgappedCloud",
          cloudConfig: { ...AIRGAPPED, entraAuthorityHost },
        }),
      },
      workload({
        authorityHost: AIRGAPPED.entraAuthorityHost,
        audience: AIRGAPPED.resourceManagerAudience,
        audienceIsSet: true,
      }),
    ] as const
  ),
];

for (const [what, spec, credential] of SOUND) {
  Deno.test(`v1beta2: ${what}`, () => assert.deepEqual(credentialOf(spec), credential));
}

const ADMIN = "is not among those that the operator allows; correct it, or have the administrator";
const INVALID: readonly [what: string, Change, message: string][] = [
  [
    "a server that is none",
    acr({ server: "bench" }),
    'spec.acr.server "bench" is no host name; give one like example.azurecr.io.',
  ],
  [
    "a client ID that is none",
    managed({ clientID: "puller" }),
    'spec.auth.managedIdentity.clientID "puller" is no GUID; give the identity\'s client ID, e.g. ' +
    "1b461305-28be-5271-beda-bd9fd2e24251.",
  ],
  [
    "a resource ID that is none",
    managed({ resourceID: "puller" }),
    'spec.auth.managedIdentity.resourceID "puller" is no resource ID of a managed identity; give ' +
    "/subscriptions/GUID/resourceGroups/NAME/providers/Microsoft.ManagedIdentity/" +
    "userAssignedIdentities/NAME.",
  ],
  [
    "a managed identity without any ID",
    managed({}),
    "spec.auth names no identity; set managedIdentity or workloadIdentity.",
  ],
  [
    "no way to authenticate",
    { auth: {} },
    "spec.auth names no identity; set managedIdentity or workloadIdentity.",
  ],
  [
    "a workload identity's client ID that is none",
    federated({ clientID: "puller", tenantID: TENANT_ID }),
    'spec.auth.workloadIdentity.clientID "puller" is no GUID; give the identity\'s client ID, ' +
    "e.g. 1b461305-28be-5271-beda-bd9fd2e24251.",
  ],
  [
    "a workload identity's tenant that is many",
    federated({ clientID: CLIENT_ID, tenantID: "common" }),
    'spec.auth.workloadIdentity.tenantID "common" is not one tenant; give the tenant\'s GUID or a ' +
    "verified domain.",
  ],
  [
    "an air-gapped cloud without its endpoints",
    acr({ environment: "AirgappedCloud" }),
    "spec.acr.cloudConfig is missing; AirgappedCloud needs it.",
  ],
  [
    "an Entra host that the administrator has not allowed",
    acr({
      environment: "AirgappedCloud",
      cloudConfig: { ...AIRGAPPED, entraAuthorityHost: "login.evil.example" },
    }),
    `spec.acr.cloudConfig.entraAuthorityHost "login.evil.example" ${ADMIN} extend ` +
    "--allowed-entra-authority-hosts.",
  ],
  [
    "an audience that the administrator has not allowed",
    acr({
      environment: "AirgappedCloud",
      cloudConfig: { ...AIRGAPPED, resourceManagerAudience: "https://graph.microsoft.com" },
    }),
    `spec.acr.cloudConfig.resourceManagerAudience "https://graph.microsoft.com" ${ADMIN} extend ` +
    "--allowed-resource-manager-audiences.",
  ],
  [
    "a cloud of a later CRD",
    acr({ environment: "MoonCloud" as "ChinaCloud" }),
    'spec.acr.environment "MoonCloud" is not known; give one of PublicCloud, USGovernmentCloud, ' +
    "ChinaCloud or AirgappedCloud.",
  ],
];

for (const [what, spec, message] of INVALID) {
  Deno.test(`v1beta2: ${what} is told in one sentence`, () => {
    assert.deepEqual(credentialOf(spec), { kind: "invalid", message });
  });
}

const SERVER_FAULT = 'spec.acr.server "bench" is no host name; give one like example.azurecr.io.';
const SEVERAL: readonly [what: string, Change, faults: readonly string[]][] = [
  [
    "server, cloud and identity",
    {
      ...acr({ server: "bench", environment: "MoonCloud" as "ChinaCloud" }),
      ...managed({ clientID: "puller" }),
    },
    [
      SERVER_FAULT,
      'spec.acr.environment "MoonCloud" is not known; give one of PublicCloud, ' +
      "USGovernmentCloud, ChinaCloud or AirgappedCloud.",
      'spec.auth.managedIdentity.clientID "puller" is no GUID; give the identity\'s client ID, ' +
      "e.g. 1b461305-28be-5271-beda-bd9fd2e24251.",
    ],
  ],
  [
    "both endpoints of an air-gapped cloud, and no identity",
    {
      ...acr({
        environment: "AirgappedCloud",
        cloudConfig: { entraAuthorityHost: "login.evil", resourceManagerAudience: "evil" },
      }),
      auth: {},
    },
    [
      `spec.acr.cloudConfig.entraAuthorityHost "login.evil" ${ADMIN} extend ` +
      "--allowed-entra-authority-hosts.",
      `spec.acr.cloudConfig.resourceManagerAudience "evil" ${ADMIN} extend ` +
      "--allowed-resource-manager-audiences.",
      "spec.auth names no identity; set managedIdentity or workloadIdentity.",
    ],
  ],
  [
    "server, missing endpoints and both IDs of a workload identity",
    {
      ...acr({ server: "bench", environment: "AirgappedCloud" }),
      ...federated({ clientID: "puller", tenantID: "common" }),
    },
    [
      SERVER_FAULT,
      "spec.acr.cloudConfig is missing; AirgappedCloud needs it.",
      'spec.auth.workloadIdentity.clientID "puller" is no GUID; give the identity\'s client ID, ' +
      "e.g. 1b461305-28be-5271-beda-bd9fd2e24251.",
      'spec.auth.workloadIdentity.tenantID "common" is not one tenant; give the tenant\'s GUID ' +
      "or a verified domain.",
    ],
  ],
];

for (const [what, spec, faults] of SEVERAL) {
  Deno.test(`v1beta2: all that is wrong is told at once: ${what}`, () => {
    assert.deepEqual(credentialOf(spec), { kind: "invalid", message: faults.join(" ") });
  });
}

Deno.test("v1beta2: a cloud named as a member of every object is not known either", () => {
  const credential = credentialOf(acr({ environment: "constructor" as "ChinaCloud" }));
  assert.equal(credential.kind, "invalid");
});

Deno.test("v1beta2: an air-gapped cloud is refused where the administrator allows none", () => {
  const spec = acr({ environment: "AirgappedCloud", cloudConfig: AIRGAPPED });
  assert.equal(credentialOf(spec, SETTINGS).kind, "invalid");
});

Deno.test("v1beta2: an object without spec, which the reference's CRD admits, is invalid", () => {
  const view = viewOfV1beta2(without(bindingV2(), "spec"), SETTINGS);
  assert.deepEqual([view.credential, view.target, view.inputsHash], [
    { kind: "invalid", message: "spec is missing; name registry, identity and account." },
    "",
    hash(""),
  ]);
});

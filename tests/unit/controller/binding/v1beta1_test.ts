import assert from "node:assert/strict";
import type { AcrPullBindingSpec } from "../../../../src/api/v1beta1.ts";
import type { BindingSettings } from "../../../../src/controller/binding/settings.ts";
import type { CredentialSpec } from "../../../../src/controller/binding/view.ts";
import { hash } from "../../../../src/controller/names.ts";
import { bindingV1, CLIENT_ID, MINUTE, RESOURCE_ID, SERVER, SETTINGS } from "../builders.ts";
import { viewOfV1beta1 } from "../views.ts";

const OTHER_ID = "2c571416-39cf-4382-8feb-ce0ae3f35362";
const ARM = "https://management.azure.com/";

type Defaults = Partial<BindingSettings["defaults"]>;

function viewWith(spec: Partial<AcrPullBindingSpec>, defaults: Defaults = {}) {
  const settings = { ...SETTINGS, defaults: { ...SETTINGS.defaults, ...defaults } };
  return viewOfV1beta1({ ...bindingV1(), spec: { acrServer: "", ...spec } }, settings);
}

Deno.test("v1beta1: a binding after defaults, whole", () => {
  const binding = bindingV1({
    metadata: { generation: 7, deletionTimestamp: "2026-06-01T12:00:00Z", finalizers: ["x"] },
    status: { error: "before" },
  });
  assert.deepEqual(viewOfV1beta1(binding, SETTINGS), {
    api: "v1beta1",
    apiVersion: "msi-acrpull.microsoft.com/v1beta1",
    namespace: "team-a",
    name: "pull",
    uid: "uid-v1",
    resourceVersion: "10",
    generation: 7,
    deleting: true,
    finalizers: ["x"],
    target: "default",
    secretName: "pull-msi-acrpull-secret",
    label: "pull",
    inputsHash: hash(`${CLIENT_ID}${SERVER}`),
    credential: {
      kind: "managedIdentity",
      identity: { kind: "managedIdentity", clientId: CLIENT_ID },
      audience: ARM,
      server: SERVER,
      scope: "",
    },
    rotation: { kind: "beforeExpiry", marginMs: 30 * MINUTE },
    status: { error: "before" },
  });
});

Deno.test("v1beta1: an object without spec, status, finalizers or generation has their defaults", () => {
  const { metadata: { name, namespace, uid, resourceVersion } } = bindingV1();
  const view = viewOfV1beta1({ metadata: { name, namespace, uid, resourceVersion } }, SETTINGS);
  const { generation, deleting, finalizers, status, credential } = view;
  assert.deepEqual({ generation, deleting, finalizers, status, kind: credential.kind }, {
    generation: 0,
    deleting: false,
    finalizers: [],
    status: {},
    kind: "invalid",
  });
});

/** Which of spec and default counts, for each field: what it ends up as, and what is hashed. */
const DEFAULTS: readonly {
  readonly what: string;
  readonly spec: Partial<AcrPullBindingSpec>;
  readonly defaults: Defaults;
  readonly credential: Partial<Extract<CredentialSpec, { kind: "managedIdentity" }>>;
  readonly hashed: string;
  readonly target?: string;
}[] = [
  {
    what: "the server's default fills in",
    spec: { managedIdentityClientID: CLIENT_ID },
    defaults: { acrServer: SERVER },
    credential: { server: SERVER },
    hashed: CLIENT_ID + SERVER,
  },
  {
    what: "the binding's server wins over the default",
    spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
    defaults: { acrServer: "other.azurecr.io" },
    credential: { server: SERVER },
    hashed: CLIENT_ID + SERVER,
  },
  {
    what: "the client ID's default fills in",
    spec: { acrServer: SERVER },
    defaults: { managedIdentityClientID: CLIENT_ID },
    credential: { identity: { kind: "managedIdentity", clientId: CLIENT_ID } },
    hashed: CLIENT_ID + SERVER,
  },
  {
    what: "the binding's client ID wins over the default",
    spec: { acrServer: SERVER, managedIdentityClientID: OTHER_ID },
    defaults: { managedIdentityClientID: CLIENT_ID },
    credential: { identity: { kind: "managedIdentity", clientId: OTHER_ID } },
    hashed: OTHER_ID + SERVER,
  },
  {
    what: "the resource ID's default fills in as it stands",
    spec: { acrServer: SERVER },
    defaults: { managedIdentityResourceID: RESOURCE_ID },
    credential: { identity: { kind: "managedIdentity", resourceId: RESOURCE_ID } },
    hashed: RESOURCE_ID + SERVER,
  },
  {
    what: "the binding's resource ID is cleaned before it is hashed and sent",
    spec: { acrServer: SERVER, managedIdentityResourceID: `/${RESOURCE_ID}/./x/../` },
    defaults: {},
    credential: { identity: { kind: "managedIdentity", resourceId: RESOURCE_ID } },
    hashed: RESOURCE_ID + SERVER,
  },
  {
    what: "each field falls back by itself: the client ID wins, and both are hashed",
    spec: { acrServer: SERVER, managedIdentityResourceID: RESOURCE_ID },
    defaults: { managedIdentityClientID: CLIENT_ID },
    credential: { identity: { kind: "managedIdentity", clientId: CLIENT_ID } },
    hashed: CLIENT_ID + RESOURCE_ID + SERVER,
  },
  {
    what: "a resource ID beside a client ID is not asked to be sound",
    spec: {
      acrServer: SERVER,
      managedIdentityClientID: CLIENT_ID,
      managedIdentityResourceID: "/x",
    },
    defaults: {},
    credential: { identity: { kind: "managedIdentity", clientId: CLIENT_ID } },
    hashed: `${CLIENT_ID}/x${SERVER}`,
  },
  {
    what: "the audience is the operator's",
    spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
    defaults: { armResource: "https://management.usgovcloudapi.net/" },
    credential: { audience: "https://management.usgovcloudapi.net/", audienceIsSet: true },
    hashed: CLIENT_ID + SERVER,
  },
  {
    what: "a scope is hashed, and has no default",
    spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID, scope: "repository:a:pull" },
    defaults: {},
    credential: { scope: "repository:a:pull" },
    hashed: `${CLIENT_ID}${SERVER}repository:a:pull`,
  },
  {
    what: "the target is not hashed",
    spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID, serviceAccountName: "builder" },
    defaults: {},
    credential: {},
    hashed: CLIENT_ID + SERVER,
    target: "builder",
  },
];

for (const { what, spec, defaults, credential, hashed, target = "default" } of DEFAULTS) {
  Deno.test(`v1beta1: ${what}`, () => {
    const view = viewWith(spec, defaults);
    assert.deepEqual([view.credential, view.inputsHash, view.target], [
      {
        kind: "managedIdentity",
        identity: { kind: "managedIdentity", clientId: CLIENT_ID },
        audience: ARM,
        server: SERVER,
        scope: "",
        ...credential,
      },
      hash(hashed),
      target,
    ]);
  });
}

const CLIENT = { managedIdentityClientID: CLIENT_ID };
const INVALID: readonly [what: string, Partial<AcrPullBindingSpec>, message: string][] = [
  [
    "no server at all",
    CLIENT,
    "spec.acrServer is empty; give the registry's host name, e.g. example.azurecr.io.",
  ],
  [
    "a server with a scheme",
    { ...CLIENT, acrServer: "https://bench.azurecr.io" },
    'spec.acrServer "https://bench.azurecr.io" carries a scheme; give the host name alone, e.g. ' +
    "example.azurecr.io.",
  ],
  [
    "a server outside the allowed suffixes",
    { ...CLIENT, acrServer: "bench.example.com" },
    'spec.acrServer "bench.example.com" is outside the allowed registry suffixes (azurecr.io); ' +
    "correct it, or have the administrator extend --allowed-acr-server-suffixes.",
  ],
  [
    "no identity at all",
    { acrServer: SERVER },
    "spec.managedIdentityClientID and spec.managedIdentityResourceID are both empty, and the " +
    "operator has no default; set one of them.",
  ],
  [
    "a client ID that is none",
    { acrServer: SERVER, managedIdentityClientID: "puller" },
    'spec.managedIdentityClientID "puller" is no GUID; give the identity\'s client ID, e.g. ' +
    "1b461305-28be-5271-beda-bd9fd2e24251.",
  ],
  [
    "a word that stands for more in a tenant's list, as a client ID",
    { acrServer: SERVER, managedIdentityClientID: "workload-identity" },
    'spec.managedIdentityClientID "workload-identity" is no GUID; give the identity\'s client ID, ' +
    "e.g. 1b461305-28be-5271-beda-bd9fd2e24251.",
  ],
  [
    "a word that stands for more in a tenant's list, as a registry",
    { ...CLIENT, acrServer: "default" },
    'spec.acrServer "default" is no host name; give one like example.azurecr.io.',
  ],
  [
    "a resource ID that is none",
    { acrServer: SERVER, managedIdentityResourceID: "puller" },
    'spec.managedIdentityResourceID "puller" is no resource ID of a managed identity; give ' +
    "/subscriptions/GUID/resourceGroups/NAME/providers/Microsoft.ManagedIdentity/" +
    "userAssignedIdentities/NAME.",
  ],
];

for (const [what, spec, message] of INVALID) {
  Deno.test(`v1beta1: ${what} is told in one sentence`, () => {
    assert.deepEqual(viewWith(spec).credential, { kind: "invalid", message });
  });
}

const BAD_SERVER = 'spec.acrServer "bench" is no host name; give one like example.azurecr.io.';
const SEVERAL: readonly [what: string, Partial<AcrPullBindingSpec>, faults: readonly string[]][] = [
  [
    "server and client ID",
    { acrServer: "bench", managedIdentityClientID: "puller" },
    [
      BAD_SERVER,
      'spec.managedIdentityClientID "puller" is no GUID; give the identity\'s client ID, e.g. ' +
      "1b461305-28be-5271-beda-bd9fd2e24251.",
    ],
  ],
  [
    "server and resource ID",
    { acrServer: "bench", managedIdentityResourceID: "puller" },
    [
      BAD_SERVER,
      'spec.managedIdentityResourceID "puller" is no resource ID of a managed identity; give ' +
      "/subscriptions/GUID/resourceGroups/NAME/providers/Microsoft.ManagedIdentity/" +
      "userAssignedIdentities/NAME.",
    ],
  ],
  [
    "everything left out",
    {},
    [
      "spec.acrServer is empty; give the registry's host name, e.g. example.azurecr.io.",
      "spec.managedIdentityClientID and spec.managedIdentityResourceID are both empty, and the " +
      "operator has no default; set one of them.",
    ],
  ],
  [
    "a client ID beside a resource ID, of which only the first is used",
    { acrServer: SERVER, managedIdentityClientID: "puller", managedIdentityResourceID: "puller" },
    [
      'spec.managedIdentityClientID "puller" is no GUID; give the identity\'s client ID, e.g. ' +
      "1b461305-28be-5271-beda-bd9fd2e24251.",
    ],
  ],
];

for (const [what, spec, faults] of SEVERAL) {
  Deno.test(`v1beta1: all that is wrong is told at once: ${what}`, () => {
    const message = faults.join(" ");
    assert.deepEqual(viewWith(spec).credential, { kind: "invalid", message });
  });
}

import assert from "node:assert/strict";
import { ApiError } from "../../src/kubernetes/http/errors.ts";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { decodeJwt } from "../sandbox/azure/jwt.ts";
import type { RigOptions } from "./operator_rig.ts";
import { type Check, checking } from "./checking.ts";
import { settled } from "./settled.ts";
import {
  CLIENT_ID,
  federatedBy,
  RESOURCE_ID,
  type Spec,
  specWith,
  TENANT_ID,
  V2,
  WORKLOAD_IDENTITY,
} from "./v1beta2_objects.ts";

const MINUTE = 60_000;
const SECRET = "acr-pull-pull";
const REGISTRY = "bench.azurecr.io";
const OTHER_ID = "2c572416-39cf-6382-cfeb-ce0ae3f35362";
const AUDIENCE = "api://AzureCRTokenExchange";

/** How the operator serves a v1beta2 binding, whatever its identity and cloud. */
export function v1beta2BehaviourSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  const check = checking(test, "v1beta2", (rig) => new V2(rig), options);
  managedIdentities(check);
  workloadIdentities(check);
  clouds(check);
  rotation(check);
  faults(check);
  schema(check);
}

function managedIdentities(check: Check<V2>): void {
  check("becomes Ready with reason and message, in four writes", async (v2) => {
    await v2.createAccount("default");
    await v2.createBinding();
    const { status, metadata } = await v2.ready();
    const [condition] = status!.conditions!;
    assert.deepEqual({ ...condition, lastTransitionTime: "" }, {
      type: "Ready",
      status: "True",
      observedGeneration: 1,
      lastTransitionTime: "",
      reason: "CredentialAttached",
      message: `Secret ${SECRET} is attached to service account default.`,
    });
    assert.deepEqual(metadata.finalizers, ["msi-acrpull.microsoft.com"]);
    assert.deepEqual(v2.actions(), ["addFinalizer", "mint", "addReference", "writeStatus"]);
    assert.deepEqual(v2.rig.writes(), {
      "patch acrpullbindings": 1,
      "create secrets": 1,
      "patch serviceaccounts": 1,
      "patch acrpullbindings/status": 1,
    });
  });

  check("asks IMDS for a managed identity by its client ID", async (v2) => {
    await v2.establish();
    assert.deepEqual(v2.minted(), [{ registry: REGISTRY, who: CLIENT_ID }]);
  });

  check("asks IMDS for a managed identity by its resource ID", async (v2) => {
    await v2.createAccount("default");
    await v2.createBinding({
      spec: specWith({ auth: { managedIdentity: { resourceID: RESOURCE_ID } } }),
    });
    await v2.ready();
    assert.deepEqual(v2.minted(), [{ registry: REGISTRY, who: RESOURCE_ID }]);
  });

  check("asks for several scopes, which one token then has", async (v2) => {
    await v2.createAccount("default");
    const scope = "repository:app:pull repository:base/image:pull,push";
    await v2.createBinding({ spec: specWith({ acr: { scope } }) });
    await v2.ready();
    const claims = decodeJwt(v2.passwordIn((await v2.secret())!)!)!;
    assert.deepEqual(claims.access, [
      { type: "repository", name: "app", actions: ["pull"] },
      { type: "repository", name: "base/image", actions: ["pull", "push"] },
    ]);
  });

  check(
    "is not ready while less is granted than its scope asks for, and attaches what is",
    async (v2) => {
      const scope = "repository:app:pull repository:base/image:pull";
      v2.rig.azure.setRegistry(REGISTRY, { grants: (_, scope) => scope === "repository:app:pull" });
      await v2.createAccount("default");
      await v2.createBinding({ spec: specWith({ acr: { scope } }) });
      const error = "bench.azurecr.io granted less than the scope asks for; the token lacks " +
        "repository:base/image:pull. Grant the identity AcrPull, or on a registry with ABAC " +
        "Container Registry Repository Reader for these repositories; a new grant takes up to 10 " +
        "minutes.";
      assert.equal(await v2.errorOnce(), error);
      const binding = await v2.bindingOnce((b) => v2.readiness(b) === "False/ScopeNotGranted");
      assert.equal(binding.status!.conditions![0]!.message, error);
      await v2.referencesOnce("default", [SECRET]);
      const before = (await v2.secret())!;
      assert.deepEqual(decodeJwt(v2.passwordIn(before)!)!.access, [
        { type: "repository", name: "app", actions: ["pull"] },
      ]);
      v2.rig.azure.setRegistry(REGISTRY, {});
      v2.rig.clock.advance(5 * MINUTE);
      await v2.renewed(before);
      await v2.ready();
    },
  );

  check(
    "keeps a credential that serves, where its successor would lack what was granted",
    async (v2) => {
      const before = await v2.establish();
      v2.rig.azure.setRegistry(REGISTRY, { grants: () => false });
      v2.rig.clock.advance(40 * MINUTE);
      const binding = await v2.bindingOnce((b) => v2.readiness(b) === "True/RefreshFailing");
      assert.match(binding.status!.error!, /granted less than the scope asks for/);
      assert.equal((await v2.secret())!.metadata.resourceVersion, before.metadata.resourceVersion);
    },
  );

  check("mints anew at once when the scope changes", async (v2) => {
    const before = await v2.establish();
    await v2.patchBinding({ spec: { acr: { scope: "repository:other:pull" } } });
    const after = await v2.renewed(before);
    assert.equal(decodeJwt(v2.passwordIn(after)!)!.scope, "repository:other:pull");
    assert.equal(after.metadata.uid, before.metadata.uid);
  });

  check("is attached to its new account, and to that alone, when it moves", async (v2) => {
    await v2.createAccount("next");
    await v2.establish();
    await v2.patchBinding({ spec: { serviceAccountName: "next" } });
    await v2.referencesOnce("next", [SECRET]);
    await v2.referencesOnce("default", []);
    await v2.ready();
  });

  check("goes without a trace", async (v2) => {
    await v2.createAccount("default", [{ name: "theirs" }]);
    await v2.createBinding();
    await v2.ready();
    await v2.deleteBinding();
    await v2.gone();
    assert.deepEqual(await v2.references("default"), ["theirs"]);
  });
}

function workloadIdentities(check: Check<V2>): void {
  const entraCalls = (v2: V2) =>
    v2.rig.azure.calls().filter(({ kind }) => kind === "entra").map(({ who }) => who);
  const who = (v2: V2, account: string, { client = CLIENT_ID, audience = AUDIENCE } = {}) =>
    `${TENANT_ID}/${client}/system:serviceaccount:${v2.rig.admin.namespace}:${account}/${audience}`;

  check("takes the workload identity's IDs from the spec", async (v2) => {
    await v2.createAccount("default");
    await v2.createBinding({
      spec: federatedBy("default", { clientID: CLIENT_ID, tenantID: TENANT_ID }),
    });
    await v2.ready();
    assert.deepEqual(entraCalls(v2), [who(v2, "default")]);
    assert.equal(v2.rig.azure.counts().imds, 0);
  });

  check("takes the workload identity's IDs from the account's annotations", async (v2) => {
    await v2.establishFederated();
    assert.deepEqual(entraCalls(v2), [who(v2, "default")]);
    assert.deepEqual(v2.rig.writes(), {
      "patch acrpullbindings": 1,
      "create serviceaccounts/token": 1,
      "create secrets": 1,
      "patch serviceaccounts": 1,
      "patch acrpullbindings/status": 1,
    });
  });

  check("prefers the IDs in the spec to those in the annotations", async (v2) => {
    await v2.createAccount("default", [], WORKLOAD_IDENTITY);
    await v2.createBinding({
      spec: federatedBy("default", { clientID: OTHER_ID, tenantID: TENANT_ID }),
    });
    await v2.ready();
    assert.deepEqual(entraCalls(v2), [who(v2, "default", { client: OTHER_ID })]);
  });

  check(
    "asks for service account tokens with the audience of --service-account-token-audience",
    async (v2) => {
      await v2.establishFederated();
      assert.deepEqual(entraCalls(v2), [who(v2, "default", { audience: "api://Custom" })]);
    },
    {
      args: ["--service-account-token-audience=api://Custom"],
      azure: { assertionAudiences: ["api://Custom"] },
    },
  );

  check("names the annotations that are missing, and goes on when they are set", async (v2) => {
    await v2.createAccount("default");
    await v2.createBinding({ spec: federatedBy("default") });
    const missing = (id: string) =>
      `service account "default": annotation azure.workload.identity/${id} is missing; set it, ` +
      "or set clientID and tenantID in spec.auth.workloadIdentity.";
    assert.equal(await v2.errorOnce(), `${missing("client-id")} ${missing("tenant-id")}`);
    assert.equal(v2.readiness((await v2.binding())!), "False/ServiceAccountIncomplete");
    await v2.patchAccount("default", {
      metadata: { annotations: { "azure.workload.identity/client-id": CLIENT_ID } },
    });
    await v2.bindingOnce(({ status }) => status?.error === missing("tenant-id"));
    await v2.patchAccount("default", { metadata: { annotations: WORKLOAD_IDENTITY } });
    await v2.ready();
  });

  for (const { name, annotations, sentence } of BAD_ANNOTATIONS) {
    check(`names the annotation that is malformed: ${name}`, async (v2) => {
      await v2.createAccount("default", [], { ...WORKLOAD_IDENTITY, ...annotations });
      await v2.createBinding({ spec: federatedBy("default") });
      assert.equal(await v2.errorOnce(), sentence);
      assert.deepEqual(v2.rig.azure.calls(), []);
    });
  }

  check(
    "names the scope that the registry refuses, and goes on once it is corrected",
    async (v2) => {
      await v2.createAccount("default");
      await v2.createBinding({ spec: specWith({ acr: { scope: "repository:app" } }) });
      assert.match(
        await v2.errorOnce(),
        /^bench\.azurecr\.io answered HTTP 400 \(.*\)\. Correct the binding's scope: write repository:/,
      );
      assert.equal(v2.readiness((await v2.binding())!), "False/RegistryScopeRefused");
      await v2.patchBinding({ spec: { acr: { scope: "repository:app:pull" } } });
      await v2.ready();
    },
  );

  check("names the account of serviceAccountRef that is missing, and goes on later", async (v2) => {
    await v2.createAccount("default");
    await v2.createBinding({ spec: federatedBy("builder") });
    assert.equal(
      await v2.errorOnce(),
      'service account "builder" not found; create it, or correct the name in the binding.',
    );
    await v2.createAccount("builder", [], WORKLOAD_IDENTITY);
    await v2.ready();
    assert.deepEqual(entraCalls(v2), [who(v2, "builder")]);
  });

  check(
    "keeps the credential of an account that was made anew, and refreshes it by the new account",
    async (v2) => {
      await v2.createAccount("builder", [], WORKLOAD_IDENTITY);
      await v2.createAccount("default");
      await v2.createBinding({ spec: federatedBy("builder") });
      await v2.ready();
      const before = (await v2.secret())!;
      await v2.rig.admin.delete({ apiVersion: "v1", kind: "ServiceAccount", name: "builder" });
      await v2.errorOnce();
      await v2.createAccount("builder", [], WORKLOAD_IDENTITY);
      await v2.ready();
      // The credential at hand was minted for the same inputs, and serves until it is due.
      assert.deepEqual((await v2.secret())!.data, before.data);
      v2.rig.clock.advance(40 * MINUTE);
      await v2.renewed(before);
    },
  );
}

const BAD_ANNOTATIONS: readonly {
  name: string;
  annotations: Record<string, string>;
  sentence: string;
}[] = [
  {
    name: "a client ID that is no GUID",
    annotations: { "azure.workload.identity/client-id": "my-app" },
    sentence: 'service account "default": annotation azure.workload.identity/client-id "my-app" ' +
      "is no GUID; give the identity's client ID, e.g. 1b461305-28be-5271-beda-bd9fd2e24251.",
  },
  {
    name: "an empty client ID",
    annotations: { "azure.workload.identity/client-id": "" },
    sentence: 'service account "default": annotation azure.workload.identity/client-id "" ' +
      "is no GUID; give the identity's client ID, e.g. 1b461305-28be-5271-beda-bd9fd2e24251.",
  },
  {
    name: "a tenant that is many",
    annotations: { "azure.workload.identity/tenant-id": "common" },
    sentence: 'service account "default": annotation azure.workload.identity/tenant-id "common" ' +
      "is not one tenant; give the tenant's GUID or a verified domain.",
  },
  {
    name: "a tenant that would lead elsewhere",
    annotations: { "azure.workload.identity/tenant-id": "../evil" },
    sentence: 'service account "default": annotation azure.workload.identity/tenant-id "../evil" ' +
      "is no tenant; give the tenant's GUID or a verified domain.",
  },
];

const CLOUDS = [
  {
    environment: "PublicCloud",
    server: "bench.azurecr.io",
    audience: "https://management.core.windows.net/",
  },
  {
    environment: "USGovernmentCloud",
    server: "bench.azurecr.us",
    audience: "https://management.core.usgovcloudapi.net",
  },
  {
    environment: "ChinaCloud",
    server: "bench.azurecr.cn",
    audience: "https://management.core.chinacloudapi.cn",
  },
] as const;

const AIRGAPPED = {
  environment: "AirgappedCloud",
  server: "bench.registry.example",
  cloudConfig: {
    entraAuthorityHost: "https://login.airgapped.example/",
    resourceManagerAudience: "https://management.airgapped.example",
  },
} as const;

const AIRGAPPED_RIG: RigOptions = {
  args: [
    "--allowed-acr-server-suffixes=registry.example",
    "--allowed-entra-authority-hosts=login.airgapped.example",
    "--allowed-resource-manager-audiences=https://management.airgapped.example",
  ],
  azure: {
    registries: ["bench.registry.example"],
    airgapped: [{
      authorityHost: "login.airgapped.example",
      resourceManagerAudience: "https://management.airgapped.example",
    }],
  },
};

function clouds(check: Check<V2>): void {
  const audiences = (v2: V2) =>
    v2.rig.azure.calls().filter(({ kind }) => kind === "imds" || kind === "entra")
      .map(({ kind, audience }) => `${kind} ${audience}`);

  for (const { environment, server, audience } of CLOUDS) {
    check(`serves ${environment}, by managed and by workload identity`, async (v2) => {
      await v2.createAccount("default", [], WORKLOAD_IDENTITY);
      await v2.createBinding({ spec: specWith({ acr: { environment, server } }) });
      await v2.ready();
      // The fake's Entra refuses an audience of another cloud than the authority's.
      await v2.patchBinding({
        spec: {
          auth: { managedIdentity: null, workloadIdentity: { serviceAccountRef: "default" } },
        },
      });
      await v2.bindingOnce(({ status }) => status?.observedGeneration === 2);
      await v2.ready();
      assert.deepEqual(audiences(v2), [`imds ${audience}`, `entra ${audience}`]);
      assert.ok(v2.passwordIn((await v2.secret())!, server));
    }, { args: ["--acr-audience=arm"] });
  }

  check("serves an AirgappedCloud that the flags allow", async (v2) => {
    await v2.createAccount("default", [], WORKLOAD_IDENTITY);
    await v2.createBinding({ spec: federatedBy("default", {}, AIRGAPPED) });
    await v2.ready();
    await v2.patchBinding({
      spec: { auth: { workloadIdentity: null, managedIdentity: { clientID: CLIENT_ID } } },
    });
    await v2.bindingOnce(({ status }) => status?.observedGeneration === 2);
    await v2.ready();
    const audience = AIRGAPPED.cloudConfig.resourceManagerAudience;
    assert.deepEqual(audiences(v2), [`entra ${audience}`, `imds ${audience}`]);
  }, AIRGAPPED_RIG);

  for (const { name, cloudConfig, sentence } of FORBIDDEN_CLOUDS) {
    check(`sends no token where a tenant alone says so: ${name}`, async (v2) => {
      await v2.createAccount("default", [], WORKLOAD_IDENTITY);
      const acr = { ...AIRGAPPED, cloudConfig: { ...AIRGAPPED.cloudConfig, ...cloudConfig } };
      await v2.createBinding({ spec: federatedBy("default", {}, acr) });
      assert.equal(await v2.errorOnce(), sentence);
      assert.deepEqual(v2.rig.azure.calls(), []);
      assert.equal(v2.rig.writes()["create serviceaccounts/token"], undefined);
    }, AIRGAPPED_RIG);
  }
}

const FORBIDDEN_CLOUDS = [
  {
    name: "another Entra host",
    cloudConfig: { entraAuthorityHost: "login.evil.example" },
    sentence: 'spec.acr.cloudConfig.entraAuthorityHost "login.evil.example" is not among those ' +
      "that the operator allows; correct it, or have the administrator extend " +
      "--allowed-entra-authority-hosts.",
  },
  {
    name: "another audience",
    cloudConfig: { resourceManagerAudience: "https://graph.microsoft.com" },
    sentence: 'spec.acr.cloudConfig.resourceManagerAudience "https://graph.microsoft.com" is not ' +
      "among those that the operator allows; correct it, or have the administrator extend " +
      "--allowed-resource-manager-audiences.",
  },
];

function rotation(check: Check<V2>): void {
  const refreshesAt = (fraction: number, args: readonly string[]) =>
    check(`refreshes after ${fraction} of a token's life, and not sooner`, async (v2) => {
      const before = await v2.establish();
      // Refreshes of one moment are spread over up to 4 minutes before it.
      v2.rig.clock.advance(75 * MINUTE * fraction - 5 * MINUTE);
      await settled(() => v2.secret());
      assert.equal((await v2.secret())!.metadata.resourceVersion, before.metadata.resourceVersion);
      v2.rig.clock.advance(6 * MINUTE);
      const after = await v2.renewed(before);
      assert.equal(after.metadata.uid, before.metadata.uid);
      const refreshed = after.metadata.annotations!["acr.microsoft.com/token.refresh"]!;
      await v2.bindingOnce(({ status }) => status?.lastTokenRefreshTime === refreshed);
    }, { args });
  refreshesAt(0.5, []);
  refreshesAt(0.8, ["--ttl-rotation-fraction=0.8"]);

  check("refreshes a workload identity's credential with a new assertion", async (v2) => {
    await v2.establishFederated();
    const before = (await v2.secret())!;
    v2.rig.clock.advance(39 * MINUTE);
    await v2.renewed(before);
    assert.equal(v2.rig.azure.counts().entra, 2);
    assert.equal(v2.rig.writes()["create serviceaccounts/token"], 2);
  });

  check("mints and writes nothing after a restart, and still refreshes on time", async (v2) => {
    await v2.establishFederated();
    const before = (await v2.secret())!;
    const world = await v2.resourceVersions();
    await v2.rig.stopOperator();
    await v2.rig.startOperator();
    await v2.rig.inStep();
    await settled(() => v2.resourceVersions());
    assert.deepEqual(await v2.resourceVersions(), world);
    assert.deepEqual(v2.rig.writes(), {});
    v2.rig.clock.advance(39 * MINUTE);
    await v2.renewed(before);
  });

  check("keeps Ready and the old credential while Entra fails, then says so", async (v2) => {
    await v2.establishFederated();
    const before = (await v2.secret())!;
    v2.rig.azure.fail("entra-subject", { times: Infinity });
    v2.rig.clock.advance(39 * MINUTE);
    const failing = await v2.bindingOnce(({ status }) => status?.error !== undefined);
    assert.equal(v2.readiness(failing), "True/RefreshFailing");
    assert.match(failing.status!.error!, /subject/);
    assert.deepEqual((await v2.secret())!.data, before.data);
    assert.deepEqual(await v2.references("default"), [SECRET]);
    v2.rig.azure.clearFailures();
    v2.rig.clock.advance(6 * MINUTE);
    await v2.renewed(before);
    await v2.ready();
  });
}

function faults(check: Check<V2>): void {
  for (const { name, spec, sentence } of BAD_SPECS) {
    check(`says what is wrong, and loses nothing: ${name}`, async (v2) => {
      const before = await v2.establish();
      await v2.patchBinding({ spec });
      const binding = await v2.bindingOnce(({ status }) => status?.observedGeneration === 2);
      assert.equal(binding.status!.error, sentence);
      assert.equal(v2.readiness(binding), "True/InvalidSpec");
      assert.equal(v2.condition(binding, "Stalled"), "True/InvalidSpec");
      assert.deepEqual((await v2.secret())!.data, before.data);
      assert.deepEqual(await v2.references("default"), [SECRET]);
      assert.equal(v2.minted().length, 1);
    });
  }

  check("names the target account that is missing, and goes on later", async (v2) => {
    await v2.createBinding();
    assert.equal(
      await v2.errorOnce(),
      'service account "default" not found; create it, or correct the name in the binding.',
    );
    assert.deepEqual(v2.rig.azure.calls(), []);
    await v2.createAccount("default");
    await v2.ready();
  });

  check("tells of a failure that Azure names, with the remedy", async (v2) => {
    await v2.createAccount("default", [], WORKLOAD_IDENTITY);
    v2.rig.azure.fail("entra-no-app", { times: Infinity });
    await v2.createBinding({ spec: federatedBy("default") });
    const error = await v2.errorOnce();
    assert.match(error, /^login\.microsoftonline\.com answered HTTP 400 .*AADSTS700016/);
    assert.match(error, /Correct the client ID or the tenant ID\.$/);
    v2.rig.azure.clearFailures();
  });
}

const FEDERATED = { managedIdentity: null, workloadIdentity: { serviceAccountRef: "default" } };

const BAD_SPECS: readonly { name: string; spec: unknown; sentence: string }[] = [
  {
    name: "a server outside the allowed suffixes",
    spec: { acr: { server: "evilazurecr.io" } },
    sentence:
      'spec.acr.server "evilazurecr.io" is outside the allowed registry suffixes (azurecr.io, ' +
      "azurecr.us, azurecr.cn); correct it, or have the administrator extend " +
      "--allowed-acr-server-suffixes.",
  },
  {
    name: "a malformed client ID of a managed identity",
    spec: { auth: { managedIdentity: { clientID: "mine" } } },
    sentence: 'spec.auth.managedIdentity.clientID "mine" is no GUID; give the identity\'s client ' +
      "ID, e.g. 1b461305-28be-5271-beda-bd9fd2e24251.",
  },
  {
    name: "a malformed resource ID of a managed identity",
    spec: { auth: { managedIdentity: { clientID: null, resourceID: "/subscriptions/mine" } } },
    sentence: 'spec.auth.managedIdentity.resourceID "/subscriptions/mine" is no resource ID of a ' +
      "managed identity; give /subscriptions/GUID/resourceGroups/NAME/providers/" +
      "Microsoft.ManagedIdentity/userAssignedIdentities/NAME.",
  },
  {
    name: "a malformed client ID of a workload identity",
    spec: {
      auth: {
        ...FEDERATED,
        workloadIdentity: { serviceAccountRef: "default", clientID: "app", tenantID: TENANT_ID },
      },
    },
    sentence: 'spec.auth.workloadIdentity.clientID "app" is no GUID; give the identity\'s client ' +
      "ID, e.g. 1b461305-28be-5271-beda-bd9fd2e24251.",
  },
  {
    name: "a malformed tenant ID of a workload identity",
    spec: {
      auth: {
        ...FEDERATED,
        workloadIdentity: { serviceAccountRef: "default", clientID: CLIENT_ID, tenantID: "a/b" },
      },
    },
    sentence:
      'spec.auth.workloadIdentity.tenantID "a/b" is no tenant; give the tenant\'s GUID or ' +
      "a verified domain.",
  },
];

/** What the CRD itself does not let in. */
const REFUSED: readonly { name: string; spec: Spec; message: RegExp }[] = [
  {
    name: "two methods of authentication",
    spec: specWith({
      auth: {
        managedIdentity: { clientID: CLIENT_ID },
        workloadIdentity: { serviceAccountRef: "default" },
      },
    }),
    message: /exactly one of managedIdentity and workloadIdentity must be set/,
  },
  {
    name: "client ID beside resource ID",
    spec: specWith({
      auth: { managedIdentity: { clientID: CLIENT_ID, resourceID: RESOURCE_ID } },
    }),
    message: /exactly one of clientID and resourceID must be set/,
  },
  {
    name: "a client ID without tenant",
    spec: federatedBy("default", { clientID: CLIENT_ID }),
    message: /clientID and tenantID must be set together or not at all/,
  },
  {
    name: "an AirgappedCloud without cloudConfig",
    spec: specWith({ acr: { environment: "AirgappedCloud" } }),
    message: /cloudConfig must be set for the environment AirgappedCloud/,
  },
  {
    name: "a cloudConfig for another cloud",
    spec: specWith({ acr: { cloudConfig: AIRGAPPED.cloudConfig } }),
    message: /cloudConfig must be set for the environment AirgappedCloud, and for no other/,
  },
  {
    name: "a server with a scheme",
    spec: specWith({ acr: { server: "https://bench.azurecr.io" } }),
    message: /server must be a fully-qualified domain name/,
  },
];

function schema(check: Check<V2>): void {
  for (const { name, spec, message } of REFUSED) {
    check(`is refused by the CRD with ${name}`, async (v2) => {
      await assert.rejects(v2.createBinding({ spec }), (error) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.code, 422);
        assert.match(error.message, message);
        return true;
      });
    });
  }
}

import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { isNotFound } from "../../src/kubernetes/http/errors.ts";
import type { LogEntry } from "../../src/telemetry/log/logger.ts";
import { checking } from "./checking.ts";
import { eventually } from "./eventually.ts";
import type { RigOptions } from "./operator_rig.ts";
import { type BindingObject, CLIENT_ID, V1 } from "./v1beta1_objects.ts";
import { decodeJwt } from "../sandbox/azure/jwt.ts";
import { settled } from "./settled.ts";

const MINUTE = 60_000;
const SECRET = "pull-msi-acrpull-secret";
const REGISTRY = "bench.azurecr.io";

/** How the operator reacts to what users, others and Azure do to a v1beta1 binding. */
export function v1beta1BehaviourSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  const check = checking(test, "v1beta1", (rig) => new V1(rig), options);

  check("becomes Ready with reason and message, in four writes", async (v1) => {
    await v1.createAccount("default");
    await v1.createBinding();
    const binding = await v1.ready();
    const [condition] = binding.status!.conditions!;
    assert.deepEqual({ ...condition, lastTransitionTime: "" }, {
      type: "Ready",
      status: "True",
      observedGeneration: 1,
      lastTransitionTime: "",
      reason: "CredentialAttached",
      message: `Secret ${SECRET} is attached to service account default.`,
    });
    assert.equal(binding.status!.observedGeneration, 1);
    assert.deepEqual(v1.actions(), ["addFinalizer", "mint", "addReference", "writeStatus"]);
  });

  check(
    "writes into an account that is large and names dozens of Secrets, and leaves it again",
    async (v1) => {
      const others = Array.from({ length: 40 }, (_, index) => ({ name: `other-${index}` }));
      await v1.createAccount("default", others, { note: "x".repeat(100_000) });
      await v1.createBinding();
      await v1.ready();
      const names = others.map(({ name }) => name);
      assert.deepEqual(await v1.references("default"), [...names, SECRET]);
      await v1.patchAccount("default", {
        metadata: { annotations: { note: "y".repeat(100_000) } },
      });
      await v1.deleteBinding();
      await eventually(
        "the binding is gone",
        async () => await v1.binding() === undefined || undefined,
      );
      assert.deepEqual(await v1.references("default"), names);
      assert.equal((await v1.account("default"))!.metadata.annotations!.note, "y".repeat(100_000));
    },
  );

  check("serves a binding whose Secret somebody filled with annotations", async (v1) => {
    await v1.establish();
    await v1.patchSecret({ metadata: { annotations: { note: "x".repeat(100_000) } } });
    const data = { ".dockerconfigjson": btoa('{"auths":{}}') };
    await v1.patchSecret({ data });
    const secret = await v1.secretOnce((secret) => v1.passwordIn(secret) !== undefined);
    assert.equal(secret.metadata.annotations!.note, "x".repeat(100_000));
    await v1.ready();
    await v1.deleteBinding();
    await eventually(
      "the Secret is gone",
      async () => await v1.secret() === undefined || undefined,
    );
  });

  check("falls back to the operator's defaults, field by field", async (v1) => {
    await v1.createAccount("default");
    await v1.createBinding({ spec: { scope: "repository:app:pull" } });
    await v1.ready();
    assert.deepEqual(v1.minted(), [{ registry: REGISTRY, who: CLIENT_ID }]);
  }, { env: { ACR_SERVER: REGISTRY, MANAGED_IDENTITY_CLIENT_ID: CLIENT_ID } });

  check("makes a deleted Secret anew", async (v1) => {
    const before = await v1.establish();
    await v1.rig.admin.delete({ apiVersion: "v1", kind: "Secret", name: SECRET });
    const after = await v1.secretOnce((secret) => secret.metadata.uid !== before.metadata.uid);
    assert.equal(after.type, "kubernetes.io/dockerconfigjson");
  });

  check("replaces data that somebody altered", async (v1) => {
    await v1.establish();
    const data = { ".dockerconfigjson": btoa('{"auths":{}}') };
    await v1.patchSecret({ data });
    await v1.secretOnce((secret) => v1.passwordIn(secret) !== undefined);
  });

  check("puts an altered annotation right without a new token", async (v1) => {
    const before = await v1.establish();
    await v1.patchSecret({
      metadata: { annotations: { "acr.microsoft.com/token.expiry": "2099-01-01T00:00:00Z" } },
    });
    const after = await v1.secretOnce(({ metadata }) =>
      metadata.annotations!["acr.microsoft.com/token.expiry"] ===
        before.metadata.annotations!["acr.microsoft.com/token.expiry"]
    );
    assert.deepEqual(after.data, before.data);
    assert.equal(v1.minted().length, 1);
  });

  check("is not kept from refreshing by an altered time of minting", async (v1) => {
    const before = await v1.establish();
    await v1.patchSecret({
      metadata: { annotations: { "acr.microsoft.com/token.refresh": "2099-01-01T00:00:00Z" } },
    });
    await v1.secretOnce(({ metadata }) =>
      metadata.annotations!["acr.microsoft.com/token.refresh"] !== "2099-01-01T00:00:00Z"
    );
    assert.deepEqual((await v1.secret())!.data, before.data);
    v1.rig.clock.advance(151 * MINUTE);
    await v1.secretOnce((secret) => v1.passwordIn(secret) !== v1.passwordIn(before));
  });

  check("keeps the old account's reference until the new account is there", async (v1) => {
    await v1.establish();
    await v1.patchBinding({ spec: { serviceAccountName: "late" } });
    const binding = await v1.bindingOnce(({ status }) => status?.error !== undefined);
    assert.equal(v1.readiness(binding), "False/ServiceAccountNotFound");
    assert.deepEqual(await v1.references("default"), [SECRET]);
    await v1.createAccount("late");
    await v1.referencesOnce("late", [SECRET]);
    await v1.referencesOnce("default", []);
  });

  check("puts a removed label back without a new token", async (v1) => {
    const before = await v1.establish();
    await v1.patchSecret({ metadata: { labels: { "acr.microsoft.com/binding": null } } });
    const after = await v1.secretOnce(({ metadata }) =>
      metadata.labels?.["acr.microsoft.com/binding"] === "pull"
    );
    assert.deepEqual(after.data, before.data);
    assert.equal(v1.minted().length, 1);
  });

  check("attaches the Secret again when its reference is removed", async (v1) => {
    await v1.establish();
    await v1.patchAccount("default", { imagePullSecrets: null });
    await v1.referencesOnce("default", [SECRET]);
  });

  check("keeps the references and annotations of others, in their order", async (v1) => {
    await v1.createAccount("default", [{ name: "z-theirs" }, { name: "a-theirs" }]);
    await v1.createBinding();
    await v1.referencesOnce("default", ["z-theirs", "a-theirs", SECRET]);
    await Promise.all([
      v1.patchAccount("default", { metadata: { annotations: { team: "theirs" } } }),
      v1.deleteBinding(),
    ]);
    await v1.referencesOnce("default", ["z-theirs", "a-theirs"]);
    const account = await v1.account("default");
    assert.equal(account!.metadata.annotations!.team, "theirs");
  });

  check("moves to another registry when the server changes", async (v1) => {
    await v1.establish();
    await v1.patchBinding({ spec: { acrServer: "other.azurecr.io" } });
    await v1.secretOnce((secret) => v1.passwordIn(secret, "other.azurecr.io") !== undefined);
    const binding = await v1.bindingOnce(({ status }) => status?.observedGeneration === 2);
    assert.equal(binding.status!.error, undefined);
  });

  check("serves a regional endpoint, whose tokens name the home registry", async (v1) => {
    const server = "bench.westeurope.geo.azurecr.io";
    await v1.createAccount("default");
    await v1.createBinding({ spec: { acrServer: server, managedIdentityClientID: CLIENT_ID } });
    await v1.secretOnce((secret) => v1.passwordIn(secret, server) !== undefined);
    await v1.ready();
    const { aud } = decodeJwt(v1.passwordIn((await v1.secret())!, server)!)!;
    assert.equal(aud, "bench.azurecr.io");
  });

  check("takes a token whose audience is another name, when minted and when found", async (v1) => {
    v1.rig.azure.setRegistry("bench.azurecr.io", { audience: "vanity.example" });
    const before = await v1.establish();
    await v1.patchSecret({ data: { "more.txt": "" } });
    await settled(() => v1.secret());
    assert.equal((await v1.secret())!.metadata.uid, before.metadata.uid);
    assert.equal(v1.rig.azure.counts().exchange, 1, "what was found serves");
    await v1.ready();
  });

  check("leaves no reference on the account that it moved from", async (v1) => {
    await v1.createAccount("next");
    await v1.establish();
    await v1.patchBinding({ spec: { serviceAccountName: "next" } });
    await v1.referencesOnce("next", [SECRET]);
    await v1.referencesOnce("default", []);
  });

  check("goes without a trace when its account is already gone", async (v1) => {
    await v1.establish();
    await v1.rig.admin.delete({ apiVersion: "v1", kind: "ServiceAccount", name: "default" });
    await v1.deleteBinding();
    await v1.gone();
  });

  check("refreshes 30 minutes before expiry, up to 4 minutes early and never late", async (v1) => {
    const before = await v1.establish();
    v1.rig.clock.advance(145 * MINUTE);
    await settled(() => v1.secret());
    assert.equal((await v1.secret())!.metadata.resourceVersion, before.metadata.resourceVersion);
    v1.rig.clock.advance(5 * MINUTE + 1000);
    const after = await v1.secretOnce(({ metadata }) =>
      metadata.resourceVersion !== before.metadata.resourceVersion
    );
    assert.equal(after.metadata.uid, before.metadata.uid);
    assert.notEqual(v1.passwordIn(after), v1.passwordIn(before));
    const refreshed = after.metadata.annotations!["acr.microsoft.com/token.refresh"]!;
    await v1.bindingOnce(({ status }) => status?.lastTokenRefreshTime === refreshed);
  });

  check("mints and writes nothing after a restart, and still refreshes on time", async (v1) => {
    const before = await v1.establish();
    const world = await v1.resourceVersions();
    await v1.rig.stopOperator();
    await v1.rig.startOperator();
    await settled(() => v1.resourceVersions());
    assert.deepEqual(await v1.resourceVersions(), world);
    assert.equal(v1.minted().length, 1);
    v1.rig.clock.advance(151 * MINUTE);
    await v1.secretOnce((secret) => v1.passwordIn(secret) !== v1.passwordIn(before));
  });

  check("keeps Ready and the old credential while a refresh fails, then says so", async (v1) => {
    const before = await v1.establish();
    v1.rig.azure.fail("acr-500", { times: Infinity, endpoint: "exchange" });
    v1.rig.clock.advance(151 * MINUTE);
    const failing = await v1.bindingOnce(({ status }) => status?.error !== undefined);
    assert.equal(v1.readiness(failing), "True/RefreshFailing");
    v1.rig.clock.advance(30 * MINUTE);
    const failed = await v1.bindingOnce((binding) => v1.readiness(binding).startsWith("False"));
    assert.equal(v1.readiness(failed), "False/CredentialExpired");
    assert.deepEqual((await v1.secret())!.data, before.data);
    v1.rig.azure.clearFailures();
    v1.rig.clock.advance(6 * MINUTE);
    await v1.secretOnce((secret) => v1.passwordIn(secret) !== v1.passwordIn(before));
    await v1.ready();
  });

  check("replaces a Secret that a user marked immutable, once its refresh is due", async (v1) => {
    const before = await v1.establish();
    await v1.patchSecret({ immutable: true });
    v1.rig.clock.advance(151 * MINUTE);
    const after = await v1.secretOnce((secret) => v1.passwordIn(secret) !== v1.passwordIn(before));
    assert.notEqual(after.metadata.uid, before.metadata.uid);
    await v1.ready();
  });

  check("takes nobody's Secret for its own", async (v1) => {
    await v1.createAccount("default");
    await v1.rig.admin.create(
      { apiVersion: "v1", kind: "Secret", metadata: { name: SECRET } },
    );
    await v1.createBinding();
    const binding = await v1.bindingOnce(({ status }) => status?.error !== undefined);
    assert.equal(
      binding.status!.error,
      `Secret "${SECRET}" is not managed by this operator; delete it, or give this binding ` +
        "another name.",
    );
    assert.equal((await v1.secret())!.type, "Opaque");
    assert.equal((await v1.secret())!.metadata.labels, undefined);
  });

  check(
    "waits quietly in a namespace that is being deleted, and lets its binding go",
    async (v1) => {
      await v1.establish();
      await v1.rig.admin.deleteNamespace();
      // Where a controller empties the namespace, these have gone by themselves.
      const unlessGone = (error: unknown) => {
        if (!isNotFound(error)) throw error;
      };
      await v1.deleteSecret().catch(unlessGone);
      const isEnding = ({ message }: LogEntry) => message.startsWith("namespace is being deleted");
      await eventually(
        "the operator knows",
        async () => await v1.binding() === undefined || v1.rig.logged.some(isEnding) || undefined,
      );
      await v1.patchBinding({ spec: { acrServer: "bench" } }).catch(unlessGone);
      await settled(() => v1.resourceVersions());
      assert.equal((await v1.binding())?.status?.error, undefined);
      const loud = v1.rig.logged.filter(({ level }) => level === "warn" || level === "error");
      assert.deepEqual(loud, []);
      assert.ok(v1.rig.logged.filter(isEnding).length <= 1, "it says so once");
      await v1.deleteBinding().catch(unlessGone);
      await eventually(
        "the binding is gone",
        async () => await v1.binding() === undefined || undefined,
      );
    },
  );

  for (const { name, spec, error } of BAD_SPECS) {
    check(`says what is wrong, and loses nothing: ${name}`, async (v1) => {
      const before = await v1.establish();
      await v1.patchBinding({ spec });
      const binding = await v1.bindingOnce(({ status }) => status?.observedGeneration === 2);
      assert.equal(binding.status!.error, error);
      assert.equal(v1.readiness(binding), "True/InvalidSpec");
      assert.equal(v1.condition(binding, "Stalled"), "True/InvalidSpec");
      assert.deepEqual((await v1.secret())!.data, before.data);
      assert.deepEqual(await v1.references("default"), [SECRET]);
    });
  }

  check(
    "tells all that is wrong at once, and when the credential ends that is left",
    async (v1) => {
      await v1.establish();
      await v1.patchBinding({ spec: { acrServer: "bench", managedIdentityClientID: "mine" } });
      const binding = await v1.bindingOnce(({ status }) => status?.error !== undefined);
      assert.equal(
        binding.status!.error,
        'spec.acrServer "bench" is no host name; give one like example.azurecr.io. ' +
          'spec.managedIdentityClientID "mine" is no GUID; give the identity\'s client ID, e.g. ' +
          "1b461305-28be-5271-beda-bd9fd2e24251.",
      );
      v1.rig.clock.advance(181 * MINUTE);
      const ended = await v1.bindingOnce((found) => v1.readiness(found) === "False/InvalidSpec");
      assert.equal(v1.condition(ended, "Stalled"), "True/InvalidSpec");
      await v1.patchBinding({
        spec: { acrServer: REGISTRY, managedIdentityClientID: CLIENT_ID },
      });
      assert.equal(v1.condition(await v1.ready(), "Stalled"), "none");
    },
  );

  for (const [abuse, sentence] of ABUSES) {
    check(`says what is wrong with Azure's answer, and loses nothing: ${abuse}`, async (v1) => {
      const before = await v1.establish();
      v1.rig.azure.fail(abuse, { times: Infinity, endpoint: "exchange" });
      v1.rig.clock.advance(151 * MINUTE);
      // An answer that hangs ends by the operator's own clock.
      if (abuse === "hang") await v1.callsOnce("exchange", 2);
      if (abuse === "hang") v1.rig.clock.advance(61_000);
      const binding = await v1.bindingOnce(({ status }) => status?.error !== undefined);
      assert.match(binding.status!.error!, sentence);
      assert.deepEqual((await v1.secret())!.data, before.data);
      assert.deepEqual(await v1.references("default"), [SECRET]);
      assert.deepEqual(v1.rig.azure.strays(), []);
      v1.rig.azure.clearFailures();
      v1.rig.clock.advance(6 * MINUTE);
      await v1.secretOnce((secret) => v1.passwordIn(secret) !== v1.passwordIn(before));
    });
  }
}

const BAD_SPECS: readonly { name: string; spec: BindingObject["spec"]; error: string }[] = [
  {
    name: "a server with a scheme",
    spec: { acrServer: "https://bench.azurecr.io" },
    error:
      'spec.acrServer "https://bench.azurecr.io" carries a scheme; give the host name alone, ' +
      "e.g. example.azurecr.io.",
  },
  {
    name: "a server with a path",
    spec: { acrServer: "bench.azurecr.io/app" },
    error: 'spec.acrServer "bench.azurecr.io/app" carries a path; give the host name alone, e.g. ' +
      "example.azurecr.io.",
  },
  {
    name: "a server with user information",
    spec: { acrServer: "me@bench.azurecr.io" },
    error: 'spec.acrServer "me@bench.azurecr.io" carries user information; give the host name ' +
      "alone, e.g. example.azurecr.io.",
  },
  {
    name: "a server that ends in a dot",
    spec: { acrServer: "bench.azurecr.io." },
    error: 'spec.acrServer "bench.azurecr.io." ends in a dot, which no image name does; give it ' +
      "without.",
  },
  {
    name: "a server that is no host name",
    spec: { acrServer: "not a host" },
    error: 'spec.acrServer "not a host" is no host name; give one like example.azurecr.io.',
  },
  {
    name: "a server outside the allowed suffixes",
    spec: { acrServer: "evilazurecr.io" },
    error:
      'spec.acrServer "evilazurecr.io" is outside the allowed registry suffixes (azurecr.io, ' +
      "azurecr.us, azurecr.cn); correct it, or have the administrator extend " +
      "--allowed-acr-server-suffixes.",
  },
  {
    name: "no identity at all",
    spec: { managedIdentityClientID: "" },
    error: "spec.managedIdentityClientID and spec.managedIdentityResourceID are both empty, and " +
      "the operator has no default; set one of them.",
  },
  {
    name: "a malformed client ID",
    spec: { managedIdentityClientID: "my-identity" },
    error: 'spec.managedIdentityClientID "my-identity" is no GUID; give the identity\'s client ' +
      "ID, e.g. 1b461305-28be-5271-beda-bd9fd2e24251.",
  },
  {
    name: "a malformed resource ID",
    spec: { managedIdentityClientID: "", managedIdentityResourceID: "/subscriptions/mine" },
    error: 'spec.managedIdentityResourceID "/subscriptions/mine" is no resource ID of a managed ' +
      "identity; give /subscriptions/GUID/resourceGroups/NAME/providers/" +
      "Microsoft.ManagedIdentity/userAssignedIdentities/NAME.",
  },
];

/** What Azure answers, and the beginning of what the status then says. */
const ABUSES: readonly (readonly [string, RegExp])[] = [
  ["html", /^The answer of bench\.azurecr\.io is not JSON\. Look for a proxy/],
  ["empty", /^The answer of bench\.azurecr\.io is empty\. Look for/],
  ["not-a-jwt", /^The answer of bench\.azurecr\.io holds a token that is no JWT\. Look for/],
  ["no-exp", /^The answer of bench\.azurecr\.io holds a token without exp\. Look for/],
  ["exp-past", /^The answer of bench\.azurecr\.io holds a token that has expired\. Look for/],
  ["huge", /^bench\.azurecr\.io sent an answer of more than 64 KiB\. Look for a proxy/],
  ["hang", /^bench\.azurecr\.io did not answer within 60 s\. Check the registry's name/],
  ["redirect-307", /^bench\.azurecr\.io answered with a redirect \(HTTP 307\), which is never/],
];

import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { type Check, checking } from "./checking.ts";
import { eventually } from "./eventually.ts";
import type { OperatorRig, RigOptions } from "./operator_rig.ts";
import { referenceHash } from "./reference_rules.ts";
import { settled } from "./settled.ts";
import { V1 } from "./v1beta1_objects.ts";
import { federatedBy, specWith, TENANT_ID, V2, WORKLOAD_IDENTITY } from "./v1beta2_objects.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const OTHER_ID = "2c572416-39cf-6382-cfeb-ce0ae3f35362";
const OTHER_TENANT = "83fb99c0-97a2-52bc-ba2c-3e8ed122ec58";
const CLIENT_ANNOTATION = "azure.workload.identity/client-id";
const INPUTS = "acr.microsoft.com/token.inputs";
const IDENTITY = "acr.microsoft.com/token.identity";

/** Both bindings named `pull`. */
interface Both {
  readonly rig: OperatorRig;
  readonly v1: V1;
  readonly v2: V2;
}

/**
 * Where the operator differs from the reference on purpose, each test under the number that the
 * difference has in the list. Those that only a takeover shows, 7 and the second half of 8 and 11,
 * are in takeover.ts.
 */
export function differencesSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  const check = checking(
    test,
    "difference",
    (rig): Both => ({ rig, v1: new V1(rig), v2: new V2(rig) }),
    options,
  );
  federation(check);
  references(check);
  sameName(check);
  retries(check);
  limits(check);
  sharing(check);
  reporting(check);
}

function federation(check: Check<Both>): void {
  const subjects = ({ rig }: Both) =>
    rig.azure.calls().filter(({ kind }) => kind === "entra").map(({ who }) => who!.split("/")[2]);
  const clients = ({ rig }: Both) =>
    rig.azure.calls().filter(({ kind }) => kind === "entra").map(({ who, tenant }) =>
      `${tenant}/${who!.split("/")[1]}`
    );

  check(
    "1: serviceAccountRef names whose token is minted and whose annotations are read",
    async (both) => {
      const { v2, rig } = both;
      await v2.createAccount("default", [], {
        ...WORKLOAD_IDENTITY,
        [CLIENT_ANNOTATION]: OTHER_ID,
      });
      await v2.createAccount("builder", [], WORKLOAD_IDENTITY);
      await v2.createBinding({ spec: federatedBy("builder") });
      await v2.ready();
      assert.deepEqual(subjects(both), [
        `system:serviceaccount:${rig.admin.namespace}:builder`,
      ]);
      assert.deepEqual(clients(both), [`${TENANT_ID}/${WORKLOAD_IDENTITY[CLIENT_ANNOTATION]}`]);
      assert.deepEqual(await v2.references("default"), ["acr-pull-pull"]);
      assert.deepEqual(await v2.references("builder"), []);
    },
  );

  check(
    "2: a client ID changed in the annotations re-mints at once, with token.inputs the same",
    async (both) => {
      const { v2 } = both;
      await v2.establishFederated();
      const before = (await v2.secret())!;
      await v2.patchAccount("default", {
        metadata: { annotations: { [CLIENT_ANNOTATION]: OTHER_ID } },
      });
      const after = await v2.renewed(before);
      assert.equal(clients(both).at(-1), `${TENANT_ID}/${OTHER_ID}`);
      const [old, fresh] = [before.metadata.annotations!, after.metadata.annotations!];
      const inputs = "defaultworkloadIdentitydefaultPublicCloudbench.azurecr.iorepository:app:pull";
      assert.equal(old[INPUTS], referenceHash(inputs));
      assert.equal(fresh[INPUTS], referenceHash(inputs));
      assert.notEqual(fresh[IDENTITY], old[IDENTITY]);
    },
  );

  check("2: a tenant ID changed in the annotations re-mints at once", async (both) => {
    await both.v2.establishFederated();
    const before = (await both.v2.secret())!;
    await both.v2.patchAccount("default", {
      metadata: { annotations: { "azure.workload.identity/tenant-id": OTHER_TENANT } },
    });
    await both.v2.renewed(before);
    assert.match(clients(both).at(-1)!, new RegExp(`^${OTHER_TENANT}/`));
  });

  check("2: a client ID changed in the spec re-mints at once", async (both) => {
    const { v2 } = both;
    await v2.establishFederated();
    const before = (await v2.secret())!;
    await v2.patchBinding({
      spec: { auth: { workloadIdentity: { clientID: OTHER_ID, tenantID: TENANT_ID } } },
    });
    await v2.renewed(before);
    assert.equal(clients(both).at(-1), `${TENANT_ID}/${OTHER_ID}`);
  });

  check("2: a Secret without the further annotation is not re-minted for that", async (both) => {
    const { v2, rig } = both;
    await v2.establishFederated();
    await v2.patchSecret({ metadata: { annotations: { [IDENTITY]: null } } });
    const before = (await v2.secret())!;
    await rig.stopOperator();
    await rig.startOperator();
    await rig.inStep();
    await settled(() => v2.resourceVersions());
    assert.equal((await v2.secret())!.metadata.resourceVersion, before.metadata.resourceVersion);
    assert.equal(rig.azure.counts().entra, 1);
    // What it was first seen to serve is remembered, so that a change after that counts.
    await v2.patchAccount("default", {
      metadata: { annotations: { [CLIENT_ANNOTATION]: OTHER_ID } },
    });
    const after = await v2.renewed(before);
    assert.ok(after.metadata.annotations![IDENTITY] !== undefined);
  });
}

function references(check: Check<Both>): void {
  check("3: a v1beta1 binding that moves leaves no reference behind", async ({ v1 }) => {
    await v1.createAccount("next");
    await v1.establish();
    await v1.patchBinding({ spec: { serviceAccountName: "next" } });
    await v1.referencesOnce("next", [v1.place.secret]);
    await v1.referencesOnce("default", []);
  });

  for (const api of ["v1", "v2"] as const) {
    check(`3: deletion un-references every ServiceAccount (${api})`, async (both) => {
      const binding = both[api];
      const { secret } = binding.place;
      await binding.establish();
      // Somebody refers to the Secret at the very moment at which the binding goes.
      await both.rig.stopOperator();
      await binding.createAccount("other", [{ name: "theirs" }, { name: secret }]);
      await binding.deleteBinding();
      await both.rig.startOperator();
      await binding.gone();
      assert.deepEqual(await binding.references("default"), []);
      assert.deepEqual(await binding.references("other"), ["theirs"]);
    });
  }

  check("6: references of others keep the order in which they were written", async (both) => {
    const { v1, v2 } = both;
    await v1.createAccount("default", [{ name: "z" }, { name: "m" }, { name: "a" }]);
    await v1.createBinding();
    await v2.createBinding();
    const managed = ["acr-pull-pull", "pull-msi-acrpull-secret"];
    await v1.referencesOnce("default", ["z", "m", "a", ...managed]);
    await v2.deleteBinding();
    await v1.referencesOnce("default", ["z", "m", "a", "pull-msi-acrpull-secret"]);
  });
}

function sameName(check: Check<Both>): void {
  check("4: two bindings of one name, one per API, both live", async ({ v1, v2, rig }) => {
    await v1.createAccount("default");
    await v1.createBinding();
    await v2.createBinding();
    await v1.ready();
    await v2.ready();
    const world = await settled(() => rig.resourceVersions());
    await rig.stopOperator();
    await rig.startOperator();
    await rig.inStep();
    assert.deepEqual(await settled(() => rig.resourceVersions()), world);
    assert.deepEqual(rig.writes(), {});
  });

  check("4: of two bindings of one name each goes alone", async ({ v1, v2 }) => {
    await v1.createAccount("default");
    await v1.createBinding();
    await v2.createBinding();
    await v1.ready();
    await v2.ready();
    const [first, second] = [(await v1.secret())!, (await v2.secret())!];
    await v1.deleteBinding();
    await v1.gone();
    assert.equal((await v2.secret())!.metadata.resourceVersion, second.metadata.resourceVersion);
    await v1.referencesOnce("default", ["acr-pull-pull"]);
    await v1.createBinding();
    await v1.ready();
    await v2.deleteBinding();
    await v2.gone();
    assert.notEqual((await v1.secret())!.metadata.uid, first.metadata.uid);
    await v1.referencesOnce("default", ["pull-msi-acrpull-secret"]);
  });
}

function retries(check: Check<Both>): void {
  const exchanges = ({ rig }: Both) =>
    rig.azure.calls().filter(({ kind }) => kind === "exchange").map(({ at }) => at);

  check(
    "5: a first failure is tried again, later each time and never at once",
    async (both) => {
      const { v1, rig } = both;
      rig.azure.fail("acr-firewall", { times: Infinity });
      await v1.createAccount("default");
      await v1.createBinding();
      await v1.errorOnce();
      // The longest that the first four delays can be: 10 s, doubled each time, with full jitter.
      for (const [index, longest] of [10, 20, 40, 80].entries()) {
        await settled(() => Promise.resolve(exchanges(both)));
        assert.equal(exchanges(both).length, index + 1, "tried again before its time");
        rig.clock.advance(longest * SECOND);
        await v1.callsOnce("exchange", index + 2);
      }
      const delays = exchanges(both).slice(1).map((at, index) => at - exchanges(both)[index]!);
      for (const delay of delays) assert.ok(delay >= 500, `tried again after ${delay} ms`);
      rig.azure.clearFailures();
      rig.clock.advance(5 * MINUTE);
      await v1.ready();
    },
    // Draws in full: the delays are as long as they can be.
    { random: () => 0.999 },
  );

  check("5: Retry-After is honoured", async (both) => {
    const { v2, rig } = both;
    const calls = () => rig.azure.counts().entra;
    rig.azure.fail("entra-429");
    await v2.createAccount("default", [], WORKLOAD_IDENTITY);
    await v2.createBinding({ spec: federatedBy("default") });
    await v2.errorOnce();
    rig.clock.advance(57 * SECOND);
    await settled(() => Promise.resolve(calls()));
    assert.equal(calls(), 1, "tried again before the 60 s that Entra asked for");
    rig.clock.advance(4 * SECOND);
    await v2.ready();
    assert.equal(calls(), 2);
  });

  check("5: an overdue refresh that fails is not tried every second", async (both) => {
    const { v1, rig } = both;
    await v1.establish();
    rig.azure.fail("acr-firewall", { times: Infinity });
    rig.clock.advance(151 * MINUTE);
    await v1.errorOnce();
    const tries = rig.azure.counts().exchange;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.equal(rig.azure.counts().exchange, tries);
    rig.azure.clearFailures();
  }, { random: () => 0.999 });
}

function limits(check: Check<Both>): void {
  check("8: AirgappedCloud is refused where no flag allows its host", async ({ v2, rig }) => {
    await v2.createAccount("default", [], WORKLOAD_IDENTITY);
    const cloudConfig = {
      entraAuthorityHost: "login.airgapped.example",
      resourceManagerAudience: "https://management.airgapped.example",
    };
    await v2.createBinding({
      spec: federatedBy("default", {}, { environment: "AirgappedCloud", cloudConfig }),
    });
    assert.match(await v2.errorOnce(), /^spec\.acr\.cloudConfig\.entraAuthorityHost .* not among/);
    assert.deepEqual(rig.azure.calls(), []);
  });

  for (const server of ["bench.azurecr.io", "bench.azurecr.us", "bench.azurecr.cn"]) {
    check(`9: without the flag ${server} is allowed`, async ({ v2 }) => {
      await v2.createAccount("default");
      await v2.createBinding({ spec: specWith({ acr: { server } }) });
      await v2.ready();
    });
  }

  check("9: without the flag no other suffix is allowed", async ({ v2, rig }) => {
    await v2.createAccount("default");
    await v2.createBinding({ spec: specWith({ acr: { server: "registry.example" } }) });
    assert.match(await v2.errorOnce(), /is outside the allowed registry suffixes/);
    assert.deepEqual(rig.azure.calls(), []);
  });

  check("9: * allows every host", async ({ v2 }) => {
    await v2.createAccount("default");
    await v2.createBinding({ spec: specWith({ acr: { server: "registry.example" } }) });
    await v2.ready();
  }, {
    args: ["--allowed-acr-server-suffixes=*"],
    azure: { registries: ["registry.example"] },
  });

  check("9: the flag may be repeated, in any case and with dots", async ({ v1, v2 }) => {
    await v1.createAccount("default");
    await v1.createBinding();
    assert.match(await v1.errorOnce(), /suffixes \(registry\.example, other\.example\)/);
    await v2.createBinding({ spec: specWith({ acr: { server: "a.other.example" } }) });
    await v2.ready();
    await v2.patchBinding({ spec: { acr: { server: "evilregistry.example" } } });
    assert.match(await v2.errorOnce(), /is outside the allowed registry suffixes/);
  }, {
    args: [
      "--allowed-acr-server-suffixes=.Registry.Example.",
      "--allowed-acr-server-suffixes",
      "other.example,",
    ],
    azure: { registries: ["a.other.example"] },
  });
}

function sharing(check: Check<Both>): void {
  check("10: identical credentials are minted once and shared", async ({ rig }) => {
    const bindings = ["one", "two", "three"].map((name) => new V1(rig, name));
    await bindings[0]!.createAccount("default");
    await Promise.all(bindings.map((binding) => binding.createBinding()));
    for (const binding of bindings) await binding.ready();
    assert.deepEqual(rig.azure.counts(), { imds: 1, entra: 0, exchange: 1, token: 0 });
    const passwords = await Promise.all(
      bindings.map(async (binding) => binding.passwordIn((await binding.secret())!)),
    );
    assert.equal(new Set(passwords).size, 1);
  });

  check("10: one scope more is one token more, and nothing else", async ({ rig }) => {
    const [one, two] = [new V2(rig, "one"), new V2(rig, "two")];
    await one.createAccount("default");
    await one.createBinding();
    await one.ready();
    await two.createBinding({ spec: specWith({ acr: { scope: "repository:other:pull" } }) });
    await two.ready();
    assert.deepEqual(rig.azure.counts(), { imds: 1, entra: 0, exchange: 1, token: 2 });
  });

  check("10: no account rides on another's federation", async ({ rig }) => {
    const [one, two] = [new V2(rig, "one"), new V2(rig, "two")];
    await one.createAccount("default");
    // The same identity by its IDs, and federated with one of the accounts alone.
    await one.createAccount("trusted", [], WORKLOAD_IDENTITY);
    await one.createAccount("rider", [], WORKLOAD_IDENTITY);
    await one.createBinding({ spec: federatedBy("trusted") });
    await one.ready();
    await two.createBinding({ spec: federatedBy("rider") });
    assert.match(await two.errorOnce(), /AADSTS700213/);
    assert.equal(await two.secret(), undefined);
    assert.equal(rig.azure.counts().entra, 2);
  }, { azure: { subjects: (subject) => subject.endsWith(":trusted") } });

  check("10: bindings of one account share its federation", async ({ rig }) => {
    const [one, two] = [new V2(rig, "one"), new V2(rig, "two")];
    await one.createAccount("default", [], WORKLOAD_IDENTITY);
    await Promise.all(
      [one, two].map((binding) => binding.createBinding({ spec: federatedBy("default") })),
    );
    await one.ready();
    await two.ready();
    assert.deepEqual(rig.azure.counts(), { imds: 0, entra: 1, exchange: 1, token: 1 });
  });
}

interface EventObject {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: { kind: string; name: string; uid: string; apiVersion: string };
}

function reporting(check: Check<Both>): void {
  check(
    "11: conditions, observedGeneration and Events tell of a failure and of its end",
    async ({ v2, rig }) => {
      rig.azure.fail("acr-firewall", { times: Infinity });
      await v2.createAccount("default");
      await v2.createBinding();
      const error = await v2.errorOnce();
      const failed = (await v2.binding())!;
      assert.equal(v2.readiness(failed), "False/RegistryFirewall");
      assert.equal(failed.status!.conditions![0]!.message, error);
      assert.equal(failed.status!.conditions![0]!.observedGeneration, 1);
      rig.azure.clearFailures();
      await v2.patchBinding({ spec: { acr: { scope: "repository:other:pull" } } });
      const { metadata, status } = await v2.ready();
      assert.equal(status!.observedGeneration, 2);
      const events = await eventually("there are two Events", async () => {
        const found = await rig.admin.list<EventObject>("v1", "Event");
        return found.length >= 2 ? found : undefined;
      });
      assert.deepEqual(
        events.map(({ type, reason, message, involvedObject: { kind, uid, apiVersion } }) => ({
          type,
          reason,
          message,
          of: { kind, uid, apiVersion },
        })).sort((a, b) => a.type < b.type ? 1 : -1),
        [
          ["Warning", "RegistryFirewall", error],
          [
            "Normal",
            "CredentialAttached",
            "Secret acr-pull-pull is attached to service account default.",
          ],
        ].map(([type, reason, message]) => ({
          type,
          reason,
          message,
          of: {
            kind: "AcrPullBinding",
            uid: metadata.uid,
            apiVersion: "acrpull.microsoft.com/v1beta2",
          },
        })),
      );
    },
  );

  check(
    "11: an expired credential says since when pulls fail, by an Event of its own",
    async ({ v2, rig }) => {
      await v2.establish();
      rig.azure.fail("acr-firewall", { times: Infinity });
      rig.clock.advance(40 * MINUTE);
      await v2.bindingOnce((binding) => v2.readiness(binding) === "True/RefreshFailing");
      rig.clock.advance(40 * MINUTE);
      const { status } = await v2.bindingOnce((binding) =>
        v2.readiness(binding) === "False/CredentialExpired"
      );
      const sentence = new RegExp(
        `^Pulls fail since ${status!.tokenExpirationTime}, when the credential expired: ` +
          "bench\\.azurecr\\.io answered HTTP 403",
      );
      assert.match(status!.error!, sentence);
      const told = await eventually("an Event tells of it", async () => {
        const events = await rig.admin.list<EventObject>("v1", "Event");
        return events.find(({ reason }) => reason === "CredentialExpired");
      });
      assert.equal(told.type, "Warning");
      assert.match(told.message, sentence);
    },
  );
}

import assert from "node:assert/strict";
import type { ApiServer, TestOnApiServer } from "../sandbox/api_server.ts";
import type { AdmissionReview } from "../sandbox/kubernetes/admission.ts";
import { ApiError } from "../sandbox/kubernetes/model/errors.ts";
import { type AdmissionHook, type HookInto, WEBHOOK } from "./admission_hook.ts";
import { assertSilentOnTokens } from "./checking.ts";
import { eventually } from "./eventually.ts";
import { OperatorRig, type RigOptions } from "./operator_rig.ts";
import { settled } from "./settled.ts";
import { V1 } from "./v1beta1_objects.ts";
import { specWith, V2 } from "./v1beta2_objects.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const UNDONE = "False/ChangesUndone";
const NOT_GRANTED = "False/ScopeNotGranted";
const EXEMPT =
  "did not stay, since an admission webhook or policy changes what the operator writes. " +
  "Exempt the operator from it; meanwhile the operator tries again, more and more rarely.";
const HELD_BY = "theirs.example/backup";

interface Surroundings {
  readonly rig: OperatorRig;
  readonly hook: AdmissionHook;
  readonly v1: V1;
  readonly v2: V2;
}

/** What others undo, refuse and hold is told, makes no loop, and takes no credential away. */
export function othersSuite(
  test: TestOnApiServer,
  hookInto: HookInto,
  options: RigOptions = {},
): void {
  const check = (name: string, run: (on: Surroundings) => Promise<void>) =>
    test(`others: ${name}`, async (api: ApiServer) => {
      await using rig = await OperatorRig.start(api, { ...options, random: () => 0 });
      await using hook = await hookInto(api, rig.admin.namespace);
      await run({ rig, hook, v1: new V1(rig), v2: new V2(rig) });
      hook.admit({});
      await assertSilentOnTokens(rig);
    });

  check(
    "a webhook that strips imagePullSecrets is told, met ever more rarely, and got over",
    async (on) => {
      const { rig, hook, v1 } = on;
      hook.admit({
        mutate: ({ resource, object }) => {
          if (resource === "serviceaccounts") delete object!.imagePullSecrets;
        },
      });
      await v1.createAccount("default");
      await v1.createBinding();
      assert.equal(
        await v1.errorOnce(),
        `Changing service account default is undone: the reference to "${v1.place.secret}" ${EXEMPT}`,
      );
      assert.equal(v1.readiness((await v1.binding())!), UNDONE);
      await settled(() => rig.resourceVersions());
      for (let minute = 0; minute < 60; minute++) {
        rig.clock.advance(MINUTE);
        await rig.quiet();
      }
      const tries = rig.writes()["patch serviceaccounts"]!;
      assert.ok(tries >= 10 && tries <= 6 + 12, `${tries} in an hour`);
      assert.equal(v1.minted().length, 1);
      await rig.eventOnce("ChangesUndone");
      assert.ok(rig.failed("addReference") > 0, "the metric counts it");
      hook.admit({});
      await longPause(rig);
      // It was written, and is said to be ready once it is seen to stay.
      await v1.referencesOnce("default", [v1.place.secret]);
      await longPause(rig);
      await v1.ready();
    },
  );

  check(
    "a webhook that puts other data into the Secret is told, also after a restart",
    async (on) => {
      const { rig, hook, v1 } = on;
      hook.admit({
        mutate: ({ resource, object }) => {
          if (resource === "secrets") object!.data = { ".dockerconfigjson": btoa('{"auths":{}}') };
        },
      });
      await v1.createAccount("default");
      await v1.createBinding();
      assert.equal(
        await v1.errorOnce(),
        `Writing Secret ${v1.place.secret} is undone: the credential itself ${EXEMPT}`,
      );
      await rig.stopOperator();
      await rig.startOperator();
      await rig.inStep();
      await settled(() => rig.resourceVersions());
      assert.equal(v1.readiness((await v1.binding())!), UNDONE);
      assert.deepEqual(await v1.references("default"), []);
      hook.admit({});
      await longPause(rig);
      await v1.referencesOnce("default", [v1.place.secret]);
      await longPause(rig);
      await v1.ready();
    },
  );

  check(
    "a webhook that puts other data into a Secret whose label is put back is told",
    async (on) => {
      const { rig, hook, v1 } = on;
      await v1.establish();
      hook.admit({
        mutate: ({ resource, operation, object }) => {
          const isLabelled = object?.metadata.labels?.["acr.microsoft.com/binding"] !== undefined;
          if (resource !== "secrets" || operation !== "UPDATE" || !isLabelled) return;
          object!.data = { ".dockerconfigjson": btoa('{"auths":{}}') };
        },
      });
      await v1.patchSecret({ metadata: { labels: null } });
      await v1.secretOnce(({ metadata }) =>
        metadata.labels?.["acr.microsoft.com/binding"] !== undefined
      );
      await v1.bindingOnce((each) => v1.readiness(each) === UNDONE);
      await settled(() => rig.resourceVersions());
      assert.equal(v1.readiness((await v1.binding())!), UNDONE);
      hook.admit({});
      await longPause(rig);
      await longPause(rig);
      await v1.ready();
    },
  );

  check("one who takes away that scopes are lacking makes no binding ready", async (on) => {
    const { rig, v2 } = on;
    rig.azure.setRegistry("bench.azurecr.io", {
      grants: (_, scope) => scope === "repository:app:pull",
    });
    await v2.createAccount("default");
    const scope = "repository:app:pull repository:base/image:pull";
    await v2.createBinding({ spec: specWith({ acr: { scope } }) });
    await v2.bindingOnce((each) => v2.readiness(each) === NOT_GRANTED);
    await settled(() => rig.resourceVersions());
    const annotations = { "acr.microsoft.com/token.lacking": null };
    await v2.patchSecret({ metadata: { annotations } });
    await settled(() => rig.resourceVersions());
    assert.equal(v2.readiness((await v2.binding())!), NOT_GRANTED);
    await rig.stopOperator();
    await rig.startOperator();
    await rig.inStep();
    await settled(() => rig.resourceVersions());
    assert.equal(v2.readiness((await v2.binding())!), NOT_GRANTED);
  });

  check("one who reverts within milliseconds is named, and not raced", async ({ rig, v1 }) => {
    // Of an account that was made without any field of its own managedFields tell nothing.
    await v1.createAccount("default", [], { "example.com/owner": "team-a" });
    await v1.createBinding();
    await v1.ready();
    await using revert = reverting(v1);
    const binding = await v1.bindingOnce((each) => v1.readiness(each) === UNDONE);
    assert.match(
      binding.status!.error!,
      /^Changing service account default is undone: the reference to ".*" did not stay, since field manager "scenario" writes over it\. Have that leave it alone; /,
    );
    for (let minute = 0; minute < 60; minute++) {
      rig.clock.advance(MINUTE);
      await rig.quiet();
    }
    const tries = rig.writes()["patch serviceaccounts"]!;
    assert.ok(tries >= 10 && tries <= 8 + 12, `${tries} in an hour`);
    await revert.stop();
    await longPause(rig);
    await eventually(
      "the reference is there again",
      async () => (await v1.references("default")).includes(v1.place.secret) || undefined,
    );
    await longPause(rig);
    await v1.ready();
  });

  check("a Secret that lost its label stays until its successor is admitted", async (on) => {
    const { rig, hook, v2 } = on;
    const before = await v2.establish();
    hook.admit({
      validate: ({ operation, resource }) => {
        if (resource === "secrets" && operation === "CREATE") {
          throw new ApiError(403, "Forbidden", "no new Secrets today");
        }
      },
    });
    await v2.patchSecret({ metadata: { labels: null } });
    assert.match(
      await v2.errorOnce(),
      new RegExp(
        `^Writing Secret ${v2.place.secret} failed: .*"${WEBHOOK}" denied.*no new Secrets`,
      ),
    );
    const kept = (await v2.secret())!;
    assert.deepEqual([kept.metadata.uid, kept.data], [before.metadata.uid, before.data]);
    hook.admit({});
    await longPause(rig);
    await v2.ready();
    const after = (await v2.secret())!;
    assert.notEqual(after.metadata.uid, before.metadata.uid);
    assert.equal(after.metadata.labels!["acr.microsoft.com/binding"], v2.place.name);
  });

  check("a deletion that is refused is told on the binding and by an Event", async (on) => {
    const { rig, hook, v1 } = on;
    await v1.establish();
    hook.admit({
      validate: ({ operation, resource }) => {
        if (resource === "secrets" && operation === "DELETE") {
          throw new ApiError(403, "Forbidden", "Secrets stay");
        }
      },
    });
    await v1.deleteBinding();
    const binding = await v1.bindingOnce(({ status }) => status?.error !== undefined);
    assert.match(
      binding.status!.error!,
      /^The binding is being deleted, which is held up\. Deleting Secret .* failed: .*Secrets stay$/,
    );
    assert.equal(v1.readiness(binding), "False/PolicyDenied");
    await rig.eventOnce("PolicyDenied");
    hook.admit({});
    await longPause(rig);
    await v1.gone();
  });

  check(
    "a webhook that denies as what the server itself would say has changed nothing",
    async (on) => {
      const { rig, hook, v1 } = on;
      const deny = (hit: AdmissionReview["operation"], code: number, reason: string) =>
        hook.admit({
          validate: ({ operation, resource }) => {
            if (resource !== "secrets" || operation !== hit) return;
            const details = { name: v1.place.secret, kind: "secrets" };
            throw new ApiError(code, reason, "not now", details);
          },
        });
      deny("CREATE", 409, "AlreadyExists");
      await v1.createAccount("default");
      await v1.createBinding();
      await v1.errorOnce();
      await settled(() => rig.resourceVersions());
      assert.equal(v1.minted().length, 1);
      assert.ok(rig.writes()["create secrets"]! <= 4, `${rig.writes()["create secrets"]}`);
      hook.admit({});
      await longPause(rig);
      await v1.ready();
      deny("DELETE", 404, "NotFound");
      await v1.deleteBinding();
      await v1.bindingOnce(({ status }) => status?.error?.includes("held up") ?? false);
      assert.ok(await v1.secret() !== undefined);
      hook.admit({});
      await longPause(rig);
      await v1.gone();
    },
  );

  check(
    "a Secret that another's finalizer holds serves to its end, and is then made anew",
    async (on) => {
      const { rig, v1 } = on;
      const before = await v1.establish();
      await v1.patchSecret({ metadata: { finalizers: [HELD_BY] } });
      await v1.deleteSecret();
      const held = `Secret "${v1.place.secret}" is being deleted, but held by finalizer ` +
        `"${HELD_BY}"; have whoever set that remove it. The operator makes it anew once it is gone.`;
      assert.equal(await v1.errorOnce(), held);
      assert.equal(v1.readiness((await v1.binding())!), "True/SecretTerminating");
      const { mint, ...writes } = { mint: v1.minted().length, ...rig.writes() };
      rig.clock.advance(2 * HOUR);
      await settled(() => rig.resourceVersions());
      assert.equal(v1.minted().length, mint, "nothing is minted though the refresh is due");
      assert.deepEqual(rig.writes(), writes);
      rig.clock.advance(2 * HOUR);
      await v1.bindingOnce((each) => v1.readiness(each) === "False/SecretTerminating");
      await v1.patchSecret({ metadata: { finalizers: null } });
      await v1.ready();
      assert.notEqual((await v1.secret())!.metadata.uid, before.metadata.uid);
    },
  );

  check("a binding waits for a Secret that another's finalizer holds", async ({ v1 }) => {
    await v1.establish();
    await v1.patchSecret({ metadata: { finalizers: [HELD_BY] } });
    await v1.deleteBinding();
    const binding = await v1.bindingOnce(({ status }) => status?.error !== undefined);
    assert.match(binding.status!.error!, new RegExp(`held up\\. .*held by finalizer "${HELD_BY}"`));
    await v1.referencesOnce("default", []);
    await v1.patchSecret({ metadata: { finalizers: null } });
    await v1.gone();
  });
}

/** Lets more than the longest pause pass, once the operator has said how long it waits. */
async function longPause(rig: OperatorRig): Promise<void> {
  await settled(() => rig.resourceVersions());
  rig.clock.advance(6 * MINUTE);
}

/** Takes the reference out again within milliseconds, as another field manager, until stopped. */
function reverting(on: V1): AsyncDisposable & { stop(): Promise<void> } {
  let isStopped = false;
  const run = async () => {
    while (!isStopped) {
      if ((await on.references("default")).includes(on.place.secret)) {
        await on.patchAccount("default", { imagePullSecrets: [{ name: "theirs" }] });
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const running = run();
  const stop = async () => {
    isStopped = true;
    await running;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

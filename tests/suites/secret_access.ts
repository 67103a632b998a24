import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { checking } from "./checking.ts";
import { eventually } from "./eventually.ts";
import type { OperatorRig, RigOptions } from "./operator_rig.ts";
import { settled } from "./settled.ts";
import { type SecretObject, V1 } from "./v1beta1_objects.ts";
import { V2 } from "./v1beta2_objects.ts";

const MINUTE = 60_000;
const SECRET = "pull-msi-acrpull-secret";

/** How the operator works with `--secret-access=get`: no list and no watch of Secrets. */
export function secretAccessSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  const args = ["--secret-access=get"];
  const make = (rig: OperatorRig) => ({ rig, v1: new V1(rig), v2: new V2(rig, "second") });
  const check = checking(test, "Secrets by name", make, { ...options, args });

  check("bindings of both APIs become ready and go without a trace", async ({ rig, v1, v2 }) => {
    await v1.establish();
    await v2.createBinding();
    await v2.ready();
    assert.deepEqual(await v1.references("default"), ["acr-pull-second", SECRET]);
    assert.deepEqual(callsOn(rig, /^(list|watch) secrets/), []);
    await Promise.all([v1.deleteBinding(), v2.deleteBinding()]);
    await v1.gone();
    await v2.gone();
    assert.deepEqual(await v1.references("default"), []);
  });

  check("a settled binding is looked at again, and nothing is written", async ({ rig, v1 }) => {
    await v1.establish();
    const world = await settled(() => v1.resourceVersions());
    const reads = readsOf(rig);
    rig.clock.advance(11 * MINUTE);
    await eventually("the Secret is read again", () => readsOf(rig) > reads || undefined);
    await rig.answered();
    assert.deepEqual(await v1.resourceVersions(), world);
    assert.equal(v1.minted().length, 1);
  });

  check("a Secret that somebody deleted is made anew when it is next read", async ({ rig, v1 }) => {
    const before = await v1.establish();
    await v1.deleteSecret();
    rig.clock.advance(11 * MINUTE);
    await v1.secretOnce(({ metadata }) => metadata.uid !== before.metadata.uid);
  });

  check("a Secret that somebody deleted is made anew when the binding asks", async ({ v1 }) => {
    const before = await v1.establish();
    await v1.deleteSecret();
    await v1.patchBinding({ metadata: { annotations: { touched: "now" } } });
    await v1.secretOnce(({ metadata }) => metadata.uid !== before.metadata.uid);
  });

  check("data and label that somebody altered are put right", async ({ rig, v1 }) => {
    await v1.establish();
    await v1.patchSecret({
      data: { ".dockerconfigjson": btoa('{"auths":{}}') },
      metadata: { labels: { "acr.microsoft.com/binding": null } },
    });
    rig.clock.advance(11 * MINUTE);
    await v1.secretOnce((secret) =>
      labelOf(secret) === "pull" && v1.passwordIn(secret) !== undefined
    );
  });

  check("a credential is refreshed in time", async ({ rig, v1 }) => {
    const before = await v1.establish();
    rig.clock.advance(151 * MINUTE);
    await v1.renewed(before);
  });

  check("nothing is minted or written again after a restart", async ({ rig, v1, v2 }) => {
    await v1.establish();
    await v2.createBinding();
    await v2.ready();
    const world = await settled(() => v1.resourceVersions());
    await rig.stopOperator();
    await rig.startOperator();
    await settled(() => v1.resourceVersions());
    assert.deepEqual(await v1.resourceVersions(), world);
    assert.equal(v1.minted().length, 2);
  });

  check("a Secret of the first release, without a label, is adopted", async ({ rig, v1 }) => {
    await v1.establish();
    await rig.stopOperator();
    await v1.patchSecret({ metadata: { labels: { "acr.microsoft.com/binding": null } } });
    await rig.startOperator();
    await v1.secretOnce((secret) => labelOf(secret) === "pull");
    assert.equal(v1.minted().length, 1);
  });

  check("another's Secret of that name stays, and the status says so", async ({ rig, v1 }) => {
    await v1.createAccount("default");
    await rig.admin.create(
      { apiVersion: "v1", kind: "Secret", metadata: { name: SECRET } },
    );
    await v1.createBinding();
    const error = await v1.errorOnce();
    assert.match(error, /is not managed by this operator/);
    await v1.deleteSecret();
    rig.clock.advance(11 * MINUTE);
    await v1.ready();
  });
}

function labelOf({ metadata }: SecretObject): string | undefined {
  return metadata.labels?.["acr.microsoft.com/binding"];
}

function readsOf(rig: OperatorRig): number {
  return Object.entries(rig.calls()).flatMap(([call, count]) =>
    call === "get secrets" ? [count] : []
  ).reduce((sum, count) => sum + count, 0);
}

function callsOn(rig: OperatorRig, pattern: RegExp): string[] {
  return Object.keys(rig.calls()).filter((call) => pattern.test(call));
}

import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { checking } from "./checking.ts";
import type { OperatorRig, RigOptions } from "./operator_rig.ts";
import { settled } from "./settled.ts";
import { V1 } from "./v1beta1_objects.ts";
import { V2 } from "./v1beta2_objects.ts";

const MINUTE = 60_000;
const LONG = "n".repeat(253);

/** A ServiceAccount's manifest may name a Secret that is yet to come. */
export function earlyReferencesSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  const check = checking(test, "named beforehand", (rig) => rig, options);

  for (
    const [what, make] of [
      ["v1beta1", (rig: OperatorRig) => new V1(rig)],
      ["v1beta2", (rig: OperatorRig) => new V2(rig)],
      ["v1beta1, by a name that is cut", (rig: OperatorRig) => new V1(rig, LONG)],
      ["v1beta2, by a name that is cut", (rig: OperatorRig) => new V2(rig, LONG)],
    ] as const
  ) {
    check(
      `the account stays as its manifest has it while the binding lives, ${what}`,
      async (rig) => {
        const on = make(rig);
        const named = [{ name: "theirs" }, { name: on.place.secret }, { name: "also-theirs" }];
        await on.createAccount("default", named);
        const before = await accountOf(on);
        rig.azure.fail("acr-500", { times: Infinity, endpoint: "exchange" });
        await on.createBinding();
        await on.errorOnce();
        assert.equal(await on.secret(), undefined);
        assert.deepEqual(await accountOf(on), before, "where no credential is to be had yet");
        rig.azure.clearFailures();
        await settled(() => rig.resourceVersions());
        rig.clock.advance(6 * MINUTE);
        await on.ready();
        const first = (await on.secret())!;
        rig.clock.advance(175 * MINUTE);
        await on.renewed(first);
        await on.deleteSecret();
        await on.secretOnce(({ metadata }) => metadata.uid !== first.metadata.uid);
        await on.ready();
        await rig.stopOperator();
        await rig.startOperator();
        await rig.inStep();
        await settled(() => rig.resourceVersions());
        assert.deepEqual(await accountOf(on), before);
        assert.equal(rig.writes()["patch serviceaccounts"], undefined);
      },
    );

    check(
      `its deletion takes the name out, and leaves it where it is put back, ${what}`,
      async (rig) => {
        const on = make(rig);
        const named = [{ name: "theirs" }, { name: on.place.secret }];
        await on.createAccount("default", named);
        await on.createBinding();
        await on.ready();
        await on.deleteBinding();
        await on.gone();
        await on.referencesOnce("default", ["theirs"]);
        await on.patchAccount("default", { imagePullSecrets: named });
        await settled(() => rig.resourceVersions());
        rig.clock.advance(10 * MINUTE);
        await settled(() => rig.resourceVersions());
        await on.referencesOnce("default", named.map(({ name }) => name));
        await on.createBinding();
        await on.ready();
        await on.referencesOnce("default", named.map(({ name }) => name));
      },
    );
  }

  check("an account that the binding does not name loses it", async (rig) => {
    const on = new V2(rig);
    await on.createAccount("default", [{ name: on.place.secret }]);
    await on.createAccount("another", [{ name: "theirs" }, { name: on.place.secret }]);
    await on.createBinding();
    await on.ready();
    await on.referencesOnce("another", ["theirs"]);
    await on.referencesOnce("default", [on.place.secret]);
  });
}

async function accountOf(on: V1 | V2) {
  const { metadata, imagePullSecrets } = (await on.account("default"))!;
  return { resourceVersion: metadata.resourceVersion, imagePullSecrets };
}

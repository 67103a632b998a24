import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { checking } from "./checking.ts";
import type { RigOptions } from "./operator_rig.ts";
import { V1 } from "./v1beta1_objects.ts";
import { specWith, V2 } from "./v1beta2_objects.ts";

const V1_ARM = "https://management.azure.com/";
const V2_ARM = "https://management.core.windows.net/";
const ACR = "https://containerregistry.azure.net";
const SET = "https://management.usgovcloudapi.net/";
const OTHER = "2c572416-39cf-6382-cfeb-ce0ae3f35362";
const REGISTRY = "bench.azurecr.io";

/** A registry that takes ARM's audience alone. */
const REFUSING_OWN = { registryRules: { [REGISTRY]: { refuseAcrAudience: true } } };

/** A registry whose policy `authentication-as-arm` is disabled. */
const REFUSING = { registryRules: { [REGISTRY]: { refuseArmAudience: true } } };

/** Which audience the operator shows a registry, and what it learns of registries. */
export function audienceSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  const check = checking(
    test,
    "audience",
    (rig) => ({ rig, v1: new V1(rig), v2: new V2(rig) }),
    options,
  );
  type On = Parameters<Parameters<typeof check>[1]>[0];
  const asked = ({ rig }: On) =>
    rig.azure.calls().flatMap(({ kind, audience, status }) =>
      kind === "exchange" ? [`${audience} ${status}`] : []
    );

  check("is the registry service's own by default, and no ARM token goes anywhere", async (on) => {
    await on.v1.establish();
    await on.v2.createBinding();
    await on.v2.ready();
    assert.deepEqual(asked(on), [`${ACR} 200`, `${ACR} 200`]);
    const tokens = on.rig.azure.calls().filter(({ kind }) => kind === "imds");
    assert.deepEqual([...new Set(tokens.map(({ audience }) => audience))], [ACR]);
  });

  check("is Azure Resource Manager's where a registry answers 401 to its own, once", async (on) => {
    await on.v1.establish();
    assert.deepEqual(asked(on), [`${ACR} 401`, `${V1_ARM} 200`]);
  }, { azure: REFUSING_OWN });

  check(
    "is the cloud's for Azure Resource Manager where Entra does not know the other",
    async (on) => {
      await on.v1.establish();
      await on.v2.createBinding();
      await on.v2.ready();
      assert.deepEqual(asked(on), [`${V1_ARM} 200`, `${V2_ARM} 200`]);
      const tokens = on.rig.azure.calls().filter(({ kind }) => kind === "imds");
      assert.deepEqual(tokens.map(({ audience }) => audience), [ACR, V1_ARM, V2_ARM]);
    },
    { azure: { knowsAcrAudience: () => false } },
  );

  check("is remembered per registry", async (on) => {
    await on.v1.establish();
    await on.v2.createBinding({
      spec: specWith({ auth: { managedIdentity: { clientID: OTHER } } }),
    });
    await on.v2.ready();
    const other = new V1(on.rig, "other");
    await other.createBinding({
      spec: {
        acrServer: "other.azurecr.io",
        managedIdentityClientID: "1b461305-28be-5271-beda-bd9fd2e24251",
      },
    });
    await other.ready();
    assert.deepEqual(asked(on), [
      `${ACR} 401`,
      `${V1_ARM} 200`,
      // Another identity starts from what worked.
      `${V2_ARM} 200`,
      // Another registry is asked as the first one was.
      `${ACR} 200`,
    ]);
  }, { azure: REFUSING_OWN });

  check("is found out anew in time, at the refresh", async (on) => {
    await on.v1.establish();
    const before = (await on.v1.secret())!;
    on.rig.azure.setRegistry(REGISTRY, {});
    on.rig.clock.advance(151 * 60_000);
    await on.v1.renewed(before);
    assert.equal(asked(on).at(-1), `${ACR} 200`);
  }, { azure: REFUSING_OWN });

  check("is tried once more and no further where both are refused", async (on) => {
    await on.v1.createAccount("default");
    await on.v1.createBinding();
    assert.match(await on.v1.errorOnce(), /^bench\.azurecr\.io answered HTTP 401/);
    assert.deepEqual(asked(on), [`${ACR} 401`, `${V1_ARM} 401`]);
    on.rig.azure.setRegistry(REGISTRY, {});
    on.rig.clock.advance(5 * 60_000);
    await on.v1.ready();
    // Nothing was learned from a registry that took neither.
    assert.equal(asked(on).at(-1), `${ACR} 200`);
  }, { azure: { registryRules: { [REGISTRY]: { admits: () => false } } } });

  check("is ARM's alone by flag", async (on) => {
    await on.v1.createAccount("default");
    await on.v1.createBinding();
    await on.v1.errorOnce();
    assert.deepEqual(asked(on), [`${V1_ARM} 401`]);
  }, { azure: REFUSING, args: ["--acr-audience=arm"] });

  check("is the registry service's alone by flag", async (on) => {
    await on.v1.establish();
    await on.v2.createBinding();
    await on.v2.ready();
    assert.deepEqual([...new Set(asked(on))], [`${ACR} 200`]);
  }, { args: ["--acr-audience=acr"] });

  check("is that of ARM_RESOURCE for v1beta1", async (on) => {
    await on.v1.establish();
    assert.deepEqual(asked(on), [`${SET} 200`]);
  }, { env: { ARM_RESOURCE: SET } });

  check("is the registry service's where a registry answers 401 to ARM_RESOURCE's", async (on) => {
    await on.v1.establish();
    assert.deepEqual(asked(on), [`${SET} 401`, `${ACR} 200`]);
  }, { azure: REFUSING, env: { ARM_RESOURCE: SET } });
}

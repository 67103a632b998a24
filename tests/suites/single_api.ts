import assert from "node:assert/strict";
import type { ApiServer } from "../sandbox/api_server.ts";
import { eventually } from "./eventually.ts";
import { OperatorRig, type RigOptions } from "./operator_rig.ts";
import { V1 } from "./v1beta1_objects.ts";
import { V2 } from "./v1beta2_objects.ts";

/** Longer than the operator waits until it asks anew for an API that was not there. */
const LOOKS_AGAIN_MS = 31_000;

/**
 * With the CRD of `first` alone the operator runs with a warning, and picks up the other when
 * `installOther` has installed it.
 */
export async function runsWithOneApi(
  api: ApiServer,
  first: "v1beta1" | "v1beta2",
  installOther: () => Promise<void>,
  options: RigOptions = {},
): Promise<void> {
  await using rig = await OperatorRig.start(api, options);
  const [one, two] = [new V1(rig), new V2(rig)];
  const [present, absent] = first === "v1beta1" ? [one, two] : [two, one];
  await present.createAccount("default");
  await present.createBinding();
  await present.ready();

  const other = first === "v1beta1" ? "v1beta2" : "v1beta1";
  const warnings = () =>
    rig.logged.filter(({ level, fields }) =>
      level === "warn" && fields.resource === `acrpullbindings ${other}` &&
      fields.state === "absent"
    );
  assert.equal(warnings().length, 1);
  const before = await rig.resourceVersions();

  await installOther();
  await absent.createBinding();
  rig.clock.advance(LOOKS_AGAIN_MS);
  await eventually("the other API's binding is served", async () => {
    const binding = (await absent.binding())!;
    if (absent.readiness(binding as never) === "True/CredentialAttached") return true;
    // Admission learns of new kinds every 30 s, and refuses owners of those that it does not know.
    rig.clock.advance(10_000);
    await new Promise((resolve) => setTimeout(resolve, 500));
    return undefined;
  }, 45_000);
  await eventually("the binding that was there is left alone", async () => {
    const [key] = Object.keys(before).filter((name) => name.endsWith("AcrPullBinding/pull"));
    return (await rig.resourceVersions())[key!] === before[key!] || undefined;
  });
  assert.equal(warnings().length, 1, "it warned more than once");
  rig.azure.assertClean();
}

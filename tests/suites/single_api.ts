import assert from "node:assert/strict";
import type { ApiServer } from "../sandbox/api_server.ts";
import { eventually } from "./eventually.ts";
import { OperatorRig, type RigOptions } from "./operator_rig.ts";
import { V1 } from "./v1beta1_objects.ts";
import { V2 } from "./v1beta2_objects.ts";

const GROUPS = { v1beta1: "msi-acrpull.microsoft.com", v1beta2: "acrpull.microsoft.com" } as const;

/** Longer than the operator waits until it asks anew for an API that was not there. */
const LOOKS_AGAIN_MS = 31_000;

/**
 * With the CRD of `first` alone the operator runs with a warning, and picks up the other when
 * `installOther` has installed it. When `removeOther` takes it away it warns again and lets its
 * bindings go, and serves it as before once it is back.
 */
export async function runsWithOneApi(
  api: ApiServer,
  first: "v1beta1" | "v1beta2",
  installOther: () => Promise<void>,
  removeOther: () => Promise<void>,
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
  await eventually("it warns of the CRD that is absent", () => warnings()[0]);
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

  const crd = `acrpullbindings.${GROUPS[other]}`;
  await removeOther();
  const removed = await eventually("it warns that the CRD has gone", () => warnings()[1]);
  assert.match(removed.message, new RegExp(`^the CRD ${crd} was removed, .*: apply `));
  await eventually("no credential is left behind", async () => {
    return await absent.secret() === undefined || undefined;
  });
  await installOther();
  rig.clock.advance(LOOKS_AGAIN_MS);
  const returned = `the CRD ${crd} is installed, and its bindings are served`;
  const returns = () => rig.logged.filter(({ message }) => message === returned);
  await eventually("it tells that the CRD is back", () => returns()[1]);
  await absent.createBinding();
  await absent.ready();
  assert.deepEqual([warnings().length, returns().length], [2, 2], "each is told once");
  rig.azure.assertClean();
}

import { ApiError } from "../../src/kubernetes/http/errors.ts";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { eventually } from "../suites/eventually.ts";
import { OperatorRig } from "../suites/operator_rig.ts";
import { served, takeoverSuite } from "../suites/takeover.ts";
import { referenceChartSuite } from "../suites/takeover_chart.ts";
import { V2 } from "../suites/v1beta2_objects.ts";
import { e2e } from "./servers/gate.ts";
import { installCrds } from "./servers/manifests.ts";
import { installReferenceChart, REFERENCE_USER } from "./servers/reference_chart.ts";

let installed: Promise<void> | undefined;

/** The operator as the chart of the reference runs its own: its account, rights and policies. */
const inItsPlace: TestOnApiServer = (name, test) =>
  e2e(name, async (plane, context) => {
    await (installed ??= installReferenceChart(plane));
    await test(plane, context);
  });

takeoverSuite(inItsPlace, { user: REFERENCE_USER, keepsConditions: false });
referenceChartSuite(inItsPlace, { user: REFERENCE_USER });

// The last on the reference's CRDs: they are replaced under the operator's feet.
inItsPlace("takeover: writes conditions as soon as the CRDs keep them", async (api) => {
  await using rig = await OperatorRig.start(api, { user: REFERENCE_USER });
  const v2 = new V2(rig);
  await v2.createAccount("default");
  await v2.createBinding();
  await served(v2);
  await installCrds(api);
  await eventually(
    "the schema with conditions is noticed, and bindings have them",
    async () => (await readinessOf(v2)) === "True/CredentialAttached" || undefined,
    30_000,
  );
});

async function readinessOf(binding: V2): Promise<string> {
  try {
    return binding.readiness((await binding.binding())!);
  } catch (error) {
    // A server answers 429 while it changes from one schema to the other.
    if (error instanceof ApiError && error.retryable) return "none";
    throw error;
  }
}

takeoverSuite(inItsPlace, { user: REFERENCE_USER, keepsConditions: true });

import assert from "node:assert/strict";
import { type GoldenFinal, goldenStates, type GoldenStep } from "../data/golden.ts";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import type { AnyObject, ObjectRef } from "./cluster_admin.ts";
import { exceptionOf, expectedFinal } from "./golden_exceptions.ts";
import { observeState } from "./observed_state.ts";
import { OperatorRig } from "./operator_rig.ts";
import { settled } from "./settled.ts";

/** As the recordings were made. */
const ARGS = ["--allowed-acr-server-suffixes=azurecr.io", "--ttl-rotation-fraction=0.5"];

/** Replays the recorded states of the reference whose names begin with `prefix`. */
export function goldenSuite(
  test: TestOnApiServer,
  prefix: string,
  options: { readonly user?: string } = {},
): void {
  for (const state of goldenStates(prefix)) {
    test(`ends in the recorded state: ${state.name}${exceptionOf(state.name)}`, async (api) => {
      await using rig = await OperatorRig.start(api, { ...options, args: ARGS });
      for (const step of state.steps) await take(rig, step);
      const observed = await settledState(rig);
      assert.deepEqual(comparable(observed), comparable(expectedFinal(state)));
      rig.azure.assertClean();
    });
  }
}

async function take(rig: OperatorRig, step: GoldenStep): Promise<void> {
  const { admin } = rig;
  if ("create" in step) await admin.create(step.create as unknown as AnyObject);
  else if ("delete" in step) await admin.delete(step.delete as ObjectRef);
  else if ("mergePatch" in step) await admin.mergePatch(step.mergePatch, step.mergePatch.patch);
  else await settledState(rig);
}

function settledState(rig: OperatorRig): Promise<GoldenFinal> {
  return settled(async () => {
    await rig.answered();
    return await observeState(rig.admin);
  });
}

/** The operator's own annotation is beside those of the reference, and the fake tells Entra's scope. */
function comparable(final: GoldenFinal): unknown {
  return JSON.parse(JSON.stringify(final), (key, value) => {
    if (key === "acr.microsoft.com/token.identity") return undefined;
    if (key === "arm") return String(value).split("/.default")[0];
    return value;
  });
}

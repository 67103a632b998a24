import type { TestOnApiServer } from "../../sandbox/api_server.ts";
import { BinariesError, currentSurroundings, findBinaries } from "./binaries.ts";
import { ControlPlane } from "./control_plane.ts";
import type { Tool } from "./go_build.ts";
import { needing } from "../../suites/needing.ts";

let announced = false;
let shared: Promise<ControlPlane> | undefined;
let stopRegistered = false;

/**
 * Registers a test that is handed the control plane, which the tests of one file share: started
 * by the first of them, stopped after the last. Without the binaries the test is ignored, and says
 * once how to have them. In CI that is an error.
 *
 * @throws {BinariesError} in CI, that is where CI is set, when a binary is missing.
 */
export function e2e(
  name: string,
  test: (plane: ControlPlane, context: Deno.TestContext) => void | Promise<void>,
): void {
  if (!stopRegistered) {
    stopRegistered = true;
    Deno.test.afterAll(stopShared);
  }
  Deno.test({
    ...needing(name, lackOfBinaries(["etcd", "kube-apiserver", "kubectl"])),
    // The control plane outlives the test that starts it; afterAll ends it.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async (context) => await test(await sharedControlPlane(), context),
  });
}

/** e2e() is one of the ways in which a suite for any API server can be run. */
e2e satisfies TestOnApiServer;

/**
 * Whether the binaries are there or can be built; for `ignore` of tests that need them. Says once
 * what is skipped and how to have it.
 *
 * @throws {BinariesError} in CI, where nothing may be skipped.
 */
export function haveBinaries(tools: Tool[], surroundings = currentSurroundings()): boolean {
  const found = findBinaries(tools, surroundings);
  if ("ok" in found) return true;
  if (!["", "0", "false"].includes(surroundings.env("CI") ?? "")) {
    throw new BinariesError(`End-to-end tests must run where CI is set. ${found.missing}`);
  }
  if (!announced) surroundings.print(`End-to-end tests are skipped. ${found.missing}`);
  announced = true;
  return false;
}

/** As haveBinaries(), with what is lacking: undefined where nothing is. For needing(). */
export function lackOfBinaries(
  tools: Tool[],
  surroundings = currentSurroundings(),
): string | undefined {
  if (haveBinaries(tools, surroundings)) return undefined;
  return `needs ${tools.join(", ")}: put Go on PATH, or set KUBEBUILDER_ASSETS`;
}

/** The control plane of this test file. */
function sharedControlPlane(): Promise<ControlPlane> {
  shared ??= ControlPlane.start();
  return shared;
}

async function stopShared(): Promise<void> {
  const plane = await shared?.catch(() => undefined); // Each test has already failed with the reason.
  await plane?.stop();
}

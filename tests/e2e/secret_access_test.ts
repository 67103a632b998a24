import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { secretAccessSuite } from "../suites/secret_access.ts";
import type { ControlPlane } from "./servers/control_plane.ts";
import { deployTo } from "./servers/deploy_task.ts";
import { eventually } from "../suites/eventually.ts";
import { e2e } from "./servers/gate.ts";
import { kubectl } from "./servers/kubectl.ts";
import { OPERATOR } from "./servers/manifests.ts";

let installed: Promise<void> | undefined;

/** The operator as its own account, which may neither list nor watch Secrets. */
const withoutList: TestOnApiServer = (name, test) =>
  e2e(name, async (plane, context) => {
    await (installed ??= install(plane));
    await test(plane, context);
  });

async function install(plane: ControlPlane): Promise<void> {
  const { code, stderr } = await deployTo(plane, ["--apply", "--secret-access=get"]);
  assert.equal(code, 0, stderr);
  await eventually("the operator may get Secrets", async () => {
    return await may(plane, "get") === "yes" || undefined;
  });
}

async function may(plane: ControlPlane, verb: string): Promise<string> {
  const { user } = OPERATOR;
  const { stdout } = await kubectl(plane, ["auth", "can-i", verb, "secrets", "-A"], { user });
  return stdout.trim();
}

secretAccessSuite(withoutList, { user: OPERATOR.user });

e2e("--secret-access=get takes away the right to list and watch Secrets", async (plane) => {
  await (installed ??= install(plane));
  const answers = await Promise.all(
    ["get", "create", "patch", "delete", "list", "watch"].map((verb) => may(plane, verb)),
  );
  assert.deepEqual(answers, ["yes", "yes", "yes", "yes", "no", "no"]);
});

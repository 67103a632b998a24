import type { ApiServer, TestOnApiServer } from "../sandbox/api_server.ts";
import { v1beta1BehaviourSuite } from "../suites/behaviour.ts";
import { goldenSuite } from "../suites/golden.ts";
import { kubectlSuite } from "../suites/kubectl.ts";
import { processSuite } from "../suites/process.ts";
import { e2e } from "./servers/gate.ts";
import { installCrds, installRbac, OPERATOR } from "./servers/manifests.ts";

let installed: Promise<void> | undefined;

/** The operator as its own ServiceAccount, with no more rights than deploy/rbac gives. */
const asOperator: TestOnApiServer = (name, test) =>
  e2e(name, async (plane, context) => {
    await (installed ??= install(plane));
    await test(plane, context);
  });

async function install(api: ApiServer): Promise<void> {
  await installCrds(api);
  await installRbac(api);
}

goldenSuite(asOperator, "v1-", { user: OPERATOR.user });
v1beta1BehaviourSuite(asOperator, { user: OPERATOR.user });
kubectlSuite(asOperator, { user: OPERATOR.user });
processSuite(asOperator, { user: OPERATOR.user });

import type { ApiServer, TestOnApiServer } from "../../sandbox/api_server.ts";
import { eventually } from "../../suites/eventually.ts";
import { e2e } from "./gate.ts";
import { kubectlOk } from "./kubectl.ts";
import { installCrds, installRbac } from "./manifests.ts";
import { createToken } from "./policies.ts";

let installed: Promise<void> | undefined;

/** As e2e(), with the CRDs and the operator's own rights installed: no more than deploy gives it. */
export const asOperator: TestOnApiServer = (
  name: string,
  test: Parameters<TestOnApiServer>[1],
): void =>
  e2e(name, async (plane, context) => {
    await (installed ??= install(plane));
    await test(plane, context);
  });

let anyAudience: Promise<void> | undefined;

/** As asOperator(), for tests that start the operator with another audience than the policy's. */
export const asOperatorOfAnyAudience: TestOnApiServer = (
  name: string,
  test: Parameters<TestOnApiServer>[1],
): void =>
  asOperator(name, async (plane, context) => {
    await (anyAudience ??= allowAnyAudience(plane));
    await test(plane, context);
  });

async function allowAnyAudience(plane: ApiServer): Promise<void> {
  await kubectlOk(plane, [
    "delete",
    "validatingadmissionpolicybinding",
    "msi-acrpull-token-requests",
  ]);
  const namespace = await plane.createNamespace();
  await kubectlOk(plane, ["create", "serviceaccount", "probe", "-n", namespace]);
  await eventually("the operator may mint for another audience", async () => {
    const { code } = await createToken(plane, namespace, "probe", ["api://elsewhere"]);
    return code === 0 || undefined;
  });
}

async function install(api: ApiServer): Promise<void> {
  await installCrds(api);
  await installRbac(api);
}

import type { ApiServer, TestOnApiServer } from "../../sandbox/api_server.ts";
import { e2e } from "./gate.ts";
import { installCrds, installRbac } from "./manifests.ts";

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

async function install(api: ApiServer): Promise<void> {
  await installCrds(api);
  await installRbac(api);
}

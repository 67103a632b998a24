import { goldenSuite } from "../suites/golden.ts";
import { e2e } from "./servers/gate.ts";
import { installCrds, installRbac, OPERATOR } from "./servers/manifests.ts";

let installed: Promise<void> | undefined;

goldenSuite(
  (name, test) =>
    e2e(name, async (plane, context) => {
      await (installed ??= installCrds(plane).then(() => installRbac(plane)));
      await test(plane, context);
    }),
  "v1-",
  { user: OPERATOR.user },
);

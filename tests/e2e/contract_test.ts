import { contractSuite } from "../sandbox/kubernetes/contract/suite.ts";
import { e2e } from "./servers/gate.ts";

// What the API server in memory answers is held against the same recording in its own folder.
contractSuite((name, test) =>
  e2e(name, (plane) =>
    test({
      send: (path, init) => plane.adminFetch(path, init),
      // A real API server serves a definition a moment after it has answered for it.
      pause: () => new Promise((resolve) => setTimeout(resolve, 100)),
    }))
);

import type { ContractServer } from "./contract/suite.ts";
import { contractSuite } from "./contract/suite.ts";
import { InMemoryKubernetes } from "./server.ts";

/** Every delay passes at once: a watch ends when what it has to replay is sent. */
const impatient = {
  now: () => Date.UTC(2026, 5, 1, 12),
  after(_delayMs: number, callback: () => void) {
    const id = setTimeout(callback, 0);
    return () => clearTimeout(id);
  },
};

/** As bare as kube-apiserver alone: no controllers, no ServiceAccounts. */
function bare(api: InMemoryKubernetes): ContractServer {
  return {
    send: (path, init) => api.fetch(new Request(`http://kubernetes${path}`, init)),
    pause: () => Promise.resolve(),
  };
}

contractSuite((name, test) => {
  Deno.test(name, async () => {
    const api = new InMemoryKubernetes({
      clock: impatient,
      garbageCollector: false,
      namespaceController: false,
    });
    await test(bare(api));
    api.close();
  });
});

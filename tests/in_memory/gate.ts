import {
  type ApiServer,
  type Kubeconfig,
  kubeconfigOf,
  type TestOnApiServer,
} from "../sandbox/api_server.ts";
import { listen, type Listening } from "../sandbox/kubernetes/listen.ts";
import { InMemoryKubernetes } from "../sandbox/kubernetes/server.ts";
import { readCrds } from "../suites/crds.ts";

/** Registers a test that is handed an in-memory API server of its own, with both CRDs. */
export const inMemory: TestOnApiServer = (
  name: string,
  test: Parameters<TestOnApiServer>[1],
): void => {
  Deno.test(`in memory: ${name}`, async (context) => {
    const api = new InMemoryApiServer(new InMemoryKubernetes({ crds: readCrds() }));
    try {
      await test(api, context);
    } finally {
      await api.stop();
    }
    api.kubernetes.assertNoUnexpected();
  });
};

/** The in-memory API server behind a socket. */
export class InMemoryApiServer implements ApiServer {
  readonly name = "in-memory";
  readonly kubernetes: InMemoryKubernetes;
  readonly #listening: Listening;
  #namespaces = 0;

  constructor(kubernetes: InMemoryKubernetes) {
    this.kubernetes = kubernetes;
    this.#listening = listen(kubernetes);
  }

  get url(): string {
    return this.#listening.url;
  }

  kubeconfig(): Promise<Kubeconfig> {
    return Promise.resolve(kubeconfigOf(this.name, { server: this.url }, {}));
  }

  createNamespace(): Promise<string> {
    const name = `test-${++this.#namespaces}`;
    this.kubernetes.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    return Promise.resolve(name);
  }

  stop(): Promise<void> {
    return this.#listening.close();
  }
}

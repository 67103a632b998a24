import { resolveCluster } from "../../src/kubernetes/config/resolve.ts";
import { FetchRestClient } from "../../src/kubernetes/http/transport.ts";
import { type Clock, sleep } from "../../src/runtime/time/clock.ts";
import { listen } from "../sandbox/kubernetes/listen.ts";
import { InMemoryKubernetes } from "../sandbox/kubernetes/server.ts";
import { type Endpoint, kubectlLines } from "./endpoint.ts";
import { NAMESPACE } from "./installation.ts";

const HOST = "127.0.0.1";
/** Longer than this no client that lingers may hold up the end. */
const CLOSE_MS = 1_000;

/**
 * An API server in memory, behind a socket on a free loopback port, with a kubeconfig file in a new
 * directory under `build`. `directory` is where the user is. Disposing ends the server and removes the directory.
 */
export async function openInMemory(
  build: string,
  clock: Clock,
  directory: string,
): Promise<Endpoint> {
  bypassProxies();
  await using resources = new AsyncDisposableStack();
  const api = new InMemoryKubernetes({ clock, autoServiceAccount: true });
  const server = listen(api);
  resources.defer(async () => {
    const patience = new AbortController();
    const enough = sleep(clock, CLOSE_MS, patience.signal).catch(() => {}); // Closed in time.
    await Promise.race([server.close(), enough]);
    patience.abort();
  });
  const path = `${await makeDirectory(build, resources)}/kubeconfig`;
  const text = server.kubeconfig({ namespace: NAMESPACE });
  await Deno.writeTextFile(path, text, { mode: 0o600 });
  const config = await resolveCluster({ kubeconfig: path });
  const owned = resources.move();
  return {
    title: `in-memory API server at ${server.url}`,
    kubectl: kubectlLines({ kubeconfig: path, directory }),
    shared: false,
    connect: () => new FetchRestClient({ config, fetch, clock, userAgent: "msi-acrpull-demo" }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function makeDirectory(build: string, resources: AsyncDisposableStack): Promise<string> {
  await Deno.mkdir(build, { recursive: true });
  const directory = await Deno.makeTempDir({ dir: build, prefix: "demo-" });
  resources.defer(() => Deno.remove(directory, { recursive: true }));
  return directory;
}

/** fetch would send even loopback through the proxy of the environment. */
function bypassProxies(): void {
  const current = Deno.env.get("NO_PROXY") || Deno.env.get("no_proxy");
  Deno.env.set("NO_PROXY", current ? `${current},${HOST}` : HOST);
}

/**
 * What no_proxy_test.ts runs in a network of its own. It refuses to start anywhere else.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../../src/runtime/time/clock.ts";
import { FakeAzure } from "../../sandbox/azure/azure.ts";
import { InMemoryKubernetes } from "../../sandbox/kubernetes/server.ts";
import { ClusterAdmin, connect } from "../../suites/cluster_admin.ts";
import { readCrds } from "../../suites/crds.ts";
import { OperatorProcess } from "../../suites/operator_process.ts";
import { TcpRelay } from "../../suites/tcp_relay.ts";
import { federatedBy, WORKLOAD_IDENTITY } from "../../suites/v1beta2_objects.ts";
import { InMemoryApiServer } from "../gate.ts";
import { azureNode } from "./node.ts";

const ENTRA = "login.microsoftonline.com";
const REGISTRY = "example.azurecr.io";
const QUIET = ["--metrics-bind-address=0", "--health-probe-bind-address=0"];

/** What Deno itself would take for other hosts, or for none. */
const CASES: readonly [noProxy: string, direct: readonly string[]][] = [
  ["127.0.0.1, *.AzureCR.io:443", [REGISTRY]],
  ["127.0.0.1, .azurecr.io:5000, LOGIN.microsoftonline.com", [ENTRA]],
  ["127.0.0.1,*", [ENTRA, REGISTRY]],
  ["127.0.0.0/8", []],
];

Deno.test("NO_PROXY", async (context) => {
  const azure = new FakeAzure({ clock: systemClock, registries: [REGISTRY] });
  await using node = await azureNode(azure);
  await using proxied = await azure.listen();
  const accepted = () => [ENTRA, REGISTRY].map((host) => node.relays.get(host)!.accepted);
  for (const [noProxy, direct] of CASES) {
    await context.step(`NO_PROXY=${noProxy}`, async () => {
      const api = new InMemoryApiServer(new InMemoryKubernetes({ crds: readCrds() }));
      using rest = await connect(api);
      const admin = new ClusterAdmin(rest, await api.createNamespace());
      const metadata = { name: "default", annotations: WORKLOAD_IDENTITY };
      await admin.create({ apiVersion: "v1", kind: "ServiceAccount", metadata });
      await admin.create({
        apiVersion: "acrpull.microsoft.com/v1beta2",
        kind: "AcrPullBinding",
        metadata: { name: "pull" },
        spec: {
          ...federatedBy("default"),
          acr: { server: REGISTRY, scope: "repository:app:pull", environment: "PublicCloud" },
        },
      });
      await using proxy = new TcpRelay(Number(new URL(proxied.proxyUrl).port));
      const before = accepted();
      await using operator = await OperatorProcess.start(api, {
        // The proxy's hosts are signed for by an authority of its own.
        front: {
          imdsUrl: "http://169.254.169.254",
          caPem: `${proxied.caPem}\n${node.caPem}`,
          env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: noProxy },
        },
        args: QUIET,
      });
      await operator.logs('"ready":"True"').catch((error) => {
        throw new Error(`${error.message}\n${operator.log}`);
      });
      const called = [ENTRA, REGISTRY].filter((_, index) => accepted()[index]! > before[index]!);
      assert.deepEqual(called, direct);
      assert.equal(proxy.accepted > 0, direct.length < 2, `${proxy.accepted} through the proxy`);
      assert.equal((await operator.end()).code, 0);
      await api.stop();
    });
  }
  azure.assertClean();
});

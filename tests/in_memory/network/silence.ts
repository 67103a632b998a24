/**
 * What silence_test.ts runs in a network of its own. It refuses to start anywhere else.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../../src/runtime/time/clock.ts";
import { readCrds } from "../../suites/crds.ts";
import { FakeAzure } from "../../sandbox/azure/azure.ts";
import type { Front } from "../../sandbox/azure/front.ts";
import { InMemoryKubernetes } from "../../sandbox/kubernetes/server.ts";
import { type AnyObject, ClusterAdmin, connect } from "../../suites/cluster_admin.ts";
import { eventually } from "../../suites/eventually.ts";
import { OperatorProcess } from "../../suites/operator_process.ts";
import { TcpRelay } from "../../suites/tcp_relay.ts";
import { specWith, WORKLOAD_IDENTITY } from "../../suites/v1beta2_objects.ts";
import { InMemoryApiServer } from "../gate.ts";
import { azureNode } from "./node.ts";

const ENTRA = "login.microsoftonline.com";
const REGISTRY = "example.azurecr.io";
const FEDERATED = 40;
const OF_NODES = 8;
/** From the cut to the last binding that is ready. */
const BOUND_MS = 60_000;

const QUIET = ["--metrics-bind-address=0", "--health-probe-bind-address=0"];

/** One that is ready says so of the generation that it has. */
interface Binding extends AnyObject {
  readonly status?: { readonly conditions?: readonly { type: string; status: string }[] };
}

/** Makes accounts with bindings: as many that mint through Entra, and as many through IMDS. */
async function bind(
  admin: ClusterAdmin,
  prefix: string,
  federated: number,
  ofNodes: number,
): Promise<void> {
  for (let index = 0; index < federated + ofNodes; index++) {
    const name = `${prefix}-${index}`;
    const metadata = { name, annotations: WORKLOAD_IDENTITY };
    await admin.create({ apiVersion: "v1", kind: "ServiceAccount", metadata });
    const auth = index < federated
      ? { workloadIdentity: { serviceAccountRef: name } }
      : { managedIdentity: { clientID: crypto.randomUUID() } };
    await admin.create({
      apiVersion: "acrpull.microsoft.com/v1beta2",
      kind: "AcrPullBinding",
      metadata: { name },
      spec: specWith({ acr: { server: REGISTRY }, auth, serviceAccountName: name }),
    });
  }
}

async function ready(admin: ClusterAdmin, count: number, boundMs: number): Promise<void> {
  await eventually(`${count} bindings are ready`, async () => {
    const bindings = await admin.bindings() as readonly Binding[];
    const those = bindings.filter(({ status }) =>
      status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
    );
    return those.length === count || undefined;
  }, boundMs);
}

/** Every connection to Azure of now goes silent. */
type Cut = () => void;

/** Bindings made before, at and after a cut are ready in time, with the operator in `operator`. */
async function checkCuts(
  azure: FakeAzure,
  admin: ClusterAdmin,
  operator: OperatorProcess,
  cut: Cut,
): Promise<void> {
  await bind(admin, "before", 2, 2);
  await ready(admin, 4, BOUND_MS).catch((error) => {
    throw new Error(`${error.message}\n${operator.log}`);
  });
  cut();
  const cutAt = performance.now();
  await bind(admin, "after", FEDERATED, OF_NODES);
  await ready(admin, 4 + FEDERATED + OF_NODES, BOUND_MS - (performance.now() - cutAt));
  // Calls are under way at each of the three services.
  Object.assign(azure.latencyMs, { imds: 500, entra: 500, acr: 500 });
  const before = azure.counts();
  await bind(admin, "meanwhile", FEDERATED, OF_NODES);
  await eventually("calls are under way", () => {
    const { imds, entra, exchange } = azure.counts();
    const begun = imds > before.imds && entra > before.entra && exchange > before.exchange;
    return begun || undefined;
  });
  cut();
  await ready(admin, 4 + 2 * (FEDERATED + OF_NODES), BOUND_MS);
  Object.assign(azure.latencyMs, { imds: 0, entra: 0, acr: 0 });
  azure.assertClean();
}

Deno.test("bindings are ready within a minute of their connections' silence", async (context) => {
  const azure = new FakeAzure({ clock: systemClock, registries: [REGISTRY] });
  await using node = await azureNode(azure);
  const api = new InMemoryApiServer(new InMemoryKubernetes({ crds: readCrds() }));
  using rest = await connect(api);
  await context.step("directly", async () => {
    const admin = new ClusterAdmin(rest, await api.createNamespace());
    const front: Pick<Front, "imdsUrl" | "caPem" | "env"> = {
      imdsUrl: "http://169.254.169.254",
      caPem: node.caPem,
      env: {},
    };
    await using operator = await OperatorProcess.start(api, { front, args: QUIET });
    await checkCuts(azure, admin, operator, () => node.relays.forEach((relay) => relay.silence()));
    // One connection before each cut, and few after it: each may be raced for by calls at once.
    for (const host of [ENTRA, REGISTRY]) {
      const { accepted } = node.relays.get(host)!;
      assert.ok(accepted >= 3, `${host}: ${accepted} connections`);
    }
    assert.equal((await operator.end()).code, 0);
  });
  await context.step("by way of a proxy", async () => {
    const admin = new ClusterAdmin(rest, await api.createNamespace());
    await using proxied = await azure.listen();
    await using relay = new TcpRelay(Number(new URL(proxied.proxyUrl).port));
    const front = {
      ...proxied,
      imdsUrl: "http://169.254.169.254",
      env: { HTTPS_PROXY: `http://127.0.0.1:${relay.port}`, NO_PROXY: "127.0.0.1" },
    };
    await using operator = await OperatorProcess.start(api, {
      front,
      args: QUIET,
    });
    await checkCuts(azure, admin, operator, () => {
      relay.silence();
      node.relays.forEach((relay) => relay.silence());
    });
    assert.ok(relay.accepted >= 6, `${relay.accepted} connections`);
    assert.equal((await operator.end()).code, 0);
  });
  await api.stop();
});

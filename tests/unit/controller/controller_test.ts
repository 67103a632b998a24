import assert from "node:assert/strict";
import { Controller } from "../../../src/controller/controller.ts";
import type { ReconcileReport } from "../../../src/controller/report.ts";
import { Breather } from "../../../src/runtime/time/breather.ts";
import { Redacted } from "../../../src/runtime/masking/redacted.ts";
import { encodeJwt } from "../../sandbox/azure/jwt.ts";
import { InMemoryKubernetes } from "../../sandbox/kubernetes/server.ts";
import { FakeTime } from "../kubernetes/fake_time.ts";
import { CLIENT_ID, HOUR, SECOND, SERVER, SETTINGS } from "./builders.ts";
import { LargeObjects } from "../../../src/kubernetes/http/large_objects.ts";
import { restOver } from "./rest.ts";
import { NAMESPACE, V1 } from "./rig.ts";

const CRD = Deno.readTextFileSync(
  new URL("../../../deploy/crds/msi-acrpull.microsoft.com_acrpullbindings.yaml", import.meta.url),
);
const NAMES = ["one", "two", "three"];

function controllerOver(
  kube: InMemoryKubernetes,
  { clock }: FakeTime,
  report: Partial<ReconcileReport>,
  largeObjects = new LargeObjects(() => clock.now()),
): Controller {
  const silent = () => {};
  return new Controller({
    rest: restOver((request) => kube.fetch(request), clock),
    credentials: {
      mint: () => {
        const mintedAt = clock.now();
        const expiresAt = mintedAt + HOUR;
        const claims = { aud: SERVER, iat: mintedAt / 1000, exp: expiresAt / 1000 };
        return Promise.resolve({ password: new Redacted(encodeJwt(claims)), mintedAt, expiresAt });
      },
    },
    settings: SETTINGS,
    labelSelector: "",
    clock,
    monotonic: () => 0,
    random: () => 0.5,
    breather: new Breather({ clock, monotonic: () => 0 }),
    largeObjects,
    report: new Proxy(report, {
      get: (target, name) => Reflect.get(target, name) ?? silent,
    }) as unknown as ReconcileReport,
    informerReport: () => ({}),
    onSilent: silent,
  });
}

Deno.test("controller: one binding at which the operator goes wrong ends nothing for the others", async () => {
  const time = new FakeTime();
  const { clock } = time;
  const kube = new InMemoryKubernetes({ clock, crds: [CRD], namespaces: [NAMESPACE] });
  kube.apply({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace: NAMESPACE },
  });
  for (const name of NAMES) {
    kube.apply({
      ...V1,
      metadata: { name, namespace: NAMESPACE },
      spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID },
    });
  }
  const broke: string[] = [];
  const controller = controllerOver(kube, time, { broke: ({ name }) => broke.push(name) });
  const snapshot = controller.cluster.snapshot.bind(controller.cluster);
  controller.cluster.snapshot = (id) => {
    if (id.name === "two") throw new TypeError("a mistake");
    return snapshot(id);
  };
  const stop = new AbortController();
  const watching = controller.watch(stop.signal);
  const leading = controller.lead(stop.signal);
  const reasons = () =>
    NAMES.map((name) => {
      const { status } = kube.get(V1, NAMESPACE, name) as {
        status?: { conditions?: { reason: string }[] };
      };
      return status?.conditions?.[0]?.reason;
    });
  const wanted = ["CredentialAttached", "InternalError", "CredentialAttached"];
  await time.waitFor(() => reasons().join() === wanted.join(), 10 * SECOND);
  assert.deepEqual(reasons(), wanted);
  await time.pass(10 * SECOND);
  assert.ok(broke.length > 1, "it is tried again");
  stop.abort();
  await Promise.all([watching, leading]);
  kube.close();
});

Deno.test("controller: of each resource that it follows, what is large has few requests under way", async () => {
  const time = new FakeTime();
  const kube = new InMemoryKubernetes({ clock: time.clock, crds: [CRD], namespaces: [NAMESPACE] });
  const annotations = { note: "x".repeat(100_000) };
  const metadata = { name: "large", namespace: NAMESPACE, annotations };
  kube.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
  kube.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "filled",
      namespace: NAMESPACE,
      labels: { "acr.microsoft.com/binding": "b" },
    },
    data: { ".dockerconfigjson": "e30=", junk: "e30=" },
  });
  kube.apply({ ...V1, metadata, spec: { acrServer: SERVER, managedIdentityClientID: CLIENT_ID } });
  const large = new Set<string>();
  const largeObjects = new LargeObjects(() => time.clock.now());
  const note = largeObjects.note.bind(largeObjects);
  largeObjects.note = (path, isLarge) => {
    if (isLarge) large.add(path.split("/").slice(-2).join("/"));
    note(path, isLarge);
  };
  const controller = controllerOver(kube, time, {}, largeObjects);
  const stop = new AbortController();
  const watching = controller.watch(stop.signal);
  const wanted = ["acrpullbindings/large", "secrets/filled", "serviceaccounts/large"];
  await time.waitFor(() => large.size === wanted.length, 10 * SECOND);
  assert.deepEqual([...large].sort(), wanted);
  stop.abort();
  await watching;
  kube.close();
});

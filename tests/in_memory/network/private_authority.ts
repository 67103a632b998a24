/**
 * What private_authority_test.ts runs in a network of its own. It refuses to start anywhere else.
 */
import assert from "node:assert/strict";
import { systemClock } from "../../../src/runtime/time/clock.ts";
import { CA_BUNDLE_DIRECTORY } from "../../../src/cli/operator/ca_bundle.ts";
import { CertificateAuthority } from "../../sandbox/azure/certificates.ts";
import { FakeAzure } from "../../sandbox/azure/azure.ts";
import { InMemoryKubernetes } from "../../sandbox/kubernetes/server.ts";
import { type AnyObject, ClusterAdmin, connect } from "../../suites/cluster_admin.ts";
import { readCrds } from "../../suites/crds.ts";
import { eventually } from "../../suites/eventually.ts";
import { OperatorProcess } from "../../suites/operator_process.ts";
import { specWith } from "../../suites/v1beta2_objects.ts";
import { InMemoryApiServer } from "../gate.ts";
import { azureNode } from "./node.ts";

const REGISTRY = "example.azurecr.io";
const QUIET = ["--metrics-bind-address=0", "--health-probe-bind-address=0"];
const FLAG = `--azure-ca-bundle=${CA_BUNDLE_DIRECTORY}/ca.crt`;

const MOMENT = `${CA_BUNDLE_DIRECTORY}/..2026_01_01`;

type Binding = AnyObject & {
  readonly status?: {
    readonly error?: string;
    readonly conditions?: readonly { type: string; status: string; reason: string }[];
  };
};

async function ready(admin: ClusterAdmin, status: "True" | "False") {
  return await eventually(`Ready is ${status}`, async () => {
    const [binding] = await admin.bindings() as readonly Binding[];
    const condition = binding?.status?.conditions?.find(({ type }) => type === "Ready");
    if (condition?.status !== status) return undefined;
    return { reason: condition.reason, error: binding!.status!.error ?? "" };
  }, 30_000);
}

/** As the kubelet lays out a ConfigMap: each file is a link through `..data`. */
async function mountBundle(text: string): Promise<void> {
  await Deno.mkdir(MOMENT, { recursive: true });
  await Deno.writeTextFile(`${MOMENT}/ca.crt`, text);
  await Deno.symlink("..2026_01_01", `${CA_BUNDLE_DIRECTORY}/..data`);
  await Deno.symlink("..data/ca.crt", `${CA_BUNDLE_DIRECTORY}/ca.crt`);
}

Deno.test("a private authority", async (context) => {
  const azure = new FakeAzure({ clock: systemClock, registries: [REGISTRY] });
  await using node = await azureNode(azure);
  const api = new InMemoryApiServer(new InMemoryKubernetes({ crds: readCrds() }));
  using rest = await connect(api);
  const admin = new ClusterAdmin(rest, await api.createNamespace());
  await admin.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } });
  await admin.create({
    apiVersion: "acrpull.microsoft.com/v1beta2",
    kind: "AcrPullBinding",
    metadata: { name: "pull" },
    spec: specWith({ acr: { server: REGISTRY } }),
  });
  await context.step("without a bundle the binding says what would help", async () => {
    await using operator = await OperatorProcess.start(api, { args: QUIET });
    assert.deepEqual(await ready(admin, "False"), {
      reason: "CertificateNotTrusted",
      error:
        `The certificate of ${REGISTRY} is from an authority that is not trusted. If that is ` +
        "an authority of your own, or of TLS inspection, have --azure-ca-bundle name its " +
        "certificate, and those of authorities between that the host does not send.",
    });
    await operator.logs(
      '"cause":"client error (Connect): invalid peer certificate: UnknownIssuer"',
    );
  });
  await context.step(
    "a bundle that is missing or bad keeps the operator from starting",
    async () => {
      await using missing = await OperatorProcess.start(api, { args: [...QUIET, FLAG] });
      assert.equal(await missing.ended(), 2);
      assert.match(await missing.wholeLog(), /^--azure-ca-bundle=.* does not exist; mount the/);
      const elsewhere = "--azure-ca-bundle=/etc/hosts";
      await using outside = await OperatorProcess.start(api, { args: [...QUIET, elsewhere] });
      assert.equal(await outside.ended(), 2);
      assert.match(await outside.wholeLog(), /may not be read by this executable; mount it in the/);
    },
  );
  await context.step("a bundle that lacks the authority is told of as such", async () => {
    await mountBundle((await CertificateAuthority.create(Date.now())).pem);
    await using _ = await OperatorProcess.start(api, { args: [...QUIET, FLAG] });
    await eventually("the remedy speaks of the bundle", async () => {
      const { error } = await ready(admin, "False");
      return error.includes(" The bundle of --azure-ca-bundle lacks it: add ") || undefined;
    }, 30_000);
  });
  await context.step(
    "with it the binding becomes ready, by the executable's permissions",
    async () => {
      await Deno.writeTextFile(`${MOMENT}/ca.crt`, node.caPem);
      await using operator = await OperatorProcess.start(api, { args: [...QUIET, FLAG] });
      await ready(admin, "True");
      assert.equal((await operator.end()).code, 0);
    },
  );
  azure.assertClean();
  await api.stop();
});

import assert from "node:assert/strict";
import type { TestOnApiServer } from "../sandbox/api_server.ts";
import { kubectl, kubectlOk } from "../e2e/servers/kubectl.ts";
import { OperatorRig, type RigOptions } from "./operator_rig.ts";
import { CLIENT_ID, V1 } from "./v1beta1_objects.ts";

const BINDING = `
apiVersion: msi-acrpull.microsoft.com/v1beta1
kind: AcrPullBinding
metadata:
  name: pull
spec:
  acrServer: bench.azurecr.io
  scope: repository:app:pull
  managedIdentityClientID: ${CLIENT_ID}
  serviceAccountName: builder
`;

const SECOND = `
apiVersion: acrpull.microsoft.com/v1beta2
kind: AcrPullBinding
metadata:
  name: pull
spec:
  acr:
    server: bench.azurecr.io
    scope: repository:app:pull
    environment: PublicCloud
  auth:
    managedIdentity:
      clientID: ${CLIENT_ID}
  serviceAccountName: default
`;

const RESOURCE = "acrpullbindings.v1beta1.msi-acrpull.microsoft.com";

/** What a user does with kubectl, and what kubectl then shows. */
export function kubectlSuite(test: TestOnApiServer, options: RigOptions = {}): void {
  test("kubectl: a binding's life, by apply, wait, get, describe, patch and delete", async (api) => {
    await using rig = await OperatorRig.start(api, options);
    const { namespace } = rig.admin;
    const run = (args: string[], stdin?: string) =>
      kubectlOk(api, ["-n", namespace, ...args], stdin === undefined ? {} : { stdin });

    await run(["create", "serviceaccount", "builder"]);
    assert.equal(
      await run(["apply", "-f", "-"], BINDING),
      "acrpullbinding.msi-acrpull.microsoft.com/pull created\n",
    );
    assert.equal(
      await run(["wait", "--for=condition=Ready", "--timeout=20s", RESOURCE, "pull"]),
      "acrpullbinding.msi-acrpull.microsoft.com/pull condition met\n",
    );
    assert.deepEqual(rows(await run(["get", RESOURCE])), [
      ["NAME", "SERVER", "TARGET", "READY", "EXPIRATION", "ERROR"],
      ["pull", "bench.azurecr.io", "builder", "True", "TIME", ""],
    ]);
    assert.deepEqual(rows(await run(["get", RESOURCE, "-o", "wide"])), [
      ["NAME", "SERVER", "SCOPE", "TARGET", "READY", "LAST REFRESH", "EXPIRATION", "ERROR"],
      ["pull", "bench.azurecr.io", "repository:app:pull", "builder", "True", "AGE", "TIME", ""],
    ]);
    const described = await run(["describe", RESOURCE, "pull"]);
    assert.match(described, /Reason: +CredentialAttached\n/);
    assert.match(
      described,
      /Message: +Secret pull-msi-acrpull-secret is attached to service account/,
    );
    assert.deepEqual(rows(await run(["get", "secret"])), [
      ["NAME", "TYPE", "DATA", "AGE"],
      ["pull-msi-acrpull-secret", "kubernetes.io/dockerconfigjson", "1", "AGE"],
    ]);

    const wrong = '{"spec":{"acrServer":"https://bench.azurecr.io"}}';
    await run(["patch", RESOURCE, "pull", "--type=merge", "-p", wrong]);
    await run(["wait", "--for=condition=Stalled", "--timeout=20s", RESOURCE, "pull"]);
    // The credential that is attached still serves.
    assert.match(
      await run(["get", RESOURCE]),
      /True .*spec\.acrServer "https:.* carries a scheme/,
    );

    await run(["delete", RESOURCE, "pull", "--timeout=20s"]);
    assert.equal(await run(["get", "secret", "-o", "name"]), "");
    assert.equal(
      await run(["get", "serviceaccount", "builder", "-o", "jsonpath={.imagePullSecrets}"]),
      "",
    );
  });

  test("kubectl: get --watch shows a binding becoming ready and going", async (api) => {
    await using rig = await OperatorRig.start(api, options);
    const { namespace } = rig.admin;
    const v1 = new V1(rig);
    await v1.createAccount("default");
    let watched = false;
    const watching = kubectl(api, [
      "-n",
      namespace,
      "get",
      RESOURCE,
      "--watch",
      "--request-timeout=3s",
    ]).finally(() => watched = true);
    // kubectl does not say when its watch has begun; sooner or later a binding's life falls into it.
    while (!watched) {
      await v1.createBinding();
      await v1.ready();
      await v1.deleteBinding();
      await v1.gone();
    }
    const shown = (await watching).stdout;
    assert.match(shown, /^NAME +SERVER +TARGET +READY +EXPIRATION +ERROR\n/);
    assert.match(shown, /\npull +bench\.azurecr\.io +True +\d{4}-\d\d-\d\dT\S+Z *\n/);
  });

  test("kubectl: each API goes by short names of its own, of which kubectl warns nobody", async (api) => {
    const resources = await kubectlOk(api, ["api-resources", "--no-headers"]);
    const bindings = resources.split("\n")
      .map((line) => line.split(/ +/))
      .filter(([name]) => name === "acrpullbindings");
    assert.deepEqual(bindings.map((row) => row.slice(0, 3)).sort(), [
      ["acrpullbindings", "apb,apbs", "acrpull.microsoft.com/v1beta2"],
      ["acrpullbindings", "msiapb,msiapbs", "msi-acrpull.microsoft.com/v1beta1"],
    ]);
    const groups = {
      apb: "acrpull.microsoft.com",
      apbs: "acrpull.microsoft.com",
      msiapb: "msi-acrpull.microsoft.com",
      msiapbs: "msi-acrpull.microsoft.com",
    };
    await using rig = await OperatorRig.start(api, options);
    const inNamespace = ["-n", rig.admin.namespace];
    const v1 = new V1(rig);
    await v1.establish();
    await kubectlOk(api, [...inNamespace, "apply", "-f", "-"], { stdin: SECOND });
    for (const [name, group] of Object.entries(groups)) {
      const { stdout, stderr } = await kubectl(api, [...inNamespace, "get", name, "-o", "name"]);
      assert.equal(stderr, "");
      assert.match(stdout, new RegExp(`^acrpullbinding\\.${RegExp.escape(group)}/pull\n$`));
    }
  });
}

/** Cells of a table, by its columns, with times and ages made comparable. */
function rows(table: string): string[][] {
  const lines = table.trimEnd().split("\n");
  const starts = [...lines[0]!.matchAll(/\S+(?: \S+)*/g)].map((match) => match.index);
  return lines.map((line) =>
    starts.map((start, index) => comparable(line.slice(start, starts[index + 1]).trim()))
  );
}

function comparable(cell: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(cell)) return "TIME";
  return /^\d+[smh](\d+s)?$/.test(cell) ? "AGE" : cell;
}

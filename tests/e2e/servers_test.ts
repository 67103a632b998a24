import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { kubeconfigOf } from "../sandbox/api_server.ts";
import { ControlPlane } from "./servers/control_plane.ts";
import { e2e, lackOfBinaries } from "./servers/gate.ts";
import { readGoModule } from "./servers/go_build.ts";
import { SERVICE_ACCOUNT_ISSUER } from "./servers/kube_apiserver.ts";
import { kubectl, kubectlOk } from "./servers/kubectl.ts";
import { allow, installCrds } from "./servers/manifests.ts";
import { needing } from "../suites/needing.ts";

const MODULE = fileURLToPath(new URL(".", import.meta.url));

const BINDINGS = `
apiVersion: msi-acrpull.microsoft.com/v1beta1
kind: AcrPullBinding
metadata: { name: first }
spec: { acrServer: registry.azurecr.io }
---
apiVersion: acrpull.microsoft.com/v1beta2
kind: AcrPullBinding
metadata: { name: second }
spec:
  acr: { server: registry.azurecr.io, scope: "repository:app:pull" }
  auth: { managedIdentity: { clientID: 1b461305-28be-5271-beda-bd9fd2e24251 } }
  serviceAccountName: default
`;

async function createServiceAccount(plane: ControlPlane, name: string): Promise<string> {
  const namespace = await plane.createNamespace();
  await kubectlOk(plane, ["create", "serviceaccount", name, "--namespace", namespace]);
  return namespace;
}

e2e("the API server is of the version that go.mod pins", async (plane) => {
  const version = JSON.parse(await kubectlOk(plane, ["version", "--output=json"]));
  if (Deno.env.get("KUBEBUILDER_ASSETS")) {
    assert.match(version.serverVersion.gitVersion, /^v1\.\d+\.\d+/);
  } else {
    assert.equal(version.serverVersion.gitVersion, readGoModule(MODULE).kubernetes);
  }
});

e2e("a request without credentials is refused, on health endpoints too", async (plane) => {
  using client = Deno.createHttpClient({ caCerts: [plane.caPem] });
  for (const path of ["/healthz", "/version", "/api/v1/namespaces"]) {
    const response = await fetch(`${plane.url}${path}`, { client });
    await response.body?.cancel();
    assert.equal(response.status, 401, path);
  }
});

e2e("a user may do what a rule grants, and nothing before that", async (plane) => {
  const namespace = await plane.createNamespace();
  const list = () => kubectl(plane, ["get", "secrets", "-n", namespace], { user: "jane" });
  const refused = await list();
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /Forbidden.*User "jane" cannot list resource "secrets"/);
  await allow(plane, "jane", "list", "secrets", namespace);
  assert.deepEqual(await list(), {
    code: 0,
    stdout: "",
    stderr: `No resources found in ${namespace} namespace.\n`,
  });
});

e2e("groups come from the client certificate", async (plane) => {
  const { value } = await plane.kubeconfigFor("jane", ["system:masters"]);
  const asJane = { kubeconfig: () => Promise.resolve(value) };
  const review = JSON.parse(await kubectlOk(asJane, ["auth", "whoami", "--output=json"]));
  assert.equal(review.status.userInfo.username, "jane");
  assert.deepEqual(review.status.userInfo.groups, ["system:masters", "system:authenticated"]);
});

e2e("a ServiceAccount is known by the token of its kubeconfig", async (plane) => {
  const namespace = await createServiceAccount(plane, "puller");
  const user = `system:serviceaccount:${namespace}:puller`;
  const review = await kubectlOk(plane, ["auth", "whoami", "--output=json"], { user });
  assert.equal(JSON.parse(review).status.userInfo.username, user);
});

e2e("a ServiceAccount's directory is laid out as in a Pod", async (plane) => {
  const namespace = await createServiceAccount(plane, "puller");
  const access = await plane.serviceAccountKubeconfig(namespace, "puller");
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = access.environment;
  assert.equal(`https://${host}:${port}`, plane.url);
  assert.equal(await Deno.readTextFile(`${access.directory}/namespace`), namespace);
  assert.equal(await Deno.readTextFile(`${access.directory}/ca.crt`), plane.caPem);
  const token = await Deno.readTextFile(`${access.directory}/token`);
  const claims = JSON.parse(atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
  assert.equal(claims.iss, SERVICE_ACCOUNT_ISSUER);
  assert.equal(claims.sub, `system:serviceaccount:${namespace}:puller`);
  assert.equal(claims.exp - claims.iat, 3600);
  assert.deepEqual(
    access.kubeconfig.value,
    kubeconfigOf(
      "puller",
      plane.adminKubeconfig.value.clusters[0]!.cluster,
      { tokenFile: `${access.directory}/token` },
      namespace,
    ),
  );
});

e2e("a namespace starts without a ServiceAccount", async (plane) => {
  const namespace = await plane.createNamespace();
  const accounts = await kubectlOk(plane, ["get", "serviceaccounts", "-n", namespace, "-o=name"]);
  assert.equal(accounts, "");
});

e2e(
  "both CRDs install, and take a binding that kubectl applies from standard input",
  async (plane) => {
    await installCrds(plane);
    const namespace = await plane.createNamespace();
    const applied = await kubectlOk(plane, ["apply", "-n", namespace, "-f", "-"], {
      stdin: BINDINGS,
    });
    assert.deepEqual(applied.trimEnd().split("\n"), [
      "acrpullbinding.msi-acrpull.microsoft.com/first created",
      "acrpullbinding.acrpull.microsoft.com/second created",
    ]);
  },
);

e2e("kubectl's watch ends with the signal and keeps what it saw", async (plane) => {
  const namespace = await createServiceAccount(plane, "puller");
  const result = await kubectl(
    plane,
    ["get", "serviceaccounts", "-n", namespace, "--watch", "-o=name"],
    { signal: AbortSignal.timeout(1500) },
  );
  assert.equal(result.stdout, "serviceaccount/puller\n");
  assert.notEqual(result.code, 0);
});

Deno.test({
  ...needing(
    "an API server that refuses its flags fails the start with its own words",
    lackOfBinaries(["etcd", "kube-apiserver"]),
  ),
  fn: async () => {
    await assert.rejects(ControlPlane.start({ apiserverFlags: ["--no-such-flag"] }), {
      name: "ServerError",
      message: /^kube-apiserver ended with status 1; .*unknown flag: --no-such-flag/s,
    });
  },
});

Deno.test({
  ...needing(
    "stopping ends both servers; a directory of the caller's keeps the logs",
    lackOfBinaries(["etcd", "kube-apiserver"]),
  ),
  fn: async () => {
    const dir = await Deno.makeTempDir();
    try {
      const plane = await ControlPlane.start({ dir });
      await plane.stop();
      await plane.stop();
      await assert.rejects(fetch(plane.url), TypeError);
      for (const server of ["etcd", "kube-apiserver"]) {
        assert.notEqual(await Deno.readTextFile(`${dir}/${server}.log`), "");
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});

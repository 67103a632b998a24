import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/kubernetes/config/errors.ts";
import { loadInCluster } from "../../../../src/kubernetes/config/in_cluster.ts";
import { CERTIFICATE, fakeClock, fakeSources, rejection } from "../http/transport_support.ts";

const DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";
const FILES = {
  [`${DIRECTORY}/token`]: "the-token\n",
  [`${DIRECTORY}/ca.crt`]: CERTIFICATE,
  [`${DIRECTORY}/namespace`]: "acrpull\n",
};
const ENV = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

Deno.test("a pod's configuration is read from its ServiceAccount, and nothing else is asked for", async () => {
  const sources = fakeSources({ env: ENV, files: FILES });
  const cluster = await loadInCluster(sources);
  const { authorization } = await cluster.credentials.get();
  assert.deepEqual({ ...cluster, credentials: authorization?.reveal(), tls: await cluster.tls() }, {
    origin: "in-cluster",
    server: "https://10.0.0.1:443",
    defaultNamespace: "acrpull",
    inCluster: true,
    credentials: "Bearer the-token",
    tls: { caCerts: [CERTIFICATE], caSource: `in-cluster: ${DIRECTORY}/ca.crt` },
  });
  assert.deepEqual([...new Set(sources.asked)].sort(), [
    "env KUBERNETES_SERVICE_HOST",
    "env KUBERNETES_SERVICE_PORT",
    `file ${DIRECTORY}/ca.crt`,
    `file ${DIRECTORY}/namespace`,
    `file ${DIRECTORY}/token`,
  ]);
});

const SERVERS: [name: string, env: Record<string, string>, expected: string][] = [
  ["a name", { ...ENV, KUBERNETES_SERVICE_HOST: "aks.example" }, "https://aks.example:443"],
  ["IPv6", { ...ENV, KUBERNETES_SERVICE_HOST: "fd00::1" }, "https://[fd00::1]:443"],
  [
    "the port of HTTPS where the other is not set",
    { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT_HTTPS: "6443" },
    "https://10.0.0.1:6443",
  ],
];

for (const [name, env, expected] of SERVERS) {
  Deno.test(`the server's address from ${name}`, async () => {
    assert.equal((await loadInCluster(fakeSources({ env, files: FILES }))).server, expected);
  });
}

const SANDBOXES: [name: string, net: string[], env: Record<string, string>, expected: string][] = [
  [
    "only the name in DNS",
    ["kubernetes.default.svc:443"],
    ENV,
    "https://kubernetes.default.svc:443",
  ],
  ["both", ["kubernetes.default.svc:443", "10.0.0.1:443"], ENV, "https://10.0.0.1:443"],
  [
    "the address, IPv6 with another port",
    ["[fd00::1]:6443"],
    { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "6443" },
    "https://[fd00::1]:6443",
  ],
];

for (const [name, net, env, expected] of SANDBOXES) {
  Deno.test(`the server where Deno allows connections to ${name}`, async () => {
    assert.equal((await loadInCluster(fakeSources({ env, files: FILES, net }))).server, expected);
  });
}

Deno.test("a sandbox that allows neither the address nor the name is told of at start", async () => {
  const sources = fakeSources({ env: ENV, files: FILES, net: ["kubernetes.default.svc:80"] });
  assert.equal(
    (await rejection(loadInCluster(sources))).message,
    "in-cluster: Deno allows connections neither to 10.0.0.1:443 (KUBERNETES_SERVICE_HOST) nor to " +
      "kubernetes.default.svc:443: add one of them to --allow-net",
  );
});

Deno.test("token and CA are read anew, so that what the kubelet renews counts", async () => {
  const clock = fakeClock();
  const sources = fakeSources({ env: ENV, files: { ...FILES }, clock });
  const cluster = await loadInCluster(sources);
  sources.files[`${DIRECTORY}/token`] = "renewed";
  sources.files[`${DIRECTORY}/ca.crt`] = `${CERTIFICATE}${CERTIFICATE}`;
  await clock.tick(60_000);
  assert.equal((await cluster.credentials.get()).authorization?.reveal(), "Bearer renewed");
  assert.deepEqual((await cluster.tls()).caCerts, [CERTIFICATE + CERTIFICATE]);
});

const REMEDY = "the pod must mount its ServiceAccount (automountServiceAccountToken)";
const FAULTS: {
  name: string;
  env?: Record<string, string>;
  files?: Record<string, string | Error>;
  expected: string;
}[] = [
  {
    name: "no host",
    env: {},
    expected: "in-cluster: the variable KUBERNETES_SERVICE_HOST is not set",
  },
  {
    name: "no port",
    env: { KUBERNETES_SERVICE_HOST: "10.0.0.1" },
    expected: "in-cluster: the variable KUBERNETES_SERVICE_PORT is not set",
  },
  {
    name: "a port that is none",
    env: { ...ENV, KUBERNETES_SERVICE_PORT: "tcp" },
    expected: 'in-cluster: KUBERNETES_SERVICE_HOST "10.0.0.1" and KUBERNETES_SERVICE_PORT "tcp" ' +
      "are no host and port",
  },
  {
    name: "no token mounted",
    files: { [`${DIRECTORY}/token`]: new Deno.errors.NotFound() },
    expected: `in-cluster: ${DIRECTORY}/token does not exist; ${REMEDY}`,
  },
  {
    name: "a token file that another user owns",
    files: { [`${DIRECTORY}/token`]: new Deno.errors.PermissionDenied() },
    expected: `in-cluster: ${DIRECTORY}/token may not be read by this user; ${REMEDY}`,
  },
  {
    name: "a sandbox that does not allow the file",
    files: { [`${DIRECTORY}/namespace`]: new Deno.errors.NotCapable() },
    expected: `in-cluster: ${DIRECTORY}/namespace may not be read by this process: ` +
      `add it to --allow-read; ${REMEDY}`,
  },
  {
    name: "an empty token",
    files: { [`${DIRECTORY}/token`]: "\n" },
    expected: `in-cluster: ${DIRECTORY}/token is empty; ${REMEDY}`,
  },
  {
    name: "an empty namespace",
    files: { [`${DIRECTORY}/namespace`]: "" },
    expected: `in-cluster: ${DIRECTORY}/namespace is empty; ${REMEDY}`,
  },
  {
    name: "a CA that is no PEM",
    files: { [`${DIRECTORY}/ca.crt`]: "hello" },
    expected: `in-cluster: ${DIRECTORY}/ca.crt holds no PEM certificate (-----BEGIN CERTIFICATE)`,
  },
];

for (const { name, env = ENV, files = {}, expected } of FAULTS) {
  Deno.test(`in-cluster, ${name}`, async () => {
    const sources = fakeSources({ env, files: { ...FILES, ...files } });
    const error = await rejection(loadInCluster(sources));
    assert.ok(error instanceof ConfigError);
    assert.equal(error.message, expected);
  });
}

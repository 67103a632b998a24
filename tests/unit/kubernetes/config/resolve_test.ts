import assert from "node:assert/strict";
import { ConfigError } from "../../../../src/kubernetes/config/errors.ts";
import { type ClusterChoice, resolveCluster } from "../../../../src/kubernetes/config/resolve.ts";
import { CERTIFICATE, fakeSources, rejection } from "../http/transport_support.ts";

const DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

function kubeconfig(server: string): string {
  return JSON.stringify({
    "current-context": "c",
    contexts: [
      { name: "c", context: { cluster: "k" } },
      { name: "d", context: { cluster: "k", namespace: "d" } },
    ],
    clusters: [{ name: "k", cluster: { server } }],
  });
}

const FILES = {
  "/flag": kubeconfig("https://flag"),
  "/one": kubeconfig("https://one"),
  "/two": kubeconfig("https://two"),
  "/home/ada/.kube/config": kubeconfig("https://home"),
  [`${DIRECTORY}/token`]: "t",
  [`${DIRECTORY}/ca.crt`]: CERTIFICATE,
  [`${DIRECTORY}/namespace`]: "pod",
};
const POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
const ALL = { ...POD, KUBECONFIG: "/gone::/one:/two", HOME: "/home/ada" };

const FOUND: {
  name: string;
  choice?: ClusterChoice;
  env: Record<string, string>;
  server: string;
  namespace?: string;
  asked: string[];
}[] = [
  {
    name: "the file asked for comes first",
    choice: { kubeconfig: "/flag" },
    env: ALL,
    server: "https://flag",
    asked: ["file /flag"],
  },
  {
    name: "then the files of KUBECONFIG, also in a pod",
    env: ALL,
    server: "https://one",
    asked: ["env KUBECONFIG", "file /gone", "file /one", "file /two"],
  },
  {
    name: "then the pod's ServiceAccount",
    env: { ...POD, HOME: "/home/ada" },
    server: "https://10.0.0.1:443",
    namespace: "pod",
    asked: [
      "env KUBECONFIG",
      "env KUBERNETES_SERVICE_HOST",
      "env KUBERNETES_SERVICE_PORT",
      `file ${DIRECTORY}/ca.crt`,
      `file ${DIRECTORY}/namespace`,
      `file ${DIRECTORY}/token`,
    ],
  },
  {
    name: "then the user's own file",
    env: { HOME: "/home/ada", KUBECONFIG: "" },
    server: "https://home",
    asked: [
      "env HOME",
      "env KUBECONFIG",
      "env KUBERNETES_SERVICE_HOST",
      "file /home/ada/.kube/config",
    ],
  },
  {
    name: "a context asked for passes over the pod, which has none",
    choice: { context: "d" },
    env: { ...POD, HOME: "/home/ada" },
    server: "https://home",
    namespace: "d",
    asked: ["env HOME", "env KUBECONFIG", "file /home/ada/.kube/config"],
  },
];

for (const { name, choice, env, server, namespace = "default", asked } of FOUND) {
  Deno.test(`resolveCluster: ${name}`, async () => {
    const sources = fakeSources({ env, files: FILES });
    const cluster = await resolveCluster(choice, sources);
    assert.deepEqual([cluster.server, cluster.defaultNamespace], [server, namespace]);
    assert.deepEqual([...new Set(sources.asked)].sort(), asked);
  });
}

const FAULTS: {
  name: string;
  choice?: ClusterChoice;
  env: Record<string, string>;
  files?: Record<string, string>;
  expected: string;
}[] = [
  {
    name: "nothing at all",
    env: {},
    expected:
      "no Kubernetes cluster is configured: no kubeconfig was asked for, KUBECONFIG is not " +
      "set, not in-cluster (KUBERNETES_SERVICE_HOST is not set), HOME is not set. " +
      "Set KUBECONFIG or name a kubeconfig file",
  },
  {
    name: "a home without a file",
    env: { HOME: "/home/bob" },
    expected:
      "no Kubernetes cluster is configured: no kubeconfig was asked for, KUBECONFIG is not " +
      "set, not in-cluster (KUBERNETES_SERVICE_HOST is not set), /home/bob/.kube/config does not " +
      "exist. Set KUBECONFIG or name a kubeconfig file",
  },
  {
    name: "a context asked for in a pod",
    choice: { context: "prod" },
    env: POD,
    expected:
      "no Kubernetes cluster is configured: no kubeconfig was asked for, KUBECONFIG is not " +
      'set, not in-cluster (a pod has no context "prod"), HOME is not set. ' +
      "Set KUBECONFIG or name a kubeconfig file",
  },
  {
    name: "a file asked for that is missing: no other is tried",
    choice: { kubeconfig: "/gone" },
    env: ALL,
    expected: "kubeconfig /gone does not exist",
  },
  {
    name: "a KUBECONFIG whose files are all missing: no other is tried",
    env: { ...POD, KUBECONFIG: "/gone:/lost" },
    expected: "kubeconfig: none of /gone, /lost exists",
  },
  {
    name: "a CA missing beside the user's own file, which is no missing configuration",
    env: { HOME: "/home/eve" },
    files: {
      "/home/eve/.kube/config": kubeconfig("https://home").replace(
        '"server"',
        '"certificate-authority":"ca","server"',
      ),
    },
    expected: "kubeconfig /home/eve/.kube/config: clusters[name=k].cluster.certificate-authority " +
      'names "/home/eve/.kube/ca", which does not exist',
  },
];

for (const { name, choice, env, files = {}, expected } of FAULTS) {
  Deno.test(`resolveCluster, ${name}`, async () => {
    const sources = fakeSources({ env, files: { ...FILES, ...files } });
    const error = await rejection(resolveCluster(choice, sources));
    assert.ok(error instanceof ConfigError);
    assert.equal(error.message, expected);
  });
}

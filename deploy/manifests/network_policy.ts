import type { Service } from "kubernetes-types/core/v1.d.ts";
import type { NetworkPolicy } from "kubernetes-types/networking/v1.d.ts";
import { HEALTH_PORT, SECURE_METRICS_PORT } from "./deployment.ts";
import { LABELS, type Manifest, NAMES, POD_LABELS } from "./manifest.ts";
import type { Settings } from "./settings.ts";

/** Azure's instance metadata service, the same on every node. */
const IMDS = "169.254.169.254/32";

/** Where kubeadm, OpenShift and others put their API servers. */
const API_SERVER_PORT = 6443;

/**
 * Lets the operator reach what it calls, and lets probes and scrapes reach it; nothing else. Where
 * a rule names ports but no peers, these have no addresses that could be known ahead: probes come
 * from the nodes, and who scrapes has to show a token.
 */
export function networkPolicy(settings: Settings): Manifest {
  const inbound = [HEALTH_PORT, ...(settings.metricsSecure ? [SECURE_METRICS_PORT] : [])];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: NAMES.networkPolicy, namespace: settings.namespace, labels: LABELS },
    spec: {
      podSelector: { matchLabels: POD_LABELS },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ ports: inbound.map(tcp) }],
      egress: [
        // To any host: a cache on the node answers at an address of the cluster's own choice, in
        // the host's network, where neither namespaceSelector nor podSelector can name it.
        { ports: [{ port: 53, protocol: "UDP" }, tcp(53)] },
        { to: [{ ipBlock: { cidr: IMDS } }], ports: [tcp(80)] },
        // Entra, registries with their data endpoints, and the API servers of AKS.
        { ports: [tcp(443)] },
        // API servers elsewhere: most network plugins judge a packet by the server's own port, after
        // the Service's address and port 443 have been replaced.
        { ports: [tcp(API_SERVER_PORT)] },
        ...settings.extraEgress.map(({ cidr, port }) => ({
          to: [{ ipBlock: { cidr } }],
          ports: [tcp(port)],
        })),
      ],
    },
  } satisfies NetworkPolicy;
}

/** Where metrics over TLS are found. */
export function metricsService({ namespace }: Settings): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: NAMES.metricsService, namespace, labels: POD_LABELS },
    spec: {
      selector: POD_LABELS,
      ports: [{ name: "https", port: SECURE_METRICS_PORT, protocol: "TCP", targetPort: "metrics" }],
    },
  } satisfies Service;
}

function tcp(port: number): { port: number; protocol: string } {
  return { port, protocol: "TCP" };
}

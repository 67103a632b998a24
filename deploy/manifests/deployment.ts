import { optional } from "../../src/runtime/optional.ts";
import type { Deployment } from "kubernetes-types/apps/v1.d.ts";
import type { Affinity, Container, EnvVar, Volume } from "kubernetes-types/core/v1.d.ts";
import { CA_BUNDLE_DIRECTORY } from "../../src/cli/operator/ca_bundle.ts";
import { type Manifest, NAMES, POD_LABELS, SELECTOR } from "./manifest.ts";
import { type ConfigMapKey, DEFAULTS, type Settings } from "./settings.ts";

/** Port of /healthz and /readyz. */
export const HEALTH_PORT = 8081;
/** Port of metrics over TLS. */
export const SECURE_METRICS_PORT = 8443;

/** One node's end leaves a replica, where there is another node to be on. */
const APART: Affinity = {
  podAntiAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [{
      weight: 100,
      podAffinityTerm: {
        topologyKey: "kubernetes.io/hostname",
        labelSelector: { matchLabels: POD_LABELS },
      },
    }],
  },
};

/** As in the first release; the image has the same. */
const USER = { runAsUser: 1000, runAsGroup: 3000 };

/** The operator itself, with the resources and the grace period of the first release. */
export function deployment(settings: Settings): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: NAMES.deployment, namespace: settings.namespace, labels: POD_LABELS },
    spec: {
      replicas: settings.replicas,
      selector: { matchLabels: SELECTOR },
      template: {
        metadata: { labels: POD_LABELS },
        spec: {
          serviceAccountName: NAMES.serviceAccount,
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 10,
          nodeSelector: { "kubernetes.io/os": "linux" },
          affinity: APART,
          securityContext: {
            runAsNonRoot: true,
            ...(settings.fixedUser ? USER : {}),
            seccompProfile: { type: "RuntimeDefault" },
          },
          ...optional("volumes", settings.azureCa && [caVolume(settings.azureCa)]),
          containers: [container(settings)],
        },
      },
    },
  } satisfies Deployment;
}

function container(settings: Settings): Container {
  const metrics = { name: "metrics", containerPort: SECURE_METRICS_PORT, protocol: "TCP" } as const;
  const env = environment(settings);
  return {
    name: "manager",
    image: settings.image,
    command: ["/manager"],
    args: [...operatorArgs(settings)],
    ...optional("env", env.length === 0 ? undefined : env),
    ports: [
      { name: "health", containerPort: HEALTH_PORT, protocol: "TCP" },
      ...(settings.metricsSecure ? [metrics] : []),
    ],
    livenessProbe: {
      httpGet: { path: "/healthz", port: "health" },
      initialDelaySeconds: 15,
      periodSeconds: 20,
    },
    readinessProbe: {
      httpGet: { path: "/readyz", port: "health" },
      initialDelaySeconds: 5,
      periodSeconds: 10,
    },
    resources: {
      limits: { cpu: "100m", memory: "100Mi" },
      requests: { cpu: "100m", memory: "20Mi" },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
    },
    ...optional("volumeMounts", settings.azureCa && [CA_MOUNT]),
  };
}

const CA_VOLUME = "azure-ca";
const CA_FILE = "ca.crt";
const CA_MOUNT = { name: CA_VOLUME, mountPath: CA_BUNDLE_DIRECTORY, readOnly: true } as const;

/**
 * Whatever its key, the file has one name. Where ConfigMap or key is missing, kubelet would not start
 * the container, and no log would say why: so it may be missing, and the operator itself says so.
 */
function caVolume({ name, key }: ConfigMapKey): Volume {
  const configMap = { name, items: [{ key, path: CA_FILE }], optional: true };
  return { name: CA_VOLUME, configMap };
}

/** The operator's flags. What stands at its default is left out. */
export function operatorArgs(settings: Settings): readonly string[] {
  const { metricsSecure, allowedServerSuffixes, tokenAudience, azureCa, secretAccess } = settings;
  const metrics = metricsSecure
    ? [`--metrics-bind-address=:${SECURE_METRICS_PORT}`, "--metrics-secure"]
    : ["--metrics-bind-address=127.0.0.1:8080"];
  return [
    ...metrics,
    `--health-probe-bind-address=:${HEALTH_PORT}`,
    "--leader-elect",
    ...(allowedServerSuffixes.length === 0
      ? []
      : [`--allowed-acr-server-suffixes=${allowedServerSuffixes.join(",")}`]),
    ...(tokenAudience === DEFAULTS.tokenAudience
      ? []
      : [`--service-account-token-audience=${tokenAudience}`]),
    ...(azureCa === undefined ? [] : [`--azure-ca-bundle=${CA_BUNDLE_DIRECTORY}/${CA_FILE}`]),
    ...(secretAccess === "watch" ? [] : [`--secret-access=${secretAccess}`]),
    ...settings.extraArgs,
  ];
}

/** The operator's environment variables: the defaults that are set, and further ones. */
export function environment({ defaults, extraEnv }: Settings): EnvVar[] {
  const values = [
    ["ACR_SERVER", defaults.acrServer],
    ["MANAGED_IDENTITY_CLIENT_ID", defaults.clientId],
    ["MANAGED_IDENTITY_RESOURCE_ID", defaults.resourceId],
    ["ARM_RESOURCE", defaults.armResource],
  ] as const;
  const set = values.flatMap(([name, value]) => value === undefined ? [] : [{ name, value }]);
  return [...set, ...extraEnv];
}

import { DEFAULT_SUFFIXES } from "../../azure/registry.ts";
import type { FlagTable } from "./flags.ts";
import { DEFAULT_TOKEN_AUDIENCE } from "./token_audience.ts";

const SERVING = "Health and metrics";
const ELECTION = "Leader election";
const CLUSTER = "Connection to Kubernetes";
const AZURE = "Connection to Azure";
const BINDINGS = "Bindings and credentials";
const LIMITS = "Where credentials may go";
const LOGGING = "Logging";
const OTHER = "Other";

/**
 * Every flag of the controller: those of the Go implementation in its current and its first
 * release, under their names, and those of this one. A flag in this table is either honoured or
 * carries `refused`.
 */
export const FLAGS = {
  "metrics-bind-address": {
    kind: "string",
    group: SERVING,
    placeholder: "HOST:PORT",
    default: ":8080",
    aliases: ["metrics-addr"],
    help: "Address that serves /metrics. Without HOST, every interface; 0 serves none.",
  },
  "metrics-secure": {
    kind: "boolean",
    group: SERVING,
    default: "false",
    help:
      "Serve metrics over TLS. A client has to show a bearer token that the API server knows, and " +
      "may get the path /metrics. Without it metrics are served over plain HTTP to everybody.",
  },
  "metrics-cert-path": {
    kind: "string",
    group: SERVING,
    placeholder: "DIRECTORY",
    default: "a certificate that the process makes for itself",
    help: "Directory of the certificate for --metrics-secure, read anew when it changes. The " +
      "image may read /tmp/k8s-metrics-server/metrics-certs.",
  },
  "metrics-cert-name": {
    kind: "string",
    group: SERVING,
    placeholder: "FILE",
    default: "tls.crt",
    help: "Name of the certificate in that directory, in PEM format with its chain.",
  },
  "metrics-cert-key": {
    kind: "string",
    group: SERVING,
    placeholder: "FILE",
    default: "tls.key",
    help: "Name of its private key there.",
  },
  "health-probe-bind-address": {
    kind: "string",
    group: SERVING,
    placeholder: "HOST:PORT",
    default: ":8081",
    help: "Address that serves /healthz and /readyz. Without HOST, every interface; 0 serves none.",
  },
  "leader-elect": {
    kind: "boolean",
    group: ELECTION,
    default: "false",
    aliases: ["enable-leader-election"],
    help: "Act only while holding the Lease aks.azure.com, so that one of several replicas acts.",
  },
  "leader-election-namespace": {
    kind: "string",
    group: ELECTION,
    placeholder: "NAMESPACE",
    default: "the pod's own",
    aliases: ["leader-elect-namespace", "leader-elect-resource-namespace"],
    help: "Namespace of that Lease. Required with --leader-elect outside a cluster.",
  },
  "kubeconfig": {
    kind: "string",
    group: CLUSTER,
    placeholder: "FILE",
    default: "$KUBECONFIG, else the pod's service account, else ~/.kube/config",
    help: "kubeconfig file that names the cluster.",
  },
  "context": {
    kind: "string",
    group: CLUSTER,
    placeholder: "NAME",
    default: "the file's current-context",
    help: "Context to use from the kubeconfig.",
  },
  "master": {
    kind: "string",
    group: CLUSTER,
    placeholder: "URL",
    help: "Refused: the first release's way of naming the API server.",
    refused: "is not honoured: name the API server in a kubeconfig and give --kubeconfig=FILE.",
  },
  "azure-ca-bundle": {
    kind: "string",
    group: AZURE,
    placeholder: "FILE",
    default: "none",
    help:
      "File of further authorities, in PEM format, that are trusted for Entra and registries. It is " +
      "read anew when it changes. The image may read /etc/msi-acrpull/azure-ca.",
  },
  "label-selector": {
    kind: "string",
    group: BINDINGS,
    placeholder: "SELECTOR",
    default: "every binding",
    help: "Serve only the bindings that match, such as 'environment!=prod,tier in (web,api)'.",
  },
  "ttl-rotation-fraction": {
    kind: "number",
    group: BINDINGS,
    placeholder: "FRACTION",
    default: "0.5",
    help: "Part of a token's life after which a v1beta2 binding is refreshed, between 0 and 1.",
  },
  "service-account-token-audience": {
    kind: "string",
    group: BINDINGS,
    placeholder: "AUDIENCE",
    default: DEFAULT_TOKEN_AUDIENCE,
    help: "Audience of the service account tokens that are exchanged for workload identities. " +
      "The federated credential in Azure must list it.",
  },
  "acr-audience": {
    kind: "string",
    group: BINDINGS,
    placeholder: "auto|arm|acr|URL",
    default: "auto",
    help:
      "Audience of the Entra token that a registry is shown: acr is the registry service's, arm is " +
      "Azure Resource Manager's. auto tries acr first. It tries arm where Entra does not know acr, or " +
      "where a registry refuses acr and has taken it from nobody for an hour. What ARM_RESOURCE or a " +
      "cloudConfig sets goes before both. A host that only --allowed-acr-server-suffixes=* allows is " +
      "shown arm only where one of these three settings asks for it.",
  },
  "secret-access": {
    kind: "string",
    group: BINDINGS,
    placeholder: "watch|get",
    default: "watch",
    help:
      "How Secrets are read. watch follows the metadata of all that carry the operator's label. " +
      "get reads each by its name, and sees within minutes that somebody altered it. It needs no " +
      "right to list or watch Secrets.",
  },
  "allowed-acr-server-suffixes": {
    kind: "list",
    group: LIMITS,
    placeholder: "SUFFIX,...",
    default: DEFAULT_SUFFIXES.join(),
    help: "Registries may only be named under these domains. May be given several times. " +
      "* allows every host. An empty list is the default, not every host.",
  },
  "allowed-entra-authority-hosts": {
    kind: "list",
    group: LIMITS,
    placeholder: "HOST,...",
    default: "none",
    help: "Entra hosts that a binding in AirgappedCloud may name. May be given several times.",
  },
  "allowed-resource-manager-audiences": {
    kind: "list",
    group: LIMITS,
    placeholder: "URL,...",
    default: "none",
    help: "Token audiences that a binding in AirgappedCloud may name. May be given several times.",
  },
  "log-format": {
    kind: "string",
    group: LOGGING,
    placeholder: "json|text",
    default: "json",
    help: "One JSON object a line, or text for a terminal.",
  },
  "log-level": {
    kind: "string",
    group: LOGGING,
    placeholder: "debug|info|warn|error",
    default: "info",
    help: "Least severe level that is written.",
  },
  "zap-devel": {
    kind: "boolean",
    group: LOGGING,
    default: "false",
    help: "Change the logging defaults to format text, level debug, stack traces from warn.",
  },
  "zap-encoder": {
    kind: "string",
    group: LOGGING,
    placeholder: "json|console",
    help: "The Go implementation's spelling of --log-format; console is text.",
  },
  "zap-log-level": {
    kind: "string",
    group: LOGGING,
    placeholder: "debug|info|error|panic|N",
    help: "The Go implementation's spelling of --log-level. An integer above 0 is debug; " +
      "panic writes no line at all.",
  },
  "zap-stacktrace-level": {
    kind: "string",
    group: LOGGING,
    placeholder: "info|error|panic",
    default: "panic",
    help: "Least severe level whose errors are written with their stack; panic writes none.",
  },
  "zap-time-encoding": {
    kind: "string",
    group: LOGGING,
    placeholder: "epoch|millis|nanos|iso8601|rfc3339|rfc3339nano",
    default: "iso8601",
    help: "How a line shows its time.",
  },
  "version": {
    kind: "boolean",
    group: OTHER,
    help: "Print the version and exit. The bare word version does the same.",
  },
  "help": {
    kind: "boolean",
    group: OTHER,
    aliases: ["h"],
    help: "Print this and exit.",
  },
} as const satisfies FlagTable;

/** Environment variables that the controller reads, with what each is for. */
export const VARIABLES = {
  ACR_SERVER: "Registry of a v1beta1 binding that names none.",
  MANAGED_IDENTITY_CLIENT_ID: "Identity's client ID of a v1beta1 binding that names none.",
  MANAGED_IDENTITY_RESOURCE_ID: "Identity's resource ID of a v1beta1 binding that names none.",
  ARM_RESOURCE:
    "Audience asked of managed identities for v1beta1, before the registry service's own.",
  AZURE_POD_IDENTITY_AUTHORITY_HOST: "Base URL of IMDS, instead of http://169.254.169.254.",
  KUBECONFIG: "kubeconfig files, when --kubeconfig is absent.",
  KUBERNETES_SERVICE_HOST:
    "Address of the API server inside a cluster, set by Kubernetes. An executable that may not " +
    "connect to it calls kubernetes.default.svc, as the image does.",
  KUBERNETES_SERVICE_PORT: "Port of the API server inside a cluster, set by Kubernetes.",
} as const;

/** The name of an environment variable that the controller reads. */
export type Variable = keyof typeof VARIABLES;

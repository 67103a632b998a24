import { DEFAULT_SUFFIXES } from "../../src/azure/registry.ts";
import type { FlagTable } from "../../src/cli/flags/flags.ts";
import { DEFAULTS } from "../manifests/settings.ts";

const TARGET = "What to do";
const INSTALLATION = "Installation";
const BINDINGS = "Bindings";
const SECURITY = "Security";

/** Every flag of `deno task deploy`. */
export const DEPLOY_FLAGS = {
  "output": {
    kind: "string",
    group: TARGET,
    placeholder: "DIRECTORY|-",
    aliases: ["o"],
    default: "deploy/latest",
    help: "Write crd.yaml and deploy.yaml there; - prints both, for a pipe into kubectl.",
  },
  "check": {
    kind: "boolean",
    group: TARGET,
    help: "Write nothing, and fail if a file is not what would be written.",
  },
  "apply": {
    kind: "boolean",
    group: TARGET,
    help: "Write no file, but apply all to the cluster, server-side, and say what changed.",
  },
  "diff": {
    kind: "boolean",
    group: TARGET,
    help:
      "Write nothing, and show what --apply would change. Exits with 0 if that is nothing, 1 if " +
      "it is something, 2 if it cannot be applied or told.",
  },
  "force-conflicts": {
    kind: "boolean",
    group: TARGET,
    help:
      "With --apply or --diff: take over fields that others have set, and take away those that " +
      "kubectl apply has set and the options leave out. Without it they are named, and nothing is " +
      "written.",
  },
  "prune": {
    kind: "boolean",
    group: TARGET,
    help: "With --apply or --diff: delete what was applied before and is no part of it any more. " +
      "Never a CRD, a namespace or a ConfigMap, nor what Helm or anybody else made.",
  },
  "kubeconfig": {
    kind: "string",
    group: TARGET,
    placeholder: "FILE",
    default: "$KUBECONFIG, else ~/.kube/config",
    help: "kubeconfig file that names the cluster.",
  },
  "context": {
    kind: "string",
    group: TARGET,
    placeholder: "NAME",
    default: "the file's current-context",
    help: "Context to use from the kubeconfig.",
  },
  "image": {
    kind: "string",
    group: INSTALLATION,
    placeholder: "IMAGE",
    default: DEFAULTS.image,
    help: "Image of the operator.",
  },
  "namespace": {
    kind: "string",
    group: INSTALLATION,
    placeholder: "NAMESPACE",
    aliases: ["n"],
    default: DEFAULTS.namespace,
    help: "Namespace of the operator; neither default nor one of Kubernetes' own.",
  },
  "create-namespace": {
    kind: "boolean",
    group: INSTALLATION,
    default: `${DEFAULTS.createNamespace}`,
    help: "Make the namespace, labelled for Pod Security, as a part of the installation that is " +
      "deleted with it. With false it has to be there, and is left alone.",
  },
  "replicas": {
    kind: "string",
    group: INSTALLATION,
    placeholder: "COUNT",
    default: `${DEFAULTS.replicas}`,
    help: "How many pods stand by; one of them acts.",
  },
  "extra-arg": {
    kind: "repeated",
    group: INSTALLATION,
    placeholder: "FLAG",
    help: "A further flag of the operator, such as --extra-arg=--log-level=debug. May be given " +
      "several times.",
  },
  "extra-env": {
    kind: "repeated",
    group: INSTALLATION,
    placeholder: "NAME=VALUE",
    help: "A further environment variable of the operator, such as HTTPS_PROXY. May be given " +
      "several times.",
  },
  "acr-server": {
    kind: "string",
    group: BINDINGS,
    placeholder: "HOST",
    help: "Registry of v1beta1 bindings that name none.",
  },
  "client-id": {
    kind: "string",
    group: BINDINGS,
    placeholder: "ID",
    help: "Client ID of the managed identity of v1beta1 bindings that name none.",
  },
  "resource-id": {
    kind: "string",
    group: BINDINGS,
    placeholder: "ID",
    help: "Resource ID of the managed identity of v1beta1 bindings that name none.",
  },
  "arm-resource": {
    kind: "string",
    group: BINDINGS,
    placeholder: "URL",
    help: "Audience asked of managed identities for v1beta1 bindings.",
  },
  "allowed-acr-server-suffixes": {
    kind: "list",
    group: SECURITY,
    placeholder: "SUFFIX,...",
    default: DEFAULT_SUFFIXES.join(),
    help: "Registries may only be named under these domains. May be given several times.",
  },
  "service-account-token-audience": {
    kind: "string",
    group: SECURITY,
    placeholder: "AUDIENCE",
    default: DEFAULTS.tokenAudience,
    help: "Audience of service account tokens, of the operator and of the policy for them.",
  },
  "secret-access": {
    kind: "string",
    group: SECURITY,
    placeholder: "watch|get",
    default: DEFAULTS.secretAccess,
    help:
      "How Secrets are read: watch follows all of the operator's, get reads each by its name. " +
      "get needs no right to list or watch Secrets.",
  },
  "workload-identity": {
    kind: "boolean",
    group: SECURITY,
    default: `${DEFAULTS.workloadIdentity}`,
    help: "Let the operator mint tokens of service accounts, which workload identity needs.",
  },
  "policies": {
    kind: "boolean",
    group: SECURITY,
    default: `${DEFAULTS.policies}`,
    help: "Hold the operator's writes to what they should be. Needs Kubernetes 1.30.",
  },
  "accept-unguarded-tokens": {
    kind: "boolean",
    group: SECURITY,
    default: "false",
    help:
      "With --policies=false: keep the right to mint tokens of service accounts. It is then one " +
      "for any account of the cluster and for any audience.",
  },
  "tenant-policy": {
    kind: "boolean",
    group: SECURITY,
    default: `${DEFAULTS.tenantPolicy}`,
    help: "Refuse bindings that name what no administrator has listed for their namespace in " +
      "ConfigMap msi-acrpull-tenants. Needs Kubernetes 1.30.",
  },
  "azure-ca-configmap": {
    kind: "string",
    group: SECURITY,
    placeholder: "NAME[/KEY]",
    default: "none",
    help:
      "ConfigMap in the operator's namespace, with the certificates of further authorities that are " +
      "trusted for Entra and registries. They are at the key ca.crt unless KEY says otherwise.",
  },
  "fixed-user": {
    kind: "boolean",
    group: SECURITY,
    default: `${DEFAULTS.fixedUser}`,
    help: "Run as user 1000 and group 3000. Without it the cluster assigns both, as OpenShift's " +
      "restricted-v2 insists.",
  },
  "network-policy": {
    kind: "boolean",
    group: SECURITY,
    default: `${DEFAULTS.networkPolicy}`,
    help: "Limit what the operator's pods can reach, and who reaches them.",
  },
  "extra-egress": {
    kind: "list",
    group: SECURITY,
    placeholder: "CIDR:PORT,...",
    help: "What else the NetworkPolicy lets the operator reach over TCP, such as a proxy at " +
      "10.0.0.4/32:3128. May be given several times.",
  },
  "metrics-secure": {
    kind: "boolean",
    group: SECURITY,
    default: `${DEFAULTS.metricsSecure}`,
    help: "Serve metrics over TLS at port 8443 to those who may read them, in place of plain " +
      "HTTP on loopback.",
  },
} as const satisfies FlagTable;

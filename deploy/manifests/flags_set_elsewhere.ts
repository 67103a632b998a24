import type { FLAGS } from "../../src/cli/flags/flag_table.ts";

/** Why a flag of the operator may not be added to what installs it, and what to do instead. */
export interface SetElsewhere {
  /** A clause. */
  readonly why: string;
  /** What to do in the chart's values. */
  readonly chart: string;
  /** What to do with the options of `deno task deploy`. */
  readonly task: string;
}

/** Of what may not stand there at all. */
const OUT = { chart: "leave it out", task: "leave it out" } as const;

/**
 * The flags that the chart takes in no `extraArgs`, and `deno task deploy` in no `--extra-arg`: what
 * else is installed depends on them, or the executable's permissions do.
 */
export const SET_ELSEWHERE: { readonly [N in keyof typeof FLAGS]?: SetElsewhere } = {
  "metrics-bind-address": {
    why: "the executable may listen for metrics on its two ports alone",
    chart: "set metrics.secure=true for :8443, or leave it at 127.0.0.1:8080",
    task: "use --metrics-secure for :8443, or leave it at 127.0.0.1:8080",
  },
  "metrics-secure": {
    why: "it needs rights of its own, a port and a Service",
    chart: "set metrics.secure=true",
    task: "use --metrics-secure",
  },
  "metrics-cert-path": {
    why: "the certificate has to be mounted",
    chart: "set metrics.certificateSecret",
    task: "use the chart, or an overlay of kustomize that mounts it and gives the flag",
  },
  "health-probe-bind-address": {
    why: "the probes ask port 8081, and the executable may listen on no other",
    ...OUT,
  },
  "leader-elect": { why: "it is always set", ...OUT },
  "leader-election-namespace": {
    why: "the right to the Lease ends with the operator's own namespace",
    ...OUT,
  },
  "kubeconfig": { why: "the pod uses its ServiceAccount and may read no such file", ...OUT },
  "context": { why: "the pod uses its ServiceAccount and no kubeconfig", ...OUT },
  "master": { why: "the pod finds the API server by itself", ...OUT },
  "azure-ca-bundle": {
    why: "the bundle has to be mounted",
    chart: "set azureCaBundle.configMap",
    task: "use --azure-ca-configmap",
  },
  "service-account-token-audience": {
    why: "a policy insists on the same",
    chart: "set serviceAccountTokenAudience",
    task: "use --service-account-token-audience",
  },
  "secret-access": {
    why: "the operator's rights depend on it",
    chart: "set secretAccess",
    task: "use --secret-access",
  },
  "allowed-acr-server-suffixes": {
    why: "the registry of the defaults is held against it",
    chart: "set allowedAcrServerSuffixes",
    task: "use --allowed-acr-server-suffixes",
  },
  "version": { why: "the operator would print its version and exit", ...OUT },
  "help": { why: "the operator would print its flags and exit", ...OUT },
};

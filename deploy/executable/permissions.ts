import { CLOUDS } from "../../src/azure/clouds.ts";
import { IMDS_BASE_URL } from "../../src/azure/imds.ts";
import { DEFAULT_SUFFIXES } from "../../src/azure/registry.ts";
import { VARIABLES } from "../../src/cli/flags/flag_table.ts";
import { PROXY_VARIABLES } from "../../src/cli/permissions/proxy_variables.ts";
import { CA_BUNDLE_DIRECTORY } from "../../src/cli/operator/ca_bundle.ts";
import { DEFAULT_CERTIFICATE_DIRECTORY } from "../../src/cli/flags/metrics_options.ts";
import {
  CLUSTER_DNS_SERVER,
  SERVICE_ACCOUNT_DIRECTORY,
} from "../../src/kubernetes/config/in_cluster.ts";

/** What the executable may do, of one kind. */
export interface DenoPermission {
  /** Deno's flag, such as `--allow-net`. */
  readonly flag: string;
  readonly values: readonly string[];
  readonly why: string;
}

/** What one executable is allowed beside `PERMISSIONS`. */
export interface Additions {
  /**
   * `HOST:PORT` or `*.DOMAIN:PORT` to connect to: the Entra host, the registries' domain and the
   * IMDS of an air-gapped cloud.
   */
  readonly hosts?: readonly string[];
  /** Files and directories to read. */
  readonly paths?: readonly string[];
  /** Environment variables to read. */
  readonly variables?: readonly string[];
}

/** Ports of metrics (plain and secure) and of health in the manifests. */
const PORTS = [8080, 8443, 8081];

/** Every interface of IPv6 and IPv4, and loopback. */
const INTERFACES = ["[::]", "0.0.0.0", "127.0.0.1"];

/** Variables that are read beside the documented ones, and NO_PROXY, which is also written. */
const OTHER_VARIABLES = [
  ...PROXY_VARIABLES,
  "KUBERNETES_SERVICE_PORT_HTTPS",
  "NO_PROXY",
  "no_proxy",
  "HOME",
  "USERPROFILE",
];

/**
 * All that the executable may do: compiled into it, and refused by Deno to whatever code runs inside
 * beyond it. Hosts of an air-gapped cloud are added with `deno task compile --allow-host`, or the
 * image's build argument ALLOW_HOSTS.
 */
export const PERMISSIONS: readonly DenoPermission[] = [
  {
    flag: "--allow-net",
    values: [`${CLUSTER_DNS_SERVER.hostname}:${CLUSTER_DNS_SERVER.port}`],
    why: "The API server, by the name that its certificate holds in every cluster. Its address " +
      "differs from one to the next, and is not known when the executable is made.",
  },
  {
    flag: "--allow-net",
    values: [`${new URL(IMDS_BASE_URL).hostname}:80`],
    why: "IMDS, for tokens of managed identities.",
  },
  {
    flag: "--allow-net",
    values: Object.values(CLOUDS).map(({ authorityHost }) => `${authorityHost}:443`),
    why: "Entra of the three public clouds, for tokens of workload identities.",
  },
  {
    flag: "--allow-net",
    values: DEFAULT_SUFFIXES.map((suffix) => `*.${suffix}:443`),
    why: "Registries of the three public clouds. A cloud that --allowed-acr-server-suffixes " +
      "leaves out altogether is given up at start.",
  },
  {
    flag: "--allow-net",
    values: PORTS.flatMap((port) => INTERFACES.map((address) => `${address}:${port}`)),
    why: "Listening: metrics, metrics over TLS, health.",
  },
  {
    flag: "--allow-read",
    values: [SERVICE_ACCOUNT_DIRECTORY],
    why: "The pod's own token, namespace and the API server's certificate authority.",
  },
  {
    flag: "--allow-read",
    values: [DEFAULT_CERTIFICATE_DIRECTORY],
    why: "Certificate and key for --metrics-secure, where a Secret is mounted there.",
  },
  {
    flag: "--allow-read",
    values: [CA_BUNDLE_DIRECTORY],
    why: "Authorities for --azure-ca-bundle, where a ConfigMap or Secret is mounted there.",
  },
  {
    flag: "--allow-env",
    values: [...Object.keys(VARIABLES), ...OTHER_VARIABLES],
    why:
      "The variables that deploy/flags.md lists, the other name of the API server's port, whether " +
      "and where proxies are used, and where a kubeconfig would be.",
  },
  {
    flag: "--allow-sys",
    values: ["hostname"],
    why: "The pod's name, for the Lease and Events.",
  },
  {
    // Deno otherwise allows imports from its usual hosts, whatever --deny-import says.
    flag: "--allow-import",
    values: ["none.invalid:443"],
    why: "A host that cannot exist, in place of those from which Deno imports by default.",
  },
];

/** Deno's flags for `PERMISSIONS` and `additions`; `--no-prompt` makes all else an error. */
export function permissionFlags(additions: Additions = {}): string[] {
  const values = new Map<string, readonly string[]>();
  const add = (flag: string, more: readonly string[] = []) =>
    values.set(flag, [...values.get(flag) ?? [], ...more]);
  for (const { flag, values } of PERMISSIONS) add(flag, values);
  add("--allow-net", additions.hosts);
  add("--allow-read", additions.paths);
  add("--allow-env", additions.variables);
  return [...[...values].map(([flag, list]) => `${flag}=${list.join(",")}`), "--no-prompt"];
}

/** The list as a Markdown table, for documentation. */
export function permissionMarkdown(): string {
  const code = (value: string) => "`" + value + "`";
  const rows = PERMISSIONS.map(({ flag, values, why }) =>
    `| ${code(flag)} | ${values.map(code).join(", ")} | ${why} |`
  );
  return ["| Permission | For | Why |", "| --- | --- | --- |", ...rows, ""].join("\n");
}

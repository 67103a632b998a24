import { trimEnd } from "../../runtime/text/trim.ts";
import type { BindAddress } from "../../http_server/bind_address.ts";
import { formatBindAddress } from "../../http_server/bind_address.ts";
import type { ParsedFlags } from "./flags.ts";
import type { FLAGS } from "./flag_table.ts";
import { quote } from "../../runtime/text/quote.ts";

type GivenFlags = ParsedFlags<typeof FLAGS>["given"];

/** Where kubebuilder's manifests mount the certificate, and all that the executable may read. */
export const DEFAULT_CERTIFICATE_DIRECTORY = "/tmp/k8s-metrics-server/metrics-certs";

/** Metrics over TLS, for authorised clients only. */
export interface MetricsSecurityOptions {
  /** PEM files, read anew when they change. Absent: a certificate that the process makes. */
  readonly files?: { readonly certificate: string; readonly key: string };
}

const CERTIFICATE_FLAGS = ["metrics-cert-path", "metrics-cert-name", "metrics-cert-key"] as const;

/** `--metrics-secure` and the flags of its certificate. Undefined where metrics are plain. */
export function metricsSecurity(
  given: GivenFlags,
  addresses: { readonly metrics: BindAddress | null; readonly health: BindAddress | null },
  errors: string[],
): MetricsSecurityOptions | undefined {
  const secure = given["metrics-secure"]?.value ?? false;
  const directory = given["metrics-cert-path"]?.value;
  for (const name of CERTIFICATE_FLAGS) {
    const flag = given[name];
    if (!flag?.value) continue;
    if (!secure) errors.push(noEffect(flag, "--metrics-secure"));
    else if (!directory) errors.push(noEffect(flag, "--metrics-cert-path"));
  }
  if (!secure) return undefined;
  refuseSharedAddress(addresses, errors);
  if (!directory) return {};
  const file = (name: "metrics-cert-name" | "metrics-cert-key", absent: string) =>
    `${trimEnd(directory, "/")}/${given[name]?.value || absent}`;
  return {
    files: {
      certificate: file("metrics-cert-name", "tls.crt"),
      key: file("metrics-cert-key", "tls.key"),
    },
  };
}

function noEffect(flag: { spelling: string; value: string }, needed: string): string {
  return `${flag.spelling}=${quote(flag.value)} has no effect without ${needed}: ` +
    `add that, or remove it.`;
}

/** The kubelet's probes speak plain HTTP. */
function refuseSharedAddress(
  { metrics, health }: { metrics: BindAddress | null; health: BindAddress | null },
  errors: string[],
): void {
  if (metrics === null || health === null || metrics.port === 0) return;
  if (formatBindAddress(metrics) !== formatBindAddress(health)) return;
  errors.push(
    "--metrics-secure needs an address of its own: give --metrics-bind-address another port than " +
      `--health-probe-bind-address=${formatBindAddress(health)}, such as :8443.`,
  );
}

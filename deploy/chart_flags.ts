import { DEFAULT_SUFFIXES } from "../src/azure/registry.ts";
import { FLAGS } from "../src/cli/flag_table.ts";
import type { Flag } from "../src/cli/flags.ts";
import { type Format, FORMATS } from "./chart_formats.ts";

/** Why the chart takes a flag in no `extraArgs`, as a clause with its remedy. */
const SET_ELSEWHERE: { readonly [N in keyof typeof FLAGS]?: string } = {
  "metrics-bind-address": "the executable may listen for metrics on its two ports alone; set " +
    "metrics.secure=true for :8443, or leave it at 127.0.0.1:8080",
  "metrics-secure": "it needs rights of its own, a port and a Service; set metrics.secure=true",
  "metrics-cert-path": "the certificate has to be mounted; set metrics.certificateSecret",
  "health-probe-bind-address": "the probes ask port 8081, and the executable may listen on no " +
    "other; leave it out",
  "leader-elect": "the chart always sets it; leave it out",
  "leader-election-namespace": "the right to the Lease ends with the release's namespace; leave " +
    "it out",
  "kubeconfig": "the pod uses its ServiceAccount and may read no such file; leave it out",
  "context": "the pod uses its ServiceAccount and no kubeconfig; leave it out",
  "service-account-token-audience": "a policy insists on the same; set " +
    "serviceAccountTokenAudience",
  "secret-access": "the operator's rights depend on it; set secretAccess",
  "allowed-acr-server-suffixes": "set allowedAcrServerSuffixes",
  "version": "the operator would print its version and exit; leave it out",
  "help": "the operator would print its flags and exit; leave it out",
};

/** The flags that have no effect without a mounted certificate. */
const OF_CERTIFICATE: readonly string[] = ["metrics-cert-name", "metrics-cert-key"];

/** What the chart knows of one flag. */
interface ChartFlag {
  readonly kind: Flag["kind"];
  /** The flag's own name, where this is another spelling of it. */
  readonly name: string;
  readonly refused?: string;
  readonly choices?: readonly string[];
  readonly format?: Format;
  readonly ofCertificate?: boolean;
}

/**
 * What the chart must know of the operator to check its values as the operator itself would: every
 * spelling of every flag, and the suffixes of registries that are allowed unless others are.
 */
export function chartFacts(): Readonly<Record<string, unknown>> {
  const flags = Object.entries<Flag>(FLAGS).flatMap(([name, flag]) =>
    [name, ...flag.aliases ?? []].map((spelling) => [spelling, chartFlag(name, flag)] as const)
  );
  return { suffixes: DEFAULT_SUFFIXES, flags: Object.fromEntries(flags) };
}

function chartFlag(name: string, flag: Flag): ChartFlag {
  const elsewhere: Readonly<Record<string, string>> = SET_ELSEWHERE;
  const refused = flag.refused ?? elsewhere[name];
  const choices = choicesOf(name, flag);
  const formats: Readonly<Record<string, Format>> = FORMATS;
  const format = formats[name];
  return {
    kind: flag.kind,
    name,
    ...(refused === undefined ? {} : { refused }),
    ...(choices === undefined ? {} : { choices }),
    ...(format === undefined ? {} : { format }),
    ...(OF_CERTIFICATE.includes(name) ? { ofCertificate: true } : {}),
  };
}

/** The words of a placeholder such as json|text. zap's flags know more than theirs show. */
function choicesOf(name: string, { placeholder = "" }: Flag): readonly string[] | undefined {
  if (name.startsWith("zap-") || !/^[a-z]+(\|[a-z]+)+$/.test(placeholder)) return undefined;
  return placeholder.split("|");
}

import { optional } from "../../runtime/optional.ts";
import type { AllowedSuffixes } from "../../azure/registry.ts";
import type { AudiencePolicy } from "../../azure/audiences.ts";
import {
  everything,
  type LabelSelector,
  parseLabelSelector,
} from "../../kubernetes/resources/label_selector.ts";
import { DNS_LABEL } from "../../kubernetes/resources/names.ts";
import type { LogOptions } from "../../telemetry/log/log_options.ts";
import { type BindAddress, parseBindAddress } from "../../http_server/bind_address.ts";
import {
  allowedEntraAuthorityHosts,
  allowedResourceManagerAudiences,
  allowedServerSuffixes,
  audiencePolicy,
  type SecretAccess,
  secretAccess,
  serviceAccountTokenAudience,
  ttlRotationFraction,
} from "./credential_options.ts";
import {
  type BindingDefaults,
  bindingDefaults,
  type Environment,
  imdsAuthorityHost,
  read,
} from "./environment_options.ts";
import { FLAGS } from "./flag_table.ts";
import { type ParsedFlags, parseFlags } from "./flags.ts";
import { logOptions } from "./log_options.ts";
import { metricsSecurity, type MetricsSecurityOptions } from "./metrics_options.ts";
import { quote } from "../../runtime/text/quote.ts";

/** Everything that arguments and environment decide, checked and complete. Frozen to the bottom. */
export interface Options {
  /** Null serves no metrics. */
  readonly metricsBindAddress: BindAddress | null;
  /** Absent: plain HTTP. */
  readonly metricsSecurity?: MetricsSecurityOptions;
  /** Null serves no health. */
  readonly healthProbeBindAddress: BindAddress | null;
  readonly leaderElection: {
    readonly enabled: boolean;
    /** Absent: the pod's own. */
    readonly namespace?: string;
  };
  /** Absent: the pod's service account, else ~/.kube/config. */
  readonly kubeconfig?: KubeconfigSource;
  /** Absent: the kubeconfig's current-context. */
  readonly context?: string;
  readonly labelSelector: LabelSelector;
  readonly ttlRotationFraction: number;
  readonly serviceAccountTokenAudience: string;
  readonly audiencePolicy: AudiencePolicy;
  readonly secretAccess: SecretAccess;
  readonly allowedServerSuffixes: AllowedSuffixes;
  /** What a binding in AirgappedCloud may name; empty lists allow none. */
  readonly airgapped: {
    readonly entraAuthorityHosts: readonly string[];
    readonly resourceManagerAudiences: readonly string[];
  };
  readonly defaults: BindingDefaults;
  /** File of authorities that Azure's hosts are trusted by beside Deno's own. */
  readonly azureCaBundle?: string;
  /** Base URL without a slash at its end. Absent: the documented address. */
  readonly imdsAuthorityHost?: string;
  readonly log: LogOptions;
}

/** A kubeconfig and who named it, so that an error about the file can say so. */
export interface KubeconfigSource {
  /** From KUBECONFIG this may be several paths, separated as in PATH. */
  readonly path: string;
  readonly from: "--kubeconfig" | "KUBECONFIG";
}

/** What to do: run, print help or version, or report what is wrong, one sentence an item. */
export type ParsedOptions =
  | { readonly kind: "options"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "errors"; readonly errors: readonly string[] };

type GivenFlags = ParsedFlags<typeof FLAGS>["given"];

/** Reads the arguments after the program's name, and the environment. All errors come at once. */
export function parseOptions(
  args: readonly string[],
  env: Environment,
): ParsedOptions {
  const parsed = parseFlags(FLAGS, args);
  const { given } = parsed;
  const [command, ...others] = parsed.positionals;
  const bare = others.length === 0 ? command : undefined;
  if (given.help?.value || bare === "help") return { kind: "help" };
  if (given.version?.value || bare === "version") return { kind: "version" };
  const errors = [...parsed.errors, ...parsed.positionals.map(strayArgument)];
  const options = build(given, env, errors);
  return errors.length > 0 ? { kind: "errors", errors } : { kind: "options", options };
}

function build(
  given: GivenFlags,
  env: Environment,
  errors: string[],
): Options {
  const suffixes = allowedServerSuffixes(given, errors);
  const metrics = bindAddress(given["metrics-bind-address"], ":8080", errors);
  const health = bindAddress(given["health-probe-bind-address"], ":8081", errors);
  return deepFreeze({
    metricsBindAddress: metrics,
    ...optional("metricsSecurity", metricsSecurity(given, { metrics, health }, errors)),
    healthProbeBindAddress: health,
    leaderElection: leaderElection(given, errors),
    ...connection(given, env, errors),
    labelSelector: labelSelector(given, errors),
    ttlRotationFraction: ttlRotationFraction(given, errors),
    serviceAccountTokenAudience: serviceAccountTokenAudience(given, errors),
    audiencePolicy: audiencePolicy(given, errors),
    secretAccess: secretAccess(given, errors),
    allowedServerSuffixes: suffixes,
    airgapped: {
      entraAuthorityHosts: allowedEntraAuthorityHosts(given, errors),
      resourceManagerAudiences: allowedResourceManagerAudiences(given, errors),
    },
    defaults: bindingDefaults(env, suffixes, errors),
    ...optional("imdsAuthorityHost", imdsAuthorityHost(env, errors)),
    ...optional("azureCaBundle", given["azure-ca-bundle"]?.value || undefined),
    log: logOptions(given, errors),
  });
}

function strayArgument(argument: string): string {
  const remedy = /^(true|false)$/i.test(argument)
    ? `write a boolean flag's value after =, such as --leader-elect=${argument.toLowerCase()}`
    : "flags begin with two dashes, and no other argument is taken";
  return `${quote(argument)} is no flag: ${remedy}.`;
}

function bindAddress(
  flag: GivenFlags["metrics-bind-address"],
  absent: string,
  errors: string[],
): BindAddress | null {
  // An empty address is the default, as a chart renders it when its value is empty.
  const text = flag?.value || absent;
  if (text === "0") return null;
  const address = parseBindAddress(text);
  if (address !== undefined) return address;
  errors.push(
    `${flag!.spelling}=${quote(text)} is no address: ` +
      `write HOST:PORT, :PORT for every interface, or 0 to serve none.`,
  );
  return null;
}

function leaderElection(given: GivenFlags, errors: string[]): Options["leaderElection"] {
  const enabled = given["leader-elect"]?.value ?? false;
  const flag = given["leader-election-namespace"];
  if (flag === undefined || flag.value === "") return { enabled };
  if (!DNS_LABEL.test(flag.value)) {
    errors.push(
      `${flag.spelling}=${quote(flag.value)} is no namespace: ` +
        `write up to 63 lower-case letters, digits and dashes.`,
    );
  } else if (!enabled) {
    errors.push(
      `${flag.spelling}=${quote(flag.value)} has no effect without leader election: ` +
        `add --leader-elect, or remove it.`,
    );
  }
  return { enabled, namespace: flag.value };
}

function connection(given: GivenFlags, env: Environment, errors: string[]) {
  const kubeconfig = kubeconfigSource(given, env);
  const context = given.context?.value || undefined;
  const inCluster = read(env, "KUBERNETES_SERVICE_HOST") !== undefined;
  if (context !== undefined && kubeconfig === undefined && inCluster) {
    errors.push(
      `--context=${quote(context)} has no effect inside a cluster without a kubeconfig: ` +
        `add --kubeconfig, or remove it.`,
    );
  }
  return { ...optional("kubeconfig", kubeconfig), ...optional("context", context) };
}

function kubeconfigSource(given: GivenFlags, env: Environment): KubeconfigSource | undefined {
  const flag = given.kubeconfig?.value;
  if (flag) return { path: flag, from: "--kubeconfig" };
  const variable = read(env, "KUBECONFIG");
  return variable === undefined ? undefined : { path: variable, from: "KUBECONFIG" };
}

function labelSelector(given: GivenFlags, errors: string[]): LabelSelector {
  const flag = given["label-selector"];
  if (flag === undefined) return everything;
  const parsed = parseLabelSelector(flag.value);
  if (parsed.selector !== undefined) return parsed.selector;
  errors.push(
    `${flag.spelling}=${quote(flag.value)} is no label selector: ${parsed.problem}.`,
  );
  return everything;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

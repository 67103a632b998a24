import { optional } from "../../src/runtime/optional.ts";
import type { SecretAccess } from "../../src/cli/flags/credential_options.ts";
import type { ParsedFlags } from "../../src/cli/flags/flags.ts";
import { DNS_LABEL } from "../../src/kubernetes/resources/names.ts";
import { parseOptions } from "../../src/cli/flags/options.ts";
import { quote } from "../../src/runtime/text/quote.ts";
import { extraArgErrors } from "./extra_args.ts";
import { parseEgress, parseEnv } from "./extra_options.ts";
import { OPTION_OF_VARIABLE } from "./option_of_variable.ts";
import { RESERVED_NAMESPACES } from "../manifests/reserved_namespaces.ts";
import { DEPLOY_FLAGS } from "./flag_table.ts";
import { isImage } from "../manifests/image_reference.ts";
import { environment, operatorArgs } from "../manifests/deployment.ts";
import {
  type ConfigMapKey,
  DEFAULT_CA_KEY,
  DEFAULTS,
  type EgressRule,
  type Settings,
} from "../manifests/settings.ts";
import { asksForHelp, parseTask, type Task, taskHelp } from "../task/task.ts";

/** What to do with what was rendered. */
export type Target =
  | { readonly kind: "write" | "check"; readonly directory: string }
  | { readonly kind: "print" }
  | {
    readonly kind: "apply" | "diff";
    readonly force: boolean;
    readonly prune: boolean;
    readonly kubeconfig?: string;
    readonly context?: string;
  };

/** What the arguments ask for, or what is wrong with them, one sentence an item. */
export type ParsedDeploy =
  | { readonly kind: "run"; readonly settings: Settings; readonly target: Target }
  | { readonly kind: "help" }
  | { readonly kind: "errors"; readonly errors: readonly string[] };

type Given = ParsedFlags<typeof DEPLOY_FLAGS>["given"];

/** Where files go unless told otherwise, from the repository's root. */
export const LATEST = "deploy/latest";

const DEPLOY: Task<typeof DEPLOY_FLAGS> = {
  name: "deploy",
  summary: "Renders the manifests that install the operator, and writes or applies them.",
  flags: DEPLOY_FLAGS,
};

/** Reads the arguments of `deno task deploy`. What the operator itself would refuse is refused. */
export function parseDeploy(args: readonly string[]): ParsedDeploy {
  if (asksForHelp(DEPLOY, args)) return { kind: "help" };
  const { given, errors: mistakes } = parseTask(DEPLOY, args);
  const errors = [...mistakes];
  const settings = settingsOf(given, errors);
  refuseUnguardedTokens(given, settings, errors);
  const target = targetOf(given, errors);
  if (errors.length === 0) errors.push(...operatorErrors(settings));
  return errors.length === 0 ? { kind: "run", settings, target } : { kind: "errors", errors };
}

/** The text of `--help`. */
export function deployHelp(): string {
  return taskHelp(DEPLOY);
}

/**
 * What the operator would say of the flags and environment that it is about to be given, under the
 * names that they have here.
 */
export function operatorErrors(settings: Settings): readonly string[] {
  const env = new Map(environment(settings).map(({ name, value }) => [name, value]));
  const parsed = parseOptions(operatorArgs(settings), (name) => env.get(name));
  switch (parsed.kind) {
    case "options":
      return [];
    case "errors":
      return parsed.errors.map(asTyped);
    default:
      return [`--extra-arg makes the operator print its ${parsed.kind} and exit: leave that out.`];
  }
}

/** A sentence about a variable, about the option that sets it instead. */
function asTyped(sentence: string): string {
  const [variable = ""] = sentence.split(" ", 1);
  const option = OPTION_OF_VARIABLE.get(variable);
  return option === undefined ? sentence : option + sentence.slice(variable.length);
}

function settingsOf(given: Given, errors: string[]): Settings {
  return {
    image: imageOf(given, errors),
    namespace: namespaceOf(given, errors),
    createNamespace: given["create-namespace"]?.value ?? DEFAULTS.createNamespace,
    replicas: replicasOf(given, errors),
    defaults: {
      ...optional("acrServer", given["acr-server"]?.value || undefined),
      ...optional("clientId", given["client-id"]?.value || undefined),
      ...optional("resourceId", given["resource-id"]?.value || undefined),
      ...optional("armResource", given["arm-resource"]?.value || undefined),
    },
    allowedServerSuffixes: suffixesOf(given, errors),
    tokenAudience: filled(
      given["service-account-token-audience"],
      DEFAULTS.tokenAudience,
      errors,
    ),
    secretAccess: secretAccessOf(given, errors),
    workloadIdentity: given["workload-identity"]?.value ?? DEFAULTS.workloadIdentity,
    metricsSecure: given["metrics-secure"]?.value ?? DEFAULTS.metricsSecure,
    fixedUser: given["fixed-user"]?.value ?? DEFAULTS.fixedUser,
    ...optional("azureCa", azureCaOf(given, errors)),
    networkPolicy: given["network-policy"]?.value ?? DEFAULTS.networkPolicy,
    policies: given.policies?.value ?? DEFAULTS.policies,
    tenantPolicy: given["tenant-policy"]?.value ?? DEFAULTS.tenantPolicy,
    extraArgs: extraArgsOf(given, errors),
    extraEnv: parseEnv(given["extra-env"]?.value ?? [], errors),
    extraEgress: egressOf(given, errors),
  };
}

/** An empty list would be the default, and whoever writes it may have meant another. */
function suffixesOf(given: Given, errors: string[]): readonly string[] {
  const flag = given["allowed-acr-server-suffixes"];
  if (flag?.value.length === 0) {
    errors.push(
      `${flag.spelling}= names no domain: write some, such as azurecr.io, * for every host, or ` +
        "leave it out for azurecr.io, azurecr.us and azurecr.cn.",
    );
  }
  return flag?.value ?? [];
}

function filled(
  flag: { value: string; spelling: string } | undefined,
  absent: string,
  errors: string[],
): string {
  if (flag === undefined) return absent;
  if (flag.value === "" || /\s/.test(flag.value)) {
    errors.push(`${flag.spelling}=${quote(flag.value)} must be one word.`);
  }
  return flag.value;
}

function imageOf({ image }: Given, errors: string[]): string {
  if (image === undefined) return DEFAULTS.image;
  if (!isImage(image.value)) {
    errors.push(
      `--image=${quote(image.value)} is no image: write one such as registry.example/manager:v1.`,
    );
  }
  return image.value;
}

function namespaceOf({ namespace }: Given, errors: string[]): string {
  if (namespace === undefined) return DEFAULTS.namespace;
  if (!DNS_LABEL.test(namespace.value)) {
    errors.push(
      `${namespace.spelling}=${quote(namespace.value)} is no namespace: ` +
        `write up to 63 lower-case letters, digits and dashes.`,
    );
  } else if (RESERVED_NAMESPACES.pattern.test(namespace.value)) {
    errors.push(
      `${namespace.spelling}=${namespace.value} ${RESERVED_NAMESPACES.fault}.`,
    );
  }
  return namespace.value;
}

function replicasOf({ replicas }: Given, errors: string[]): number {
  if (replicas === undefined) return DEFAULTS.replicas;
  if (!/^\d{1,9}$/.test(replicas.value)) {
    errors.push(
      `--replicas=${quote(replicas.value)} is no count: write a whole number such as 2.`,
    );
  }
  return Number(replicas.value);
}

function secretAccessOf(given: Given, errors: string[]): SecretAccess {
  const value = given["secret-access"]?.value ?? DEFAULTS.secretAccess;
  if (value === "watch" || value === "get") return value;
  errors.push(`--secret-access=${quote(value)} is unknown: write watch or get.`);
  return DEFAULTS.secretAccess;
}

/** As the API server has it: no file of a volume has another name. */
const CONFIG_MAP = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const CONFIG_MAP_KEY = /^[-._a-zA-Z0-9]{1,253}$/;

function azureCaOf(given: Given, errors: string[]): ConfigMapKey | undefined {
  const flag = given["azure-ca-configmap"];
  if (flag === undefined || flag.value === "") return undefined;
  const [name = "", key = DEFAULT_CA_KEY, ...others] = flag.value.split("/");
  if (others.length > 0 || !CONFIG_MAP.test(name) || !CONFIG_MAP_KEY.test(key)) {
    errors.push(
      `${flag.spelling}=${
        quote(flag.value)
      } is no ConfigMap: write its name, or NAME/KEY where the ` +
        `certificates are not at its key ${DEFAULT_CA_KEY}.`,
    );
  }
  return { name, key };
}

function extraArgsOf(given: Given, errors: string[]): readonly string[] {
  const args = given["extra-arg"]?.value ?? [];
  errors.push(...extraArgErrors(args));
  return args;
}

/** RBAC knows no audiences: without the policy, the right to mint tokens is for every account. */
function refuseUnguardedTokens(
  given: Given,
  { policies, workloadIdentity }: Settings,
  errors: string[],
): void {
  const areUnguarded = workloadIdentity && !policies;
  const accepted = given["accept-unguarded-tokens"]?.value ?? false;
  if (areUnguarded && !accepted) {
    errors.push(
      "--policies=false lets the operator mint tokens of any service account for the API server " +
        "itself: add --workload-identity=false to do without that right, or " +
        "--accept-unguarded-tokens to leave it unguarded.",
    );
  } else if (accepted && !areUnguarded) {
    errors.push(
      "--accept-unguarded-tokens has no effect without --policies=false and with " +
        "--workload-identity=false: remove it.",
    );
  }
}

function egressOf(given: Given, errors: string[]): readonly EgressRule[] {
  const egress = given["extra-egress"]?.value ?? [];
  if (egress.length > 0 && given["network-policy"]?.value === false) {
    errors.push("--extra-egress has no effect with --network-policy=false: remove it.");
  }
  return parseEgress(egress, errors);
}

function targetOf(given: Given, errors: string[]): Target {
  const output = given.output?.value;
  const chosen = (["apply", "diff", "check"] as const).filter((name) => given[name]?.value);
  if (chosen.length > 1) errors.push(`--${chosen.join(" and --")} exclude one another: give one.`);
  const [kind] = chosen;
  if (kind === "apply" || kind === "diff") {
    if (output !== undefined) errors.push(`--output has no effect with --${kind}: remove it.`);
    return {
      kind,
      force: given["force-conflicts"]?.value ?? false,
      prune: given.prune?.value ?? false,
      ...optional("kubeconfig", given.kubeconfig?.value),
      ...optional("context", given.context?.value),
    };
  }
  for (const name of ["force-conflicts", "prune", "kubeconfig", "context"] as const) {
    if (given[name]) errors.push(`--${name} has no effect without --apply or --diff: remove it.`);
  }
  if (kind === "check") {
    if (output === "-") errors.push("--check compares files: name a directory with --output.");
    return { kind, directory: output || LATEST };
  }
  return output === "-" ? { kind: "print" } : { kind: "write", directory: output || LATEST };
}

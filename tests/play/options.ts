import { parseFlags } from "../../src/cli/flags/flags.ts";
import { FLAGS } from "../../src/cli/flags/flag_table.ts";
import { faultOfHostName } from "../../src/azure/registry.ts";
import { quote } from "../../src/runtime/text/quote.ts";
import { type Task, taskHelp, UsageError } from "../../deploy/task/task.ts";
import { isGuid, isIdentityResourceId, isTenantName } from "../sandbox/azure/identifiers.ts";

const AZURE = "The fake Azure";

const OWN = {
  "azure-knows": {
    kind: "string",
    group: AZURE,
    placeholder: "samples|all",
    default: "samples",
    help: "What it knows: the registries, identities, tenants and federated ServiceAccounts of " +
      "deploy/samples, in any namespace, or all that are well-formed.",
  },
  "azure-registries": {
    kind: "list",
    group: AZURE,
    placeholder: "HOST,...",
    help: "Registries that it knows besides. May be given several times.",
  },
  "azure-identities": {
    kind: "list",
    group: AZURE,
    placeholder: "ID,...",
    help: "Client and resource IDs that it knows besides, as assigned to the nodes and as " +
      "applications. May be given several times.",
  },
  "azure-tenants": {
    kind: "list",
    group: AZURE,
    placeholder: "ID,...",
    help: "Tenants that it knows besides. May be given several times.",
  },
  "azure-subjects": {
    kind: "list",
    group: AZURE,
    placeholder: "NAMESPACE:NAME,...",
    help: "ServiceAccounts that have a federated credential of every identity. May be given " +
      "several times.",
  },
} as const;

/** `deno task start:fake-azure`, but for what it passes on. */
const PLAY = {
  name: "start:fake-azure",
  summary:
    "Runs the controller from source against $KUBECONFIG, with a fake Azure beside it. Nothing is " +
    "sent to Azure, and the tokens are worthless. It also takes the flags that deno task start " +
    "--help lists. It takes no proxy from the environment, nor does a command by which a kubeconfig " +
    "gets its credentials.",
  flags: OWN,
} as const satisfies Task;

/** The text of `--help`. */
export const PLAY_HELP: string = taskHelp(PLAY);

/** What the command line asks for. */
export interface PlayOptions {
  readonly knowsAll: boolean;
  readonly registries: readonly string[];
  readonly identities: readonly string[];
  readonly tenants: readonly string[];
  /** As NAMESPACE:NAME. */
  readonly subjects: readonly string[];
  /** For the operator, as they were given. */
  readonly operatorArgs: readonly string[];
  /** Which cluster the operator is told of by its flags. */
  readonly cluster: { readonly kubeconfig?: string; readonly context?: string };
}

/** The operator's flags and its own beside one another, so that a value is taken for none of them. */
const ALL = { ...FLAGS, ...OWN };

/** Reads the command line; undefined where it asks for help. Throws a UsageError. */
export function parsePlay(args: readonly string[]): PlayOptions | undefined {
  const { given, positionals, errors } = parseFlags(ALL, args);
  if (given.help?.value) return undefined;
  const own = {
    registries: given["azure-registries"]?.value ?? [],
    identities: given["azure-identities"]?.value ?? [],
    tenants: given["azure-tenants"]?.value ?? [],
    subjects: given["azure-subjects"]?.value ?? [],
  };
  const faults = [
    ...errors,
    ...positionals.map((text) => `${quote(text)} is no flag: --help lists them all.`),
    ...knowledgeFaults(given["azure-knows"]?.value),
    ...knownFaults(own),
  ];
  if (faults.length > 0) throw new UsageError(...faults);
  const { kubeconfig, context } = given;
  return {
    knowsAll: given["azure-knows"]?.value === "all",
    ...own,
    operatorArgs: withoutOwn(args),
    cluster: {
      ...(kubeconfig?.value ? { kubeconfig: kubeconfig.value } : {}),
      ...(context?.value ? { context: context.value } : {}),
    },
  };
}

/** What is left for the operator of arguments without a fault, in which each flag has its value. */
function withoutOwn(args: readonly string[]): string[] {
  return args.filter((arg, at) => !isOwn(arg) && !wantsNext(args[at - 1]));
}

function isOwn(arg: string): boolean {
  return Object.hasOwn(OWN, arg.replace(/^--?/, "").split("=", 1)[0]!) && arg.startsWith("-");
}

/** None of its own is a boolean: without `=` the value is the next argument. */
function wantsNext(arg: string | undefined): boolean {
  return arg !== undefined && isOwn(arg) && !arg.includes("=");
}

function knowledgeFaults(value: string | undefined): string[] {
  if (value === undefined || value === "samples" || value === "all") return [];
  return [`--azure-knows=${quote(value)} is unknown: write samples or all.`];
}

type Known = Pick<PlayOptions, "registries" | "identities" | "tenants" | "subjects">;

function knownFaults({ registries, identities, tenants, subjects }: Known): string[] {
  return [
    ...registries.flatMap((host) => {
      const fault = faultOfHostName(host);
      return fault === undefined ? [] : [`--azure-registries: ${fault}.`];
    }),
    ...unfit("identities", identities, (id) => isGuid(id) || isIdentityResourceId(id), IDENTITY),
    ...unfit("tenants", tenants, isTenantName, "no tenant: write its ID or its domain"),
    ...unfit("subjects", subjects, isSubject, "no ServiceAccount: write NAMESPACE:NAME"),
  ];
}

const IDENTITY = "no identity: write its client ID, or its whole resource ID";

function isSubject(text: string): boolean {
  return /^[a-z0-9-]+:[a-z0-9.-]+$/.test(text);
}

function unfit(
  what: keyof Known,
  values: readonly string[],
  isFit: (value: string) => boolean,
  remedy: string,
): string[] {
  return values.filter((value) => !isFit(value)).map((value) =>
    `--azure-${what}=${quote(value)} is ${remedy}.`
  );
}

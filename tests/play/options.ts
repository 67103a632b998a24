import { parseFlags } from "../../src/cli/flags/flags.ts";
import { FLAGS } from "../../src/cli/flags/flag_table.ts";
import { quote } from "../../src/runtime/text/quote.ts";
import { type Task, taskHelp, UsageError } from "../../deploy/task/task.ts";

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
    "--help lists. It cannot use a kubeconfig whose credentials come from a command, since the " +
    "command would meet the fake Azure, too.",
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

const OWN_FLAG = /^--?azure-/;

/** Reads the command line; undefined where it asks for help. Throws a UsageError. */
export function parsePlay(args: readonly string[]): PlayOptions | undefined {
  const help = { help: { ...FLAGS.help, group: AZURE } };
  const own = args.filter((arg) => OWN_FLAG.test(arg));
  const { given, errors: faults } = parseFlags({ ...OWN, ...help }, own);
  const operatorArgs = args.filter((arg) => !OWN_FLAG.test(arg));
  const operator = parseFlags(FLAGS, operatorArgs);
  if (operator.given.help?.value) return undefined;
  const errors = [
    ...faults,
    ...operator.errors,
    ...operator.positionals.map((text) => `${quote(text)} is no flag: --help lists them all.`),
    ...knowledgeFaults(given["azure-knows"]?.value),
    ...subjectFaults(given["azure-subjects"]?.value ?? []),
  ];
  if (errors.length > 0) throw new UsageError(...errors);
  const { kubeconfig, context } = operator.given;
  return {
    knowsAll: given["azure-knows"]?.value === "all",
    registries: given["azure-registries"]?.value ?? [],
    identities: given["azure-identities"]?.value ?? [],
    tenants: given["azure-tenants"]?.value ?? [],
    subjects: given["azure-subjects"]?.value ?? [],
    operatorArgs,
    cluster: {
      ...(kubeconfig?.value ? { kubeconfig: kubeconfig.value } : {}),
      ...(context?.value ? { context: context.value } : {}),
    },
  };
}

function knowledgeFaults(value: string | undefined): string[] {
  if (value === undefined || value === "samples" || value === "all") return [];
  return [`--azure-knows=${quote(value)} is unknown: write samples or all.`];
}

function subjectFaults(subjects: readonly string[]): string[] {
  return subjects.filter((subject) => !/^[a-z0-9-]+:[a-z0-9.-]+$/.test(subject)).map((subject) =>
    `--azure-subjects=${quote(subject)} is no ServiceAccount: write NAMESPACE:NAME.`
  );
}

import { asksForHelp, parseTask, type Task, taskHelp } from "../../deploy/task/task.ts";
import { quote } from "../../src/runtime/text/quote.ts";

/** What the command line asks of the demo. */
export interface DemoOptions {
  /** Create, refresh, delete, and end; without it, a live view until Ctrl-C. */
  readonly once: boolean;
  /** Whether the fake Azure knows all that is well-formed; else only what the samples name. */
  readonly knowsAll: boolean;
  /** The user's own cluster; absent: an API server in memory. */
  readonly cluster?: { readonly kubeconfig: string; readonly context?: string };
}

/** What to do, or what is wrong with the arguments, one sentence an item. */
export type ParsedDemo =
  | { readonly kind: "options"; readonly options: DemoOptions }
  | { readonly kind: "help" }
  | { readonly kind: "errors"; readonly errors: readonly string[] };

const GROUP = "What to show";

const DEMO = {
  name: "demo",
  summary: "Shows the operator at work, with a fake Azure, on an API server in memory.",
  flags: {
    "once": {
      kind: "boolean",
      group: GROUP,
      help:
        "Create every sample of deploy/samples, wait for a refresh, delete them, and exit with 0, " +
        "or with 1 and what did not happen. Without it a live view is shown until Ctrl-C.",
    },
    "azure-knows": {
      kind: "string",
      group: GROUP,
      placeholder: "samples|all",
      default: "samples",
      help: "Which registries, identities, tenants and federated ServiceAccounts the fake Azure " +
        "knows: those of the samples, or every well-formed one, for bindings of your own.",
    },
    "kubeconfig": {
      kind: "string",
      group: GROUP,
      placeholder: "FILE",
      help: "Use your own test cluster instead. The demo says what it will do there before it " +
        "begins, and takes all of it back at the end. Bindings of yours are left alone.",
    },
    "context": {
      kind: "string",
      group: GROUP,
      placeholder: "NAME",
      default: "the file's current-context",
      help: "Context to use from that file.",
    },
  },
} as const satisfies Task;

/** The text of `--help`. */
export const HELP: string = taskHelp(DEMO);

/** Reads the arguments after the program's name. All errors come at once. */
export function parseDemoOptions(args: readonly string[]): ParsedDemo {
  if (asksForHelp(DEMO, args)) return { kind: "help" };
  const { given, errors: faults } = parseTask(DEMO, args);
  const errors = [
    ...faults,
    ...knowledgeFaults(given["azure-knows"]?.value),
    ...clusterFaults(given.kubeconfig?.value, given.context?.value),
  ];
  if (errors.length > 0) return { kind: "errors", errors };
  const kubeconfig = given.kubeconfig?.value;
  const context = given.context?.value;
  const cluster = kubeconfig && { kubeconfig, ...(context ? { context } : {}) };
  return {
    kind: "options",
    options: {
      once: given.once?.value ?? false,
      knowsAll: given["azure-knows"]?.value === "all",
      ...(cluster ? { cluster } : {}),
    },
  };
}

function knowledgeFaults(value: string | undefined): string[] {
  if (value === undefined || value === "samples" || value === "all") return [];
  return [`--azure-knows=${quote(value)} is unknown: write samples or all.`];
}

function clusterFaults(kubeconfig: string | undefined, context: string | undefined): string[] {
  if (kubeconfig === "") return ["--kubeconfig needs a value: write --kubeconfig=FILE."];
  if (context === "") return ["--context needs a value: write --context=NAME."];
  if (context === undefined || kubeconfig !== undefined) return [];
  return [`--context=${quote(context)} has no effect without --kubeconfig: add it.`];
}

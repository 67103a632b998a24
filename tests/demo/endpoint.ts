import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { shellWord } from "../../deploy/task/shell.ts";
import type { FetchRestClient } from "../../src/kubernetes/http/transport.ts";

/** An API server to run the demo on, and how the user reaches it with kubectl. */
export interface Endpoint extends AsyncDisposable {
  /** Names the server in few words. */
  readonly title: string;
  /** Lines to paste into a shell. */
  readonly kubectl: KubectlLines;
  /** Whether the server holds other things than the demo's, which are to be left alone. */
  readonly shared: boolean;
  /** Makes a client of its own; whoever asks for it closes it. */
  connect(): FetchRestClient;
}

/** What a user pastes into a shell. */
export interface KubectlLines {
  /** Comes before all others. */
  readonly setup: string;
  /** Watches the bindings: one line for each API, since kubectl watches one resource at a time. */
  readonly watch: readonly string[];
  /** Each breaks a binding of the samples in another way. */
  readonly breaking: readonly string[];
  /** Heals them all. */
  readonly healing: string;
}

const BROKEN = ["registry", "identity", "account"].map((name) => pathOf(`bad/${name}.yaml`));
const SAMPLES = pathOf("../../deploy/samples");
/** Fields that another line has changed are changed back. */
const APPLY = "apply --server-side --force-conflicts -f";

/** Which cluster the lines are for. */
export interface KubectlTarget {
  readonly kubeconfig: string;
  readonly flags?: readonly string[];
  /** The only namespace to look at. */
  readonly namespace?: string;
  /** Where the user is, from where files are named. */
  readonly directory: string;
}

/** The lines for a cluster. */
export function kubectlLines(target: KubectlTarget): KubectlLines {
  const { kubeconfig, flags = [], namespace, directory } = target;
  const kubectl = ["kubectl", ...flags.map(shellWord)].join(" ");
  const inNamespace = namespace === undefined ? kubectl : `${kubectl} -n ${namespace}`;
  const scope = namespace === undefined ? "-A" : `-n ${namespace}`;
  const apply = (path: string) =>
    `${inNamespace} ${APPLY} ${shellWord(relative(directory, path) || ".")}`;
  return {
    setup: `export KUBECONFIG=${shellWord(kubeconfig)}`,
    watch: ["apb", "acrpullbindings.msi-acrpull.microsoft.com"].map((resource) =>
      `${kubectl} get ${resource} ${scope} -w`
    ),
    breaking: BROKEN.map(apply),
    healing: apply(SAMPLES),
  };
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

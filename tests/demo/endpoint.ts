import { shellWord } from "../../deploy/task/shell.ts";
import type { FetchRestClient } from "../../src/kubernetes/transport.ts";

/** An API server to run the demo on, and how the user reaches it with kubectl. */
export interface Endpoint extends AsyncDisposable {
  /** Names the server in few words. */
  readonly title: string;
  /** Lines to paste for kubectl, to watch the bindings of either API. */
  readonly kubectl: readonly string[];
  /** Whether the server holds other things than the demo's, which are to be left alone. */
  readonly shared: boolean;
  /** Makes a client of its own; whoever asks for it closes it. */
  connect(): FetchRestClient;
}

/**
 * kubectl takes the short name for one API, the first by name, and watches one resource at a time,
 * so the other API needs a line of its own.
 */
export function kubectlLines(flags: readonly string[], namespace?: string): string[] {
  const scope = namespace === undefined ? "-A" : `-n ${namespace}`;
  const kubectl = ["kubectl", ...flags.map(shellWord)].join(" ");
  return ["apb", "acrpullbindings.msi-acrpull.microsoft.com"].map((resource) =>
    `${kubectl} get ${resource} ${scope} -w`
  );
}

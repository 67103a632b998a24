// First of all: it gives up a right that no other module may have.
import "./cli/permissions/proxy.ts";
import { parseOptions } from "./cli/flags/options.ts";
import { runOperator } from "./cli/operator/operator.ts";
import { helpText } from "./cli/flags/help.ts";
import { VERSION, versionText } from "./cli/version.ts";
import { caBundleFaults } from "./cli/operator/ca_bundle.ts";
import { listeningFaults } from "./cli/permissions/listening.ts";
import {
  narrowSandbox,
  processNet,
  sandboxFaults,
  sandboxRemarks,
} from "./cli/permissions/sandbox.ts";
import { processDependencies } from "./cli/operator/process_dependencies.ts";
import { usageErrorText } from "./cli/flags/usage_error.ts";
import { maskSecrets } from "./runtime/masking/mask.ts";

/** Exit code for arguments that cannot be used, as of Go's flag package. */
const USAGE_ERROR = 2;

/** Runs the program with `args`. Answers its exit code. `commit` is what it was built from. */
export async function main(args: readonly string[], commit?: string): Promise<number> {
  const parsed = parseOptions(args, (name) => Deno.env.get(name));
  switch (parsed.kind) {
    case "help":
      return print(Deno.stdout, helpText());
    case "version":
      return print(Deno.stdout, versionText(Deno.version.deno, commit));
    case "errors":
      return refuse(parsed.errors);
    case "options": {
      const faults = [
        ...sandboxFaults(parsed.options, processNet),
        ...listeningFaults(parsed.options, processNet),
        ...caBundleFaults(parsed.options),
      ];
      if (faults.length > 0) return refuse(faults);
      narrowSandbox(parsed.options, processNet);
      return await operate(parsed.options);
    }
  }
}

function refuse(errors: readonly string[]): number {
  print(Deno.stderr, usageErrorText(errors));
  return USAGE_ERROR;
}

async function operate(
  options: Extract<ReturnType<typeof parseOptions>, { kind: "options" }>["options"],
): Promise<number> {
  const ended = new AbortController();
  const stop = () => ended.abort();
  const signals = ["SIGTERM", "SIGINT"] as const;
  for (const name of signals) Deno.addSignalListener(name, stop);
  const dependencies = processDependencies(options, VERSION);
  const { log } = dependencies;
  try {
    log.info("starting", { version: VERSION });
    for (const remark of sandboxRemarks(options, processNet)) log.warn(remark);
    await runOperator(options, await dependencies.connect(), ended.signal);
    log.info("stopped");
    return 0;
  } catch (error) {
    log.error("stopped by an error", { error });
    return 1;
  } finally {
    for (const name of signals) Deno.removeSignalListener(name, stop);
  }
}

function print(stream: { writeSync(bytes: Uint8Array): number }, text: string): number {
  stream.writeSync(new TextEncoder().encode(text));
  return 0;
}

/** An error that nothing expected: said as it is, with its stack, since only a programmer can help. */
function crash(error: unknown): never {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  print(Deno.stderr, `${maskSecrets(text)}\n`);
  Deno.exit(70);
}

/** Runs the process as its command line says, and ends it. */
export function run(commit?: string): void {
  main(Deno.args, commit).then((code) => Deno.exit(code), crash);
}

if (import.meta.main) run();

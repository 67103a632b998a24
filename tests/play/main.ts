/**
 * `deno task start:fake-azure`: the operator against any API server, as `deno task start` runs it,
 * with a fake Azure beside it.
 */
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { print, UsageError } from "../../deploy/task/task.ts";
import { PROXY_VARIABLES } from "../../src/cli/permissions/proxy_variables.ts";
import { resolveCluster } from "../../src/kubernetes/config/resolve.ts";
import { systemClock } from "../../src/runtime/time/clock.ts";
import { readSamples } from "../demo/samples.ts";
import { FakeAzure } from "../sandbox/azure/azure.ts";
import type { Front } from "../sandbox/azure/front.ts";
import { type Reach, REACH_FAKE } from "./reach_fake.ts";
import { unknownCalls } from "./unknown_calls.ts";
import { knowledge } from "./knowledge.ts";
import { parsePlay, PLAY_HELP } from "./options.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SAMPLES = `${ROOT}deploy/samples`;

async function main(args: readonly string[]): Promise<number> {
  const options = parsePlay(args);
  if (options === undefined) {
    print(Deno.stdout, PLAY_HELP);
    return 0;
  }
  const { server, origin } = await resolveCluster(options.cluster);
  const azure = new FakeAzure({
    clock: systemClock,
    ...knowledge(options, await readSamples(SAMPLES)),
  });
  await using front = await azure.listen();
  const directory = await Deno.makeTempDir({ prefix: "msi-acrpull-play-" });
  try {
    const certificate = `${directory}/fake-azure-ca.pem`;
    await Deno.writeTextFile(certificate, front.caPem);
    print(
      Deno.stderr,
      `A fake Azure stands beside the operator, which serves ${server} (${origin}). Its tokens ` +
        "are worthless.\n",
    );
    const env = { ...environment(front, server), DENO_CERT: certificate };
    return await operator(options.operatorArgs, env);
  } finally {
    await Deno.remove(directory, { recursive: true });
    for (const line of unknownCalls([...azure.unexpected(), ...azure.violations()])) {
      print(Deno.stderr, `${line}\n`);
    }
  }
}

const OTHERS = ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];

/** What leads the operator to the front alone, whatever proxy this process is told to use. */
function environment(front: Front, server: string): Record<string, string> {
  const reach: Reach = { proxy: front.proxyUrl, apiServer: new URL(server).hostname };
  const { AZURE_POD_IDENTITY_AUTHORITY_HOST = "", DENO_NO_UPDATE_CHECK = "" } = front.env;
  return {
    AZURE_POD_IDENTITY_AUTHORITY_HOST,
    DENO_NO_UPDATE_CHECK,
    ...Object.fromEntries([...PROXY_VARIABLES, ...OTHERS].map((name) => [name, ""])),
    [REACH_FAKE]: JSON.stringify(reach),
  };
}

/**
 * Runs the operator by the very command of `deno task start`, but for how it reaches Azure. Answers
 * its exit code.
 */
async function operator(
  args: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  const [, run, ...command] = config.tasks.start.command.split(" ");
  const child = new Deno.Command(Deno.execPath(), {
    args: [run!, "--preload=tests/play/reach_fake.ts", ...command, ...args],
    cwd: ROOT,
    env,
  }).spawn();
  // On Ctrl-C the terminal tells the child too; it ends at the first word, and this after it.
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => tell(child, name));
  }
  return (await child.status).code;
}

function tell(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError)) throw error;
  }
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args));
  } catch (error) {
    print(Deno.stderr, `${error instanceof Error ? error.message : error}\n`);
    Deno.exit(error instanceof UsageError ? 2 : 1);
  }
}

import { fileURLToPath } from "node:url";
import type { CallKind } from "../../sandbox/azure/calls.ts";
import type { TokenLifetimes } from "../../sandbox/azure/options.ts";
import type { Served } from "./azure_process.ts";
import { readLines } from "./lines.ts";

const PROGRAM = fileURLToPath(new URL("azure_process.ts", import.meta.url));

/** All of 127.0.0.0/8 is loopback; here nobody else listens. */
const IMDS_ADDRESS = "127.169.254.1";

/** Takes connections, and answers none. */
const HANGING_ADDRESS = "127.169.253.1";

/** What a fake Azure is to answer. */
export interface AzureSetup {
  readonly hosts: readonly string[];
  /** Hosts that take connections and never answer. */
  readonly hanging?: readonly string[];
  /** Those that Azure documents, unless told. */
  readonly tokenLifetimeMs?: Partial<TokenLifetimes>;
}

function addressOf(index: number): string {
  return `127.169.254.${index + 2}`;
}

/** What a fake Azure has seen. */
export interface AzureSeen {
  readonly calls: Readonly<Record<CallKind, number>>;
  /** Requests that each of IMDS's limits refused. */
  readonly throttles: { readonly rate: number; readonly concurrency: number };
  /** Requests that nobody should have sent, and departures from the protocol. */
  readonly problems: readonly string[];
}

/** A fake Azure in a process of its own. */
export class AzureProcess implements AsyncDisposable {
  /** Environment of an operator that is to use it. */
  readonly env: Readonly<Record<string, string>>;
  /** Leads to its hosts, in place of /etc/hosts. */
  readonly hostsFile: string;
  /** Host and port of its IMDS. */
  readonly imds: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(
    child: Deno.ChildProcess,
    lines: AsyncGenerator<string>,
    { hostsFile, caFile }: { hostsFile: string; caFile: string },
  ) {
    this.#child = child;
    this.#lines = lines;
    this.#input = child.stdin.getWriter();
    this.hostsFile = hostsFile;
    this.imds = `${IMDS_ADDRESS}:80`;
    this.env = {
      AZURE_POD_IDENTITY_AUTHORITY_HOST: `http://${IMDS_ADDRESS}`,
      DENO_CERT: caFile,
    };
  }

  /** Starts one that answers as each of the hosts. Its files go into `directory`. */
  static async start(
    directory: string,
    { hosts, hanging = [], tokenLifetimeMs = {} }: AzureSetup,
  ): Promise<AzureProcess> {
    const addresses = hosts.map((host, index) => [host, addressOf(index)] as const);
    const names = [...addresses, ...hanging.map((host) => [host, HANGING_ADDRESS] as const)];
    const served: Served = {
      imds: IMDS_ADDRESS,
      hanging: HANGING_ADDRESS,
      hosts: addresses,
      tokenLifetimeMs,
    };
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", PROGRAM, JSON.stringify(served)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = readLines(child.stdout);
    const { caPem } = await next(lines) as { caPem: string };
    const files = { caFile: `${directory}/azure-ca.pem`, hostsFile: `${directory}/azure-hosts` };
    await Deno.writeTextFile(files.caFile, caPem);
    await Deno.writeTextFile(
      files.hostsFile,
      ["127.0.0.1 localhost", ...names.map(([host, address]) => `${address} ${host}`), ""]
        .join("\n"),
    );
    return new AzureProcess(child, lines, files);
  }

  /** What it has seen so far. */
  async seen(): Promise<AzureSeen> {
    await this.#input.write(new TextEncoder().encode("seen\n"));
    return await next(this.#lines) as AzureSeen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#child.stdout.cancel().catch(() => {}); // It is locked by the reader of lines.
    await this.#child.status;
  }
}

/** What came between two moments. */
export function seenBetween(before: AzureSeen, after: AzureSeen): AzureSeen {
  const { calls, throttles } = before;
  return {
    calls: {
      imds: after.calls.imds - calls.imds,
      entra: after.calls.entra - calls.entra,
      exchange: after.calls.exchange - calls.exchange,
      token: after.calls.token - calls.token,
    },
    throttles: {
      rate: after.throttles.rate - throttles.rate,
      concurrency: after.throttles.concurrency - throttles.concurrency,
    },
    problems: after.problems.slice(before.problems.length),
  };
}

async function next(lines: AsyncGenerator<string>): Promise<unknown> {
  const { done, value } = await lines.next();
  if (done) throw new Error("the fake Azure ended; its error stands above");
  return JSON.parse(value);
}

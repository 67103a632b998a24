import { NO_BUILD } from "../../e2e/servers/binaries.ts";

/** A value of NO_PROXY, and what Go calls without a proxy by it. */
export interface NoProxyCase {
  readonly name: string;
  readonly noProxy: string;
  readonly direct: readonly string[];
  readonly proxied: readonly string[];
}

const HERE = new URL(".", import.meta.url);

/** The table, which Go has computed: tests/unit/runtime/no_proxy_test.ts does so anew. */
export function noProxyCases(): readonly NoProxyCase[] {
  return JSON.parse(Deno.readTextFileSync(new URL("cases.json", HERE))) as NoProxyCase[];
}

/** For each URL of each value, whether Go calls it without a proxy. Needs Go. */
export async function computedByGo(
  cases: readonly { readonly noProxy: string; readonly urls: readonly string[] }[],
): Promise<boolean[][]> {
  const child = new Deno.Command("go", {
    args: ["run", "."],
    cwd: HERE,
    env: { GOWORK: "off", CGO_ENABLED: "0" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(cases)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(`go run . failed: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as boolean[][];
}

/**
 * What of Go is lacking; undefined where it is there, and in CI, where nothing may be skipped.
 * `deno task test:fast` builds nothing.
 */
export function lackOfGo(env: (name: string) => string | undefined): string | undefined {
  if (env(NO_BUILD)) return "needs Go, which this task does without";
  if (!["", "0", "false"].includes(env("CI") ?? "")) return undefined;
  try {
    new Deno.Command("go", { args: ["version"], stdin: "null" }).outputSync();
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "needs Go: put it on PATH";
  }
}

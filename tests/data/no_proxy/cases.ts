import { askGo } from "../../suites/go_program.ts";

/** A value of NO_PROXY, and what Go calls without a proxy by it. */
export interface NoProxyCase {
  readonly name: string;
  readonly noProxy: string;
  readonly direct: readonly string[];
  readonly proxied: readonly string[];
}

const HERE = new URL(".", import.meta.url);

/** The table, which Go has computed: tests/unit/runtime/network/no_proxy_test.ts does so anew. */
export function noProxyCases(): readonly NoProxyCase[] {
  return JSON.parse(Deno.readTextFileSync(new URL("cases.json", HERE))) as NoProxyCase[];
}

/** For each URL of each value, whether Go calls it without a proxy. Needs Go. */
export function computedByGo(
  cases: readonly { readonly noProxy: string; readonly urls: readonly string[] }[],
): Promise<boolean[][]> {
  return askGo({ module: HERE, package: "." }, cases);
}

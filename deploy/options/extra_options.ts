import { isIP } from "node:net";
import { quote } from "../../src/runtime/text/quote.ts";
import { OPTION_OF_VARIABLE } from "./option_of_variable.ts";
import type { EgressRule, EnvironmentVariable } from "../manifests/settings.ts";

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Reads each `--extra-env`, NAME=VALUE; the value may be empty and hold anything. */
export function parseEnv(
  given: readonly string[],
  errors: string[],
): readonly EnvironmentVariable[] {
  const seen = new Set<string>();
  return given.flatMap((text) => {
    const [name, value] = splitAt(text, text.indexOf("="));
    if (value === undefined || !VARIABLE.test(name)) {
      errors.push(`--extra-env=${quote(text)} is no variable: write NAME=VALUE.`);
      return [];
    }
    const option = OPTION_OF_VARIABLE.get(name);
    if (option !== undefined) errors.push(`--extra-env=${name} has an option: use ${option}.`);
    if (seen.has(name)) errors.push(`--extra-env=${name} is given twice: remove one.`);
    seen.add(name);
    return [{ name, value }];
  });
}

/** Reads each `--extra-egress`, CIDR:PORT. An IPv6 CIDR has its own colons, so the last one counts. */
export function parseEgress(given: readonly string[], errors: string[]): readonly EgressRule[] {
  return given.flatMap((text) => {
    const [cidr, digits = ""] = splitAt(text, text.lastIndexOf(":"));
    const port = /^[1-9]\d{0,4}$/.test(digits) ? Number(digits) : 0;
    if (isCidr(cidr) && port > 0 && port <= 65535) return [{ cidr, port }];
    errors.push(
      `--extra-egress=${quote(text)} is no CIDR with a port: write one such as 10.0.0.4/32:3128.`,
    );
    return [];
  });
}

function isCidr(text: string): boolean {
  const [address, bits = ""] = splitAt(text, text.indexOf("/"));
  const longest = { 4: 32, 6: 128 }[isIP(address)];
  return longest !== undefined && /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= longest;
}

function splitAt(text: string, at: number): [string, string?] {
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

import {
  type IpAddress,
  type IpNetwork,
  isLoopback,
  isWithinNetwork,
  parseCidr,
  parseIp,
} from "./ip_address.ts";

/** A host as it is called: `ip` where it is an address, and no name. */
interface Target {
  readonly host: string;
  readonly port: string;
  readonly ip: IpAddress | undefined;
}

type Matcher = (target: Target) => boolean;

/**
 * Reads NO_PROXY as golang.org/x/net/http/httpproxy does, which Go programs and so the reference go
 * by. Answers whether a URL's host is to be called without a proxy. What Go takes no notice of is
 * taken no notice of here: an entry that is malformed matches nothing.
 */
export function parseNoProxy(value: string): (url: URL) => boolean {
  const entries = value.split(",").map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "");
  const all = entries.includes("*");
  const matchers = all ? [] : entries.flatMap((entry) => matcherOf(entry) ?? []);
  return (url) => {
    const target = targetOf(url);
    if (target.host === "localhost") return true;
    if (target.ip !== undefined && isLoopback(target.ip)) return true;
    return all || matchers.some((matches) => matches(target));
  };
}

const PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

function targetOf({ hostname, port, protocol }: URL): Target {
  const host = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return { host, port: port || (PORTS[protocol] ?? ""), ip: parseIp(host) };
}

function matcherOf(entry: string): Matcher | undefined {
  const network = parseCidr(entry);
  if (network !== undefined) return ofNetwork(network);
  const { host, port } = splitHostPort(entry) ?? { host: entry, port: "" };
  if (host === "") return undefined;
  const ip = parseIp(host);
  const network32 = ip && { address: ip, bits: ip.length * 8 };
  const matches = network32 ? ofNetwork(network32) : ofDomain(host);
  return (target) => (port === "" || port === target.port) && matches(target);
}

function ofNetwork(network: IpNetwork): Matcher {
  return ({ ip }) => ip !== undefined && isWithinNetwork(network, ip);
}

/** `.example` and `*.example` are what is under it; `example` is that and itself. */
function ofDomain(entry: string): Matcher {
  const starless = entry.startsWith("*.") ? entry.slice(1) : entry;
  const itself = !starless.startsWith(".");
  const suffix = inAscii(itself ? `.${starless}` : starless);
  return ({ host, ip }) =>
    ip === undefined && (host.endsWith(suffix) || (itself && host === suffix.slice(1)));
}

/** A name in Unicode as URLs have it. */
function inAscii(suffix: string): string {
  // deno-lint-ignore no-control-regex -- all of ASCII, and nothing else
  if (/^[\x00-\x7f]*$/.test(suffix)) return suffix;
  const url = `http://${suffix.slice(1)}/`;
  return !/[/?#@:\\]/.test(suffix) && URL.canParse(url) ? `.${new URL(url).hostname}` : suffix;
}

/** As Go's net.SplitHostPort: undefined where there is no port, or no telling where it begins. */
function splitHostPort(text: string): { host: string; port: string } | undefined {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return undefined;
  const [before, port] = [text.slice(0, colon), text.slice(colon + 1)];
  if (!text.startsWith("[")) {
    return /[:[\]]/.test(before + port) ? undefined : { host: before, port };
  }
  const inside = before.slice(1, -1);
  if (!before.endsWith("]") || /[[\]]/.test(inside + port)) return undefined;
  return { host: inside, port };
}

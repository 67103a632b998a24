import type { Route } from "../runtime/network/proxy_route.ts";
import {
  CONNECTION_RULES,
  type ConnectionFailure,
  PROXY_SCHEME,
  reachability,
} from "./connection_rules.ts";

/** Of any other failure to get an answer. */
const UNREACHABLE: ConnectionFailure = {
  reason: "Unreachable",
  problem: (host) => `${host} could not be reached, or gave no answer`,
  remedy: reachability,
};

/** Of a call whose first step, to the proxy, failed. */
const PROXY_UNREACHABLE: ConnectionFailure = {
  reason: "ProxyUnreachable",
  problem: (host) => `The proxy on the way to ${host} cannot be reached`,
  remedy: () =>
    "Correct HTTPS_PROXY, or NO_PROXY, and check that a network policy lets the operator reach the " +
    "proxy.",
};

/** Of a proxy whose protocol is not that of its URL's scheme, in words that no rule knows. */
const PROXY_NOT_UNDERSTOOD: ConnectionFailure = {
  reason: "ProxyNotUnderstood",
  problem: (host) => `The proxy on the way to ${host} answers as no proxy of its kind does`,
  remedy: () => PROXY_SCHEME,
};

const HTTP_PROXY =
  "If the proxy itself speaks no TLS, write http:// into HTTPS_PROXY. Otherwise look for " +
  "another service in the host's place.";

/** Who names an authority by mistake names the host, or the authority above one that is missing. */
const ADD_AUTHORITY =
  "The bundle of --azure-ca-bundle lacks it: add the authority's certificate there, not the host's, " +
  "and those of authorities between that the host does not send.";

/** Deno nests the cause twice; what a chain holds beyond is nobody's. */
const DEEPEST = 4;

/** How a host was called. */
export interface Way {
  /** To the host, unless told, or to a proxy. */
  readonly route?: Route | undefined;
  /** Whether there is a bundle of further authorities. */
  readonly hasBundle?: boolean | undefined;
}

/** What a rejection of fetch says of the connection. */
export function connectionFailure(error: unknown, way: Way = {}): ConnectionFailure {
  const text = causeOf(error).message;
  const rule = CONNECTION_RULES.find(({ saying }) => text.includes(saying));
  const failure = way.route === "proxied" ? byProxy(text, rule) : rule ?? UNREACHABLE;
  if (!way.hasBundle || failure.reason !== "CertificateNotTrusted") return failure;
  return { ...failure, remedy: () => ADD_AUTHORITY };
}

function byProxy(text: string, rule: ConnectionFailure | undefined): ConnectionFailure {
  if (text.includes("dns error") || text.includes("tcp connect error")) return PROXY_UNREACHABLE;
  if (rule === undefined) return isOfConnect(text) ? PROXY_NOT_UNDERSTOOD : UNREACHABLE;
  if (!isOfTls(rule)) return rule;
  return {
    ...rule,
    problem: (host) => rule.problem(whoseTls(text, host)),
    ...(rule.reason === "NotTls" ? { remedy: () => HTTP_PROXY } : {}),
  };
}

function isOfTls({ reason }: ConnectionFailure): boolean {
  return reason.startsWith("Certificate") || reason === "TlsRefused" || reason === "NotTls";
}

/** TLS is spoken with the host, and before that with a proxy by https://. Only names tell which. */
function whoseTls(text: string, host: string): string {
  const [name] = host.split(":");
  if (text.includes(`not valid for name "${name}"`)) return host;
  if (text.includes("not valid for name")) return `the proxy on the way to ${host}`;
  return `${host} or its https:// proxy`;
}

/** Whether fetch failed before a connection was there. Deno says so in the cause's text alone. */
export function isConnectFailure(error: unknown): boolean {
  return isOfConnect(causeOf(error).message);
}

function isOfConnect(text: string): boolean {
  return text.includes("client error (Connect)");
}

/**
 * The innermost cause of an error, which alone tells: the outermost says `fetch failed` and nothing
 * else. Without the URL in front, whose query is long and says nothing new.
 */
export function causeOf(error: unknown): Error {
  let cause = error instanceof Error ? error : new Error(String(error));
  for (let depth = 0; depth < DEEPEST && cause.cause instanceof Error; depth++) cause = cause.cause;
  const told = cause.message.indexOf("client error");
  return told <= 0 ? cause : new Error(cause.message.slice(told), { cause: error });
}

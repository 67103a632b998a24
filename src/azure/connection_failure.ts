import type { Route } from "../runtime/network/proxy_route.ts";
import type { AzureEndpoint } from "./errors.ts";

/** Why there was no answer, as the text of a failed connection tells. */
export interface ConnectionFailure {
  /** One CamelCase word for conditions and metrics. */
  readonly reason: string;
  /** What went wrong at `host`, without closing full stop. */
  readonly problem: (host: string) => string;
  readonly remedy: (endpoint: AzureEndpoint) => string;
}

interface Rule extends ConnectionFailure {
  /** Part of the text by which Deno 2.9.6 (rustls, hyper, the system) tells of it. */
  readonly saying: string;
}

const rule = (
  saying: string,
  reason: string,
  problem: (host: string) => string,
  remedy: string | ((endpoint: AzureEndpoint) => string),
): Rule => ({
  saying,
  reason,
  problem,
  remedy: typeof remedy === "string" ? () => remedy : remedy,
});

const CLOCK = "Have it renewed; if others find it valid, set the clock of the operator's node.";
const PASSED_ON = "Let it pass connections to this host and its port 443.";

/**
 * The first that matches tells. The texts were recorded from real sockets, in
 * tests/data/connection-failures.jsonl, and name no remedy that an administrator could use.
 */
const RULES: readonly Rule[] = [
  // One authority's name may be another's, such as its predecessor's: then the signature is wrong.
  ...["UnknownIssuer", "BadSignature"].map((fault) =>
    rule(
      `invalid peer certificate: ${fault}`,
      "CertificateNotTrusted",
      (host) => `The certificate of ${host} is from an authority that is not trusted`,
      "If that is an authority of your own, or of TLS inspection, name its certificate by " +
        "--azure-ca-bundle.",
    )
  ),
  rule(
    "invalid peer certificate: certificate expired",
    "CertificateExpired",
    (host) => `The certificate of ${host} has expired`,
    CLOCK,
  ),
  rule(
    "invalid peer certificate: certificate not valid yet",
    "CertificateNotYetValid",
    (host) => `The certificate of ${host} is not valid yet`,
    CLOCK,
  ),
  rule(
    "invalid peer certificate: certificate not valid for name",
    "CertificateNameMismatch",
    (host) => `The certificate of ${host} is for another name`,
    "Correct the name, or look for DNS or a proxy that leads elsewhere.",
  ),
  rule(
    "invalid peer certificate",
    "CertificateInvalid",
    (host) => `The certificate of ${host} is not valid`,
    "Look for the cause in the operator's log, and for TLS inspection on the way to this host.",
  ),
  rule(
    "Temporary failure in name resolution",
    "NameServerFailed",
    (host) => `No DNS server told the address of ${host}`,
    "Check the cluster's DNS, and that a network policy lets the operator reach it.",
  ),
  rule(
    "dns error",
    "NameNotFound",
    (host) => `The name ${host} does not exist in DNS`,
    (endpoint) =>
      endpoint === "exchange" || endpoint === "token"
        ? "Correct the registry's name, or complete the private endpoint's DNS zone."
        : "Correct the name, or complete the cluster's DNS.",
  ),
  rule(
    "proxy authentication required",
    "ProxyRefused",
    (host) => `The proxy wants a name and a password to pass connections to ${host}`,
    "Write them into HTTPS_PROXY, or let the proxy pass the operator without.",
  ),
  ...["unsuccessful tunnel", "unexpected eof while tunneling"].map((saying) =>
    rule(
      saying,
      "ProxyRefused",
      (host) => `The proxy passes no connection to ${host}`,
      PASSED_ON,
    )
  ),
  rule(
    "Connection refused",
    "ConnectionRefused",
    (host) => `The connection to ${host} was refused`,
    reachability,
  ),
  ...["Network is unreachable", "No route to host", "Host is unreachable"].map((saying) =>
    rule(saying, "NoRoute", (host) => `There is no route to ${host}`, reachability)
  ),
  rule(
    "Connection timed out",
    "TimedOut",
    (host) => `The connection to ${host} timed out`,
    reachability,
  ),
  ...["peer is incompatible", "received fatal alert: ProtocolVersion"].map((saying) =>
    rule(
      saying,
      "TlsRefused",
      (host) => `What answers as ${host} knows no TLS that is fit for use`,
      "Look for a proxy or TLS inspection that lacks TLS 1.2.",
    )
  ),
  ...["tls handshake eof", "received fatal alert"].map((saying) =>
    rule(
      saying,
      "TlsRefused",
      (host) => `The TLS handshake with ${host} was broken off`,
      "Look for a firewall that admits only certain names.",
    )
  ),
  rule(
    "received corrupt message",
    "NotTls",
    (host) => `What answers as ${host} speaks no TLS`,
    "Look for a proxy or another service in its place.",
  ),
  ...["Connection reset", "connection closed", "broken pipe"].map((saying) =>
    rule(
      saying,
      "ConnectionReset",
      (host) => `The connection to ${host} was broken off without an answer`,
      "Look for a firewall or a proxy on the way to this host.",
    )
  ),
];

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

/** Deno nests the cause twice; what a chain holds beyond is nobody's. */
const DEEPEST = 4;

/** What a rejection of fetch says of the connection, which by `route` is to the host or a proxy. */
export function connectionFailure(error: unknown, route: Route = "direct"): ConnectionFailure {
  const text = causeOf(error).message;
  const ofPeer = text.includes("dns error") || text.includes("tcp connect error");
  if (route === "proxied" && ofPeer) return PROXY_UNREACHABLE;
  return RULES.find(({ saying }) => text.includes(saying)) ?? UNREACHABLE;
}

/** Whether fetch failed before a connection was there. Deno says so in the cause's text alone. */
export function isConnectFailure(error: unknown): boolean {
  return causeOf(error).message.includes("client error (Connect)");
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

/** Where to look when a service cannot be reached. */
export function reachability(endpoint: AzureEndpoint): string {
  if (endpoint === "imds") {
    return "Check that the operator runs on an Azure node and that no network policy blocks 169.254.169.254.";
  }
  if (endpoint === "entra") return "Check DNS, firewall and proxy on the way to this host.";
  return "Check the registry's name, and DNS, firewall and private endpoint on the way to it.";
}

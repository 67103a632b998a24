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

/** Also of a proxy that Deno knows another protocol for than it speaks. */
export const PROXY_SCHEME =
  "Correct HTTPS_PROXY: its scheme is the protocol that the proxy at this host and port speaks.";

const CLOCK = "Have it renewed; if others find it valid, set the clock of the operator's node.";
/** A proxy asks DNS itself, so that it alone knows of a name that is missing. */
function passedOn(endpoint: AzureEndpoint): string {
  const pass = "the proxy pass connections to this host and its port 443. If the proxy itself " +
    "speaks TLS, write https:// into HTTPS_PROXY.";
  return isRegistry(endpoint) ? `Correct the registry's name, or let ${pass}` : `Let ${pass}`;
}

function isRegistry(endpoint: AzureEndpoint): boolean {
  return endpoint === "exchange" || endpoint === "token";
}

/**
 * The first that matches tells. The texts were recorded from real sockets, in
 * tests/data/connection-failures.jsonl, and name no remedy that an administrator could use.
 */
export const CONNECTION_RULES: readonly Rule[] = [
  // One authority's name may be another's, such as its predecessor's: then the signature is wrong.
  ...["UnknownIssuer", "BadSignature"].map((fault) =>
    rule(
      `invalid peer certificate: ${fault}`,
      "CertificateNotTrusted",
      (host) => `The certificate of ${host} is from an authority that is not trusted`,
      "If that is an authority of your own, or of TLS inspection, have --azure-ca-bundle name its " +
        "certificate, and those of authorities between that the host does not send.",
    )
  ),
  // What `openssl req -x509` makes: it is trusted no more where the bundle has it.
  rule(
    "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
    "CertificateOfAuthority",
    (host) => `The certificate of ${host} is an authority's own, which no server may show`,
    "Have an authority sign one for the host; a certificate that signed itself does not do.",
  ),
  rule(
    "invalid peer certificate: Other(OtherError(NameConstraintViolation))",
    "CertificateNameConstrained",
    (host) => `The certificate of ${host} is from an authority that may not sign for this name`,
    "Have an authority sign it whose name constraints permit the host.",
  ),
  rule(
    "invalid peer certificate: UnsupportedSignatureAlgorithm",
    "CertificateSignatureRefused",
    (host) => `The certificate of ${host} is signed by an algorithm that is not taken`,
    "Have it signed anew with SHA-256 or better, by a key of RSA, P-256 or P-384.",
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
      isRegistry(endpoint)
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
      passedOn,
    )
  ),
  ...["proxy headers too long", "Invalid response version"].map((saying) =>
    rule(
      saying,
      "ProxyNotUnderstood",
      (host) => `The proxy on the way to ${host} answers as no proxy of its kind does`,
      PROXY_SCHEME,
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

/** Where to look when a service cannot be reached. */
export function reachability(endpoint: AzureEndpoint): string {
  if (endpoint === "imds") {
    return "Check that the operator runs on an Azure node and that no network policy blocks 169.254.169.254.";
  }
  if (endpoint === "entra") return "Check DNS, firewall and proxy on the way to this host.";
  return "Check the registry's name, and DNS, firewall and private endpoint on the way to it.";
}

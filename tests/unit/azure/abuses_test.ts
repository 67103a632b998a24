import assert from "node:assert/strict";
import type { AzureEndpoint, AzureError } from "../../../src/azure/errors.ts";
import type { CredentialRequest } from "../../../src/azure/credential_request.ts";
import type { CredentialsOptions } from "../../../src/azure/credentials.ts";
import { type AbuseName, ABUSES, type AnswerAbuse } from "../../sandbox/azure/abuses.ts";
import {
  ARM,
  CLIENT_ID,
  credentialsRig,
  REGISTRY,
  rejection,
  SCOPE,
  settle,
  TENANT_ID,
} from "./support.ts";

const MANAGED: CredentialRequest = {
  identity: { kind: "managedIdentity", clientId: CLIENT_ID },
  audience: ARM,
  server: REGISTRY,
  scope: SCOPE,
};
const FEDERATED: CredentialRequest = {
  ...MANAGED,
  identity: {
    kind: "workloadIdentity",
    authorityHost: "login.microsoftonline.com",
    tenantId: TENANT_ID,
    clientId: CLIENT_ID,
    serviceAccount: { namespace: "team-a", name: "default", uid: "u-1" },
  },
};

const HOSTS: Readonly<Record<AzureEndpoint, string>> = {
  imds: "IMDS",
  entra: "login.microsoftonline.com",
  exchange: REGISTRY,
  token: REGISTRY,
};
const REACH: Readonly<Record<AzureEndpoint, string>> = {
  imds:
    "Check that the operator runs on an Azure node and that no network policy blocks 169.254.169.254.",
  entra: "Check DNS, firewall and proxy on the way to this host.",
  exchange: "Check the registry's name, and DNS, firewall and private endpoint on the way to it.",
  token: "Check the registry's name, and DNS, firewall and private endpoint on the way to it.",
};
/** The bound of the first call to each, in seconds: the first to a host shows whether it answers. */
const BOUNDS: Readonly<Record<AzureEndpoint, number>> = {
  imds: 15,
  entra: 20,
  exchange: 20,
  token: 60,
};
/** The bound of each later call. */
const LATER: Readonly<Record<AzureEndpoint, number>> = { ...BOUNDS, entra: 30, exchange: 60 };
const FIELDS: Readonly<Record<AzureEndpoint, string>> = {
  imds: "access_token",
  entra: "access_token",
  exchange: "refresh_token",
  token: "access_token",
};

const PROXY = "Look for a proxy or another service that answers in its place.";

type Outcome = readonly [reason: string, message: string];
const bad = (fault: string) => (endpoint: AzureEndpoint): Outcome => [
  "BadAnswer",
  `The answer of ${HOSTS[endpoint]} ${fault}. ${PROXY}`,
];
const timeout = (endpoint: AzureEndpoint): Outcome => [
  "TimedOut",
  `${HOSTS[endpoint]} did not answer within ${BOUNDS[endpoint]} s. ${REACH[endpoint]}`,
];

const CLOCK = "Have it renewed; if others find it valid, set the clock of the operator's node.";
const AUTHORITY =
  "If that is an authority of your own, or of TLS inspection, have --azure-ca-bundle name its " +
  "certificate, and those of authorities between that the host does not send.";
const OF_AUTHORITY = [
  "CertificateOfAuthority",
  "The certificate of HOST is an authority's own, which no server may show",
  "Have an authority sign one for the host; a certificate that signed itself does not do.",
] as const;
const TLS_PROXY = "If the proxy itself speaks TLS, write https:// into HTTPS_PROXY.";
const PASS = "the proxy pass connections to this host and its port 443. " + TLS_PROXY;
const CORRECT_NAME = `Correct the registry's name, or let ${PASS}`;
const PASSED: typeof REACH = {
  imds: `Let ${PASS}`,
  entra: `Let ${PASS}`,
  exchange: CORRECT_NAME,
  token: CORRECT_NAME,
};
const NOT_PASSED = ["ProxyRefused", "The proxy passes no connection to HOST", PASSED] as const;
const NOT_UNDERSTOOD = [
  "ProxyNotUnderstood",
  "The proxy on the way to HOST answers as no proxy of its kind does",
  "Correct HTTPS_PROXY: its scheme is the protocol that the proxy at this host and port speaks.",
] as const;
const NOT_TLS = [
  "NotTls",
  "What answers as HOST speaks no TLS",
  "Look for a proxy or another service in its place.",
] as const;
const NOT_TRUSTED = [
  "CertificateNotTrusted",
  "The certificate of HOST is from an authority that is not trusted",
  AUTHORITY,
] as const;
const OTHER_NAME = [
  "CertificateNameMismatch",
  "The certificate of HOST is for another name",
  "Correct the name, or look for DNS or a proxy that leads elsewhere.",
] as const;
/** What a failed connection is called, its problem with HOST for the host, and its remedy. */
const CONNECTIONS: Readonly<
  Record<string, readonly [reason: string, problem: string, remedy: string | typeof REACH]>
> = {
  "certificate-not-trusted": NOT_TRUSTED,
  "certificate-of-a-namesake": NOT_TRUSTED,
  "certificate-self-signed": NOT_TRUSTED,
  "certificate-of-authority": OF_AUTHORITY,
  "certificate-of-authority-trusted": OF_AUTHORITY,
  "certificate-in-bundle-itself": NOT_TRUSTED,
  "certificate-of-other-names": [
    "CertificateNameConstrained",
    "The certificate of HOST is from an authority that may not sign for this name",
    "Have an authority sign it whose name constraints permit the host.",
  ],
  "certificate-signed-by-sha-1": [
    "CertificateSignatureRefused",
    "The certificate of HOST is signed by an algorithm that is not taken",
    "Have it signed anew with SHA-256 or better, by a key of RSA, P-256 or P-384.",
  ],
  "certificate-expired": ["CertificateExpired", "The certificate of HOST has expired", CLOCK],
  "certificate-not-yet-valid": [
    "CertificateNotYetValid",
    "The certificate of HOST is not valid yet",
    CLOCK,
  ],
  "certificate-wrong-name": OTHER_NAME,
  "certificate-not-for-servers": [
    "CertificateInvalid",
    "The certificate of HOST is not valid",
    "Look for the cause in the operator's log, and for TLS inspection on the way to this host.",
  ],
  "connection-refused": ["ConnectionRefused", "The connection to HOST was refused", REACH],
  "connection-reset": [
    "ConnectionReset",
    "The connection to HOST was broken off without an answer",
    "Look for a firewall or a proxy on the way to this host.",
  ],
  "connection-ends": [
    "ConnectionReset",
    "The connection to HOST was broken off without an answer",
    "Look for a firewall or a proxy on the way to this host.",
  ],
  ...Object.fromEntries(["connection-ends-http2", "connection-ends-http1"].map((name) => [name, [
    "ConnectionReset",
    "The connection to HOST was broken off without an answer",
    "Look for a firewall or a proxy on the way to this host.",
  ]])),
  "no-route": ["NoRoute", "There is no route to HOST", REACH],
  "dns": ["NameNotFound", "The name HOST does not exist in DNS", {
    imds: "Correct the name, or complete the cluster's DNS.",
    entra: "Correct the name, or complete the cluster's DNS.",
    exchange: "Correct the registry's name, or complete the private endpoint's DNS zone.",
    token: "Correct the registry's name, or complete the private endpoint's DNS zone.",
  }],
  "dns-silent": [
    "NameServerFailed",
    "No DNS server told the address of HOST",
    "Check the cluster's DNS, and that a network policy lets the operator reach it.",
  ],
  "tls-ends": [
    "TlsRefused",
    "The TLS handshake with HOST was broken off",
    "Look for a firewall that admits only certain names.",
  ],
  "tls-alert": [
    "TlsRefused",
    "The TLS handshake with HOST was broken off",
    "Look for a firewall that admits only certain names.",
  ],
  "tls-too-old": [
    "TlsRefused",
    "What answers as HOST knows no TLS that is fit for use",
    "Look for a proxy or TLS inspection that lacks TLS 1.2.",
  ],
  "not-tls": NOT_TLS,
  "proxy-refuses": NOT_PASSED,
  "proxy-wants-credentials": [
    "ProxyRefused",
    "The proxy wants a name and a password to pass connections to HOST",
    "Write them into HTTPS_PROXY, or let the proxy pass the operator without.",
  ],
  "proxy-ends": NOT_PASSED,
  "proxy-finds-no-host": NOT_PASSED,
  "proxy-answers-at-length": NOT_UNDERSTOOD,
  "proxy-speaks-tls": NOT_PASSED,
  "proxy-speaks-no-tls": NOT_TLS,
  "proxy-speaks-no-socks": NOT_UNDERSTOOD,
  "proxy-not-trusted": NOT_TRUSTED,
  "proxy-wrong-name": OTHER_NAME,
};

function outcomeOf(abuse: AbuseName, endpoint: AzureEndpoint): Outcome {
  const failed = CONNECTIONS[abuse];
  if (failed === undefined) return OUTCOMES[abuse as AnswerAbuse](endpoint);
  const [reason, problem, remedy] = failed;
  const shown = typeof remedy === "string" ? remedy : remedy[endpoint];
  return [reason, `${problem.replace("HOST", HOSTS[endpoint])}. ${shown}`];
}
const CUT = "Look for a proxy or a firewall between the operator and this host.";
const unended = (endpoint: AzureEndpoint): Outcome => [
  "TimedOut",
  `${HOSTS[endpoint]} began an answer (HTTP 200) that did not end within ${
    BOUNDS[endpoint]
  } s. ${CUT}`,
];
const truncated = (endpoint: AzureEndpoint): Outcome => [
  "Truncated",
  `${HOSTS[endpoint]} began an answer (HTTP 200) and broke it off. ${CUT}`,
];
const redirected = (status: number) => (endpoint: AzureEndpoint): Outcome => [
  "Redirected",
  `${HOSTS[endpoint]} answered with a redirect (HTTP ${status}), which is never followed with a ` +
  "token. Look for a proxy or a captive portal between the operator and this host.",
];

/** What each abuse is answered with; some concern tokens of registries alone. */
const OUTCOMES: Readonly<Record<AnswerAbuse, (endpoint: AzureEndpoint) => Outcome>> = {
  "html": bad("is not JSON"),
  "empty": bad("is empty"),
  "no-token": (endpoint) => bad(`has no ${FIELDS[endpoint]}`)(endpoint),
  "not-a-jwt": bad("holds a token that is no JWT"),
  "no-exp": bad("holds a token without exp"),
  "exp-past": bad("holds a token that has expired"),
  "long-token": bad("holds a token of more than 32 KiB"),
  "huge": (endpoint) => [
    "BadAnswer",
    `${
      HOSTS[endpoint]
    } sent an answer of more than 64 KiB. Look for a proxy between the operator ` +
    "and this host.",
  ],
  "hang": timeout,
  "redirect-302": redirected(302),
  "redirect-307": redirected(307),
  "cut": truncated,
  "slow-drip": unended,
};
const OF_REGISTRIES: readonly string[] = ["not-a-jwt", "no-exp", "exp-past", "long-token"];

const POLICY: Partial<CredentialsOptions> = { audiencePolicy: { kind: "arm" } };

for (const endpoint of ["imds", "entra", "exchange", "token"] as const) {
  const ofRegistry = endpoint === "exchange" || endpoint === "token";
  for (const abuse of ABUSES.filter((name) => ofRegistry || !OF_REGISTRIES.includes(name))) {
    Deno.test(`abuse: ${abuse} at ${endpoint} gives its one sentence, and the next try works`, async () => {
      const { time, azure, credentials, stop } = credentialsRig(POLICY);
      const request = endpoint === "entra" ? FEDERATED : MANAGED;
      azure.fail(abuse, { endpoint });
      const error = await settle(time, rejection(credentials.mint(request)), 60_000);
      const [reason, message] = outcomeOf(abuse, endpoint);
      assert.deepEqual(shown(error), {
        endpoint,
        host: HOSTS[endpoint],
        class: "transient",
        reason,
        message,
      });
      assertNoTokens(error, azure.issuedTokens());
      await settle(time, credentials.mint(request, { failedAt: time.clock.now() }), 1000);
      assert.deepEqual(azure.strays(), []);
      azure.assertClean();
      // Until then, the tokens that are shared have a timer each kind.
      stop("the end");
      assert.equal(time.pending, 0);
    });
  }
}

Deno.test("abuse: a hanging call ends at its bound and not before", async () => {
  for (const endpoint of ["imds", "entra", "exchange", "token"] as const) {
    const { time, azure, credentials } = credentialsRig(POLICY);
    azure.fail("hang", { endpoint });
    let ended = -1;
    const outcome = rejection(credentials.mint(endpoint === "entra" ? FEDERATED : MANAGED));
    const noted = outcome.then(() => ended = time.elapsed());
    await time.pass(BOUNDS[endpoint] * 1000 - 1);
    assert.equal(ended, -1, endpoint);
    await time.pass(1);
    await noted;
    assert.equal(ended, BOUNDS[endpoint] * 1000, endpoint);
  }
});

Deno.test("abuse: a host that was silent is given its whole time when it is asked again", async () => {
  for (const endpoint of ["imds", "entra", "exchange"] as const) {
    const { time, azure, credentials } = credentialsRig(POLICY);
    const request = endpoint === "entra" ? FEDERATED : MANAGED;
    azure.fail("hang", { endpoint, times: 2 });
    await settle(time, rejection(credentials.mint(request)), 60_000);
    const askedAt = time.elapsed();
    let ended = -1;
    const again = rejection(credentials.mint(request, { failedAt: time.clock.now() }))
      .then(() => ended = time.elapsed());
    await time.pass(60_000);
    await again;
    assert.equal(ended - askedAt, LATER[endpoint] * 1000, endpoint);
  }
});

Deno.test("abuse: a value from IMDS that is no JWT is the registry's to refuse", async () => {
  const { time, azure, credentials } = credentialsRig(POLICY);
  azure.fail("not-a-jwt", { endpoint: "imds" });
  const error = await settle(time, rejection(credentials.mint(MANAGED)));
  assert.deepEqual([error.failure.endpoint, error.failure.reason], ["exchange", "RegistryDenied"]);
  await time.pass(20_000);
  await settle(time, credentials.mint(MANAGED), 1000);
  assert.equal(azure.counts().imds, 2, "the value that was refused is not used again");
});

function shown(error: AzureError) {
  const { endpoint, host, class: failureClass, reason } = error.failure;
  return { endpoint, host, class: failureClass, reason, message: error.message };
}

/** Nothing of the error, its causes included, holds a token. */
function assertNoTokens(error: AzureError, tokens: readonly string[]): void {
  const shown = Deno.inspect(error, { depth: 10 }) + JSON.stringify(error.failure) + error.stack;
  for (const token of tokens) assert.ok(!shown.includes(token), `shows ${token}`);
}

import assert from "node:assert/strict";
import {
  causeOf,
  connectionFailure,
  isConnectFailure,
} from "../../../src/azure/connection_failure.ts";
import { connectionError, connectionFailures } from "../../data/connection_failures.ts";

const IMDS = new URL("http://169.254.169.254/metadata/identity/oauth2/token?client_id=long");

const PROXIED = { route: "proxied" } as const;

for (const failure of connectionFailures()) {
  Deno.test(`connection failure: ${failure.name} is ${failure.reason}, and the log has its text`, () => {
    const error = connectionError(failure, IMDS);
    assert.equal(connectionFailure(error).reason, failure.reason);
    const { message } = causeOf(error);
    assert.match(message, /^(client error \((Connect|SendRequest)\): .|stream closed)/);
    assert.ok(!message.includes(IMDS.host), message);
  });
}

Deno.test("connection failure: by way of a proxy, what is not reached is the proxy", () => {
  const reasons = connectionFailures().map((failure) =>
    [
      failure.name,
      connectionFailure(connectionError(failure, IMDS), PROXIED),
    ] as const
  );
  const ofProxy = reasons.filter(([, { reason }]) => reason === "ProxyUnreachable");
  assert.deepEqual(ofProxy.map(([name]) => name), [
    "connection-refused",
    "no-route",
    "dns",
    "dns-silent",
  ]);
  const [[, { problem, remedy }]] = ofProxy as [typeof ofProxy[number]];
  assert.equal(
    `${problem("bench.azurecr.io")}. ${remedy("exchange")}`,
    "The proxy on the way to bench.azurecr.io cannot be reached. Correct HTTPS_PROXY, or NO_PROXY, " +
      "and check that a network policy lets the operator reach the proxy.",
  );
});

const HOST = "bench.azurecr.io";

/** Whom a failure by way of a proxy is told of. */
const OF_PROXIES: readonly [name: string, told: RegExp][] = [
  [
    "certificate-not-trusted",
    /^CertificateNotTrusted: The certificate of \S+ or its https:\/\/ proxy is from/,
  ],
  [
    "certificate-wrong-name",
    /^CertificateNameMismatch: The certificate of bench\.azurecr\.io is for/,
  ],
  [
    "certificate-expired",
    /^CertificateExpired: The certificate of \S+ or its https:\/\/ proxy has/,
  ],
  [
    "proxy-not-trusted",
    /^CertificateNotTrusted: The certificate of \S+ or its https:\/\/ proxy is from/,
  ],
  [
    "proxy-wrong-name",
    /^CertificateNameMismatch: The certificate of the proxy on the way to \S+ is for/,
  ],
  [
    "proxy-speaks-no-tls",
    /^NotTls: .* or its https:\/\/ proxy speaks no TLS\. .* write http:\/\/ into HTTPS_PROXY\./,
  ],
  ["proxy-speaks-tls", /^ProxyRefused: .* write https:\/\/ into HTTPS_PROXY\.$/],
  ["proxy-finds-no-host", /^ProxyRefused: .*\. Correct the registry's name, or let the proxy pass/],
  ["proxy-speaks-no-socks", /^ProxyNotUnderstood: .*\. Correct HTTPS_PROXY: its scheme is/],
];

for (const [name, told] of OF_PROXIES) {
  Deno.test(`connection failure: by way of a proxy, ${name} is told of whom it may be`, () => {
    const recorded = connectionFailures().find((failure) => failure.name === name)!;
    const failure = connectionFailure(connectionError(recorded, IMDS), PROXIED);
    const { reason, problem, remedy } = failure;
    assert.match(`${reason}: ${problem(HOST)}. ${remedy("exchange")}`, told);
  });
}

Deno.test("connection failure: by way of a proxy, a host with a port is known by its name", () => {
  const recorded = connectionFailures().find(({ name }) => name === "certificate-wrong-name")!;
  const { problem } = connectionFailure(connectionError(recorded, IMDS), PROXIED);
  assert.equal(problem(`${HOST}:8443`), `The certificate of ${HOST}:8443 is for another name`);
});

Deno.test("connection failure: by way of a proxy, words that nobody knows yet are the proxy's", () => {
  const failed = (text: string) => new TypeError("fetch failed", { cause: new Error(text) });
  const words = failed("client error (Connect): SOCKS error: Invalid address type");
  assert.equal(connectionFailure(words, PROXIED).reason, "ProxyNotUnderstood");
  assert.equal(connectionFailure(words).reason, "Unreachable");
  const later = failed("client error (SendRequest): of tomorrow");
  assert.equal(connectionFailure(later, PROXIED).reason, "Unreachable");
});

Deno.test("connection failure: with a bundle, the remedy is what the bundle lacks, and else as before", () => {
  for (const failure of connectionFailures()) {
    for (const route of ["direct", "proxied"] as const) {
      const error = connectionError(failure, IMDS);
      const [without, told] = [{ route }, { route, hasBundle: true }].map((way) =>
        connectionFailure(error, way)
      );
      const changes = without!.reason === "CertificateNotTrusted";
      assert.equal(told!.remedy("exchange") !== without!.remedy("exchange"), changes, failure.name);
      if (changes) {
        assert.match(told!.remedy("exchange"), /^The bundle .* lacks it: add .*, not the host's/);
      }
      assert.deepEqual(
        [told!.reason, told!.problem(HOST)],
        [without!.reason, without!.problem(HOST)],
      );
    }
  }
});

Deno.test("connection failure: only where no connection came about is it no silence", () => {
  const connected = connectionFailures().filter((failure) =>
    !isConnectFailure(connectionError(failure, IMDS))
  );
  assert.deepEqual(connected.map(({ name }) => name), [
    "connection-ends",
    "connection-ends-http2",
    "connection-ends-http1",
  ]);
  assert.equal(isConnectFailure(new DOMException("no answer in time", "TimeoutError")), false);
});

Deno.test("connection failure: what nobody has seen yet is Unreachable, in its own words", () => {
  const error = new TypeError("fetch failed", { cause: new Error("client error: of tomorrow") });
  assert.equal(connectionFailure(error).reason, "Unreachable");
  assert.equal(causeOf(error).message, "client error: of tomorrow");
  assert.equal(causeOf("thrown by somebody").message, "thrown by somebody");
});

Deno.test("connection failure: causes without end are not followed", () => {
  const error = new TypeError("fetch failed");
  error.cause = error;
  assert.equal(causeOf(error), error);
});

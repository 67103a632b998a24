/**
 * What connection_failures_test.ts runs in a network of its own: each failure of
 * tests/data/connection-failures.jsonl, brought about between real sockets. With RECORD set it prints
 * the lines instead of holding them against the file.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { connectionFailures } from "../../../data/connection_failures.ts";
import { run } from "../../../e2e/pod/command.ts";
import { DnsServer } from "../../../e2e/pod/dns.ts";
import { DNS_ADDRESS, makeNetwork } from "../../../e2e/pod/network.ts";
import { type AuthorityOptions, CertificateAuthority, selfSigned } from "../certificates.ts";

const HOST = "bench.azurecr.io";
const ADDRESS = "198.51.100.1";
const PROXY = "198.51.100.2";
const DAY_MS = 24 * 3_600_000;

/** Accepts connections at port 443 of the host, or at the proxy's, and does with each what it likes. */
function serve(hostname: string, port: number, use: (connection: Deno.Conn) => Promise<void>) {
  const listener = Deno.listen({ hostname, port });
  const accepting = (async () => {
    for await (const connection of listener) {
      await use(connection);
      connection.close();
    }
  })().catch((error) => {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  });
  return {
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}

const sent = (bytes: Uint8Array | string) => async (connection: Deno.Conn) => {
  await connection.read(new Uint8Array(4096));
  await connection.write(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
};

async function failureOf(
  options: Deno.CreateHttpClientOptions,
  url = `https://${HOST}/oauth2/exchange`,
): Promise<Error> {
  using client = Deno.createHttpClient(options);
  const form = new URLSearchParams({ access_token: "never told" });
  const failed = fetch(url, { client, method: "POST", body: form });
  const error = await failed.then(() => undefined, (error) => error);
  assert.ok(error instanceof TypeError && error.cause instanceof Error, String(error));
  assert.equal(error.message, "fetch failed");
  return error.cause;
}

type Pair = { readonly cert: string; readonly key: string };

async function withCertificate(pair: Pair, caCerts: string[]): Promise<Error> {
  const options = { hostname: ADDRESS, port: 443, onListen() {} };
  await using _ = Deno.serve({ ...options, ...pair }, () => new Response("reached"));
  return await failureOf({ caCerts });
}

/** Signed by an authority of its own, which the client trusts. */
async function signedBy(options: AuthorityOptions): Promise<Error> {
  const authority = await CertificateAuthority.create(Date.now(), options);
  return await withCertificate(await authority.issue(HOST), [authority.pem]);
}

/** Shown to a client that trusts that certificate itself. */
async function trustedItself(pair: Pair): Promise<Error> {
  return await withCertificate(pair, [pair.cert]);
}

async function signedAt(signedAt: number, host = HOST): Promise<Error> {
  const authority = await CertificateAuthority.create(signedAt);
  return await withCertificate(await authority.issue(host), [authority.pem]);
}

async function answered(by: (connection: Deno.Conn) => Promise<void>): Promise<Error> {
  await using _ = serve(ADDRESS, 443, by);
  return await failureOf({});
}

async function proxied(
  by: (connection: Deno.Conn) => Promise<void>,
  scheme = "http",
): Promise<Error> {
  await using _ = serve(PROXY, 3128, by);
  return await failureOf({ proxy: { url: `${scheme}://${PROXY}:3128` } });
}

/** By a proxy that speaks TLS, with a certificate for `name`. */
async function proxiedByTls(
  name: string,
  trusts: boolean,
  scheme = "https",
): Promise<Error> {
  const authority = await CertificateAuthority.create(Date.now());
  const options = { hostname: PROXY, port: 3128, onListen() {} };
  await using _ = Deno.serve(
    { ...options, ...await authority.issue(name) },
    () => new Response(null, { status: 403 }),
  );
  const caCerts = trusts ? [authority.pem] : [];
  return await failureOf({ caCerts, proxy: { url: `${scheme}://${PROXY}:3128` } });
}

/** The connection is there, and ends when the request has come. */
async function endedAfterHandshake(alpnProtocols: string[]): Promise<Error> {
  const authority = await CertificateAuthority.create(Date.now());
  const options = { hostname: ADDRESS, port: 443, alpnProtocols };
  using listener = Deno.listenTls({ ...options, ...await authority.issue(HOST) });
  const [error] = await Promise.all([
    failureOf({ caCerts: [authority.pem] }),
    (async () => {
      using connection = await listener.accept();
      await connection.handshake();
      await connection.read(new Uint8Array(4096));
    })(),
  ]);
  return error;
}

/** RFC 4346, section 7.4.1.3, with 32 bytes of randomness that is none. */
const SERVER_HELLO_OF_TLS_1_1 = Uint8Array.from([
  ...[0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2],
  ...Array.from({ length: 32 }, () => 7),
  ...[0, 0xc0, 0x13, 0],
]);

const CASES: Readonly<Record<string, () => Promise<Error>>> = {
  "certificate-not-trusted": async () => {
    const authority = await CertificateAuthority.create(Date.now());
    return await withCertificate(await authority.issue(HOST), []);
  },
  "certificate-of-a-namesake": async () => {
    const [one, other] = await Promise.all([
      CertificateAuthority.create(Date.now()),
      CertificateAuthority.create(Date.now()),
    ]);
    return await withCertificate(await one.issue(HOST), [other.pem]);
  },
  "certificate-self-signed": async () =>
    await withCertificate(await selfSigned(HOST, Date.now()), []),
  "certificate-of-authority": async () =>
    await withCertificate(await selfSigned(HOST, Date.now(), { isAuthority: true }), []),
  "certificate-of-authority-trusted": async () =>
    await trustedItself(await selfSigned(HOST, Date.now(), { isAuthority: true })),
  "certificate-in-bundle-itself": async () => {
    const authority = await CertificateAuthority.create(Date.now());
    return await trustedItself(await authority.issue(HOST));
  },
  "certificate-of-other-names": () => signedBy({ permits: "other.example" }),
  "certificate-signed-by-sha-1": () => signedBy({ hash: "SHA-1" }),
  "certificate-expired": () => signedAt(Date.now() - 3 * DAY_MS),
  "certificate-not-yet-valid": () => signedAt(Date.now() + 3 * DAY_MS),
  "certificate-wrong-name": () => signedAt(Date.now(), "other.example"),
  "certificate-not-for-servers": async () => {
    const authority = await CertificateAuthority.create(Date.now());
    return await withCertificate(await authority.issue(HOST, "client"), [authority.pem]);
  },
  "connection-refused": () => failureOf({}),
  "connection-reset": async () => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.resetAndDestroy());
    });
    server.listen(443, ADDRESS);
    await once(server, "listening");
    return await failureOf({}).finally(() => server.close());
  },
  "connection-ends": async () => {
    await using _ = serve(ADDRESS, 80, sent(""));
    return await failureOf({}, `http://${HOST}/metadata/identity/oauth2/token`);
  },
  "connection-ends-http2": () => endedAfterHandshake(["h2"]),
  "connection-ends-http1": () => endedAfterHandshake(["http/1.1"]),
  "no-route": () => failureOf({}, "https://unroutable.azurecr.io/oauth2/token"),
  "dns": () => failureOf({}, "https://missing.azurecr.io/oauth2/token"),
  "dns-silent": async () => {
    await nameServer("198.51.100.9");
    return await failureOf({}).finally(() => nameServer(DNS_ADDRESS));
  },
  "tls-ends": () => answered(sent("")),
  "tls-alert": () => answered(sent(Uint8Array.of(0x15, 3, 3, 0, 2, 2, 112))),
  "tls-too-old": () => answered(sent(SERVER_HELLO_OF_TLS_1_1)),
  "not-tls": () => answered(sent("HTTP/1.1 400 Bad Request\r\n\r\n")),
  "proxy-refuses": () => proxied(sent("HTTP/1.1 403 Forbidden\r\n\r\n")),
  "proxy-wants-credentials": () =>
    proxied(sent("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")),
  "proxy-ends": () => proxied(sent("")),
  "proxy-finds-no-host": () =>
    proxied(sent("HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_DNS_FAIL 0\r\n\r\n")),
  "proxy-answers-at-length": () =>
    proxied(sent(`HTTP/1.1 200 OK\r\nX-Padding: ${"a".repeat(20_000)}\r\n\r\n`)),
  "proxy-speaks-tls": () => proxiedByTls(PROXY, true, "http"),
  "proxy-speaks-no-tls": () => proxied(sent("HTTP/1.1 400 Bad Request\r\n\r\n"), "https"),
  "proxy-speaks-no-socks": () => proxied(sent("HTTP/1.1 400 Bad Request\r\n\r\n"), "socks5"),
  "proxy-not-trusted": () => proxiedByTls(PROXY, false),
  "proxy-wrong-name": () => proxiedByTls("other.example", true),
};

/** The text without the URL, and without the client's own address, which is any. */
function addressless(text: string): string {
  return text.replace(/https?:\/\/[^ )]*/, "{url}").replace(
    /from \S+ for/,
    "from 10.244.0.2:40000 for",
  );
}

async function nameServer(address: string): Promise<void> {
  await Deno.writeTextFile("/run/resolv.conf", `nameserver ${address}\noptions attempts:1\n`);
}

Deno.test("Deno throws what the table says", async () => {
  await makeNetwork();
  await nameServer(DNS_ADDRESS);
  await run("mount", "--bind", "/run/resolv.conf", "/etc/resolv.conf");
  const names = new Map([[HOST, ADDRESS], ["unroutable.azurecr.io", "192.0.2.1"]]);
  await using _ = await DnsServer.listen(DNS_ADDRESS, names);
  const seen: [name: string, text: string][] = [];
  for (const [name, happen] of Object.entries(CASES)) {
    const { message } = await happen();
    seen.push([name, addressless(message)]);
  }
  if (Deno.env.get("RECORD")) {
    await Deno.stdout.write(new TextEncoder().encode(
      seen.map(([name, cause]) => JSON.stringify({ name, cause }) + "\n").join(""),
    ));
    return;
  }
  // Times are those of the day.
  const timeless = ([name, text]: [string, string]) => [name, text.replace(/\d{4,}/g, "N")];
  const table = connectionFailures().map(({ name, cause }): [string, string] => [name, cause]);
  assert.deepEqual(seen.map(timeless), table.map(timeless));
});

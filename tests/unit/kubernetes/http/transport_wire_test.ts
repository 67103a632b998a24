import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import type { ResolvedCluster, TlsMaterial } from "../../../../src/kubernetes/config/types.ts";
import { ApiError } from "../../../../src/kubernetes/http/errors.ts";
import { FetchRestClient, type Timeouts } from "../../../../src/kubernetes/http/transport.ts";
import { systemClock } from "../../../../src/runtime/time/clock.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { CertificateAuthority, type PemPair } from "../../../e2e/servers/certificates.ts";
import { fixedCluster, rejection } from "./transport_support.ts";

const GET_JSON = { method: "GET", path: "/api", expectJson: true } as const;
const encoder = new TextEncoder();

/** The transport as in production: Deno's own fetch, HttpClient and clock. */
function realClient(
  server: string,
  overrides: Partial<ResolvedCluster> & { tokens?: string[] } = {},
  timeouts: Partial<Timeouts> = {},
): FetchRestClient {
  return new FetchRestClient({
    config: fixedCluster(server, overrides),
    fetch,
    clock: systemClock,
    userAgent: "test",
    timeouts,
  });
}

/** A server that reads one request a connection, sends `reply` as it is, and hangs up. */
function rawServer(reply: string, thenHold = false) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const held: Deno.Conn[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(8192));
      if (reply !== "") await connection.write(encoder.encode(reply));
      if (thenHold) held.push(connection);
      else connection.close();
    }
  })();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
      for (const connection of held) connection.close();
    },
  };
}

const OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

const RAW: { name: string; reply: string; hold?: boolean; reason: string; message: RegExp }[] = [
  {
    name: "a body shorter than its content-length",
    reply: `${OK}content-length: 100\r\n\r\n{"a":1}`,
    reason: "Truncated",
    message: /^GET \/api: the connection broke off within the body$/,
  },
  {
    name: "chunks without the last one",
    reply: `${OK}transfer-encoding: chunked\r\n\r\n7\r\n{"a":1}\r\n`,
    reason: "Truncated",
    message: /^GET \/api: the connection broke off within the body$/,
  },
  {
    name: "a body without a length, cut",
    reply: `${OK}connection: close\r\n\r\n{"a":1`,
    reason: "Truncated",
    message: /^GET \/api: the JSON ends after 6 bytes$/,
  },
  {
    name: "a redirect",
    reply: "HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
    reason: "BadAnswer",
    message: /^GET \/api: http:\S+ redirects elsewhere, which is not followed with credentials$/,
  },
  {
    name: "no answer at all",
    reply: "",
    reason: "Unreachable",
    message: /^GET \/api: no answer from http:\S+: client error \(SendRequest\): connection closed/,
  },
  {
    name: "what is not HTTP",
    reply: "SSH-2.0-OpenSSH\r\n",
    reason: "Unreachable",
    message: /^GET \/api: no answer from http:\S+: client error \(SendRequest\): /,
  },
  {
    name: "silence",
    reply: "",
    hold: true,
    reason: "Timeout",
    message: /^GET \/api: no answer within 0\.1 s from http:/,
  },
  {
    name: "a body that stops without ending",
    reply: `${OK}content-length: 100\r\n\r\n{"a":1}`,
    hold: true,
    reason: "Timeout",
    message: /^GET \/api: the body did not end within 0\.1 s from http:/,
  },
];

for (const { name, reply, hold, reason, message } of RAW) {
  Deno.test(`on the wire, ${name} gives ${reason}`, async () => {
    await using server = rawServer(reply, hold);
    using client = realClient(server.url, {}, { headersMs: hold ? 100 : 5000, bodyMs: 100 });
    const error = await rejection(client.performRequest(GET_JSON));
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.reason, reason);
    assert.match(error.message, message);
  });
}

Deno.test("on the wire, a watch that is cut within a line gives what was whole, then Truncated", async () => {
  const line = '{"type":"ADDED"}\n{"ty';
  const chunk = `${line.length.toString(16)}\r\n${line}\r\n`;
  for (const end of ["", "0\r\n\r\n"]) {
    await using server = rawServer(`${OK}transfer-encoding: chunked\r\n\r\n${chunk}${end}`);
    using client = realClient(server.url);
    const stream = await client.performRequest({ ...GET_JSON, expectStream: true });
    const reader = stream.getReader();
    assert.deepEqual(await reader.read(), { done: false, value: { type: "ADDED" } });
    assert.equal((await rejection(reader.read()) as ApiError).reason, "Truncated");
  }
});

Deno.test("on the wire, an abort ends a watch and closes its connection", async () => {
  let ended: () => void = () => {};
  const connectionEnded = new Promise<void>((resolve) => ended = resolve);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(encoder.encode("1\n")),
      cancel: () => ended(),
    });
    return new Response(body);
  });
  using client = realClient(`http://127.0.0.1:${server.addr.port}`);
  const abort = new AbortController();
  const stream = await client.performRequest({
    ...GET_JSON,
    expectStream: true,
    abortSignal: abort.signal,
  });
  const reader = stream.getReader();
  assert.deepEqual(await reader.read(), { done: false, value: 1 });
  const failed = rejection(reader.read());
  const reason = new Error("watchdog");
  abort.abort(reason);
  assert.equal(await failed, reason);
  await connectionEnded;
});

Deno.test("on the wire, a compressed list is whole", async () => {
  const list = { items: Array.from({ length: 2000 }, (_, index) => ({ name: `pod-${index}` })) };
  const packed = gzipSync(JSON.stringify(list));
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      new Response(new Uint8Array(packed), {
        headers: {
          "content-type": "application/json",
          "content-encoding": "gzip",
          "content-length": String(packed.length),
        },
      }),
  );
  using client = realClient(`http://127.0.0.1:${server.addr.port}`);
  assert.deepEqual(await client.performRequest(GET_JSON), list);
});

Deno.test("on the wire, a 401 is answered with the new token", async () => {
  const seen: (string | null)[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      seen.push(`${request.headers.get("authorization")} ${await request.text()}`);
      return request.headers.get("authorization") === "Bearer new"
        ? Response.json({ ok: true })
        : Response.json({ kind: "Status" }, { status: 401 });
    },
  );
  using client = realClient(`http://127.0.0.1:${server.addr.port}`, { tokens: ["old", "new"] });
  const answer = await client.performRequest({ ...GET_JSON, method: "POST", bodyJson: { a: 1 } });
  assert.deepEqual(answer, { ok: true });
  assert.deepEqual(seen, ['Bearer old {"a":1}', 'Bearer new {"a":1}']);
});

function clientCertificate(pair: PemPair): TlsMaterial["clientCertificate"] {
  return { certificate: pair.publicPem, key: new Redacted(pair.privatePem) };
}

/** A server that takes only clients with a certificate of `authority`, and names them. */
async function mutualTlsServer(authority: CertificateAuthority) {
  const pair = await authority.issueServer({ dns: ["localhost"], ip: ["127.0.0.1"] });
  const server = createServer({
    cert: pair.publicPem,
    key: pair.privatePem,
    ca: authority.pem,
    requestCert: true,
    rejectUnauthorized: true,
  }, (request, response) => {
    const socket = request.socket as unknown as {
      getPeerCertificate(): { subject: { CN: string } };
    };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ user: socket.getPeerCertificate().subject.CN }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

Deno.test("on the wire, TLS with the cluster's own CA and a client certificate", async () => {
  const authority = await CertificateAuthority.create("test CA");
  await using server = await mutualTlsServer(authority);
  const certificate = clientCertificate(await authority.issueClient("ada", ["system:masters"]))!;
  const tls = { caCerts: [authority.pem], clientCertificate: certificate };
  {
    using client = realClient(server.url, { tls: () => Promise.resolve(tls) });
    assert.deepEqual(await client.performRequest(GET_JSON), { user: "ada" });
  }
  {
    using client = realClient(server.url, {
      tls: () => Promise.resolve({ caCerts: [authority.pem] }),
      credentials: {
        get: () => Promise.resolve({ clientCertificate: certificate }),
        invalidate() {},
      },
    });
    assert.deepEqual(await client.performRequest(GET_JSON), { user: "ada" }, "by a plugin");
  }
});

Deno.test("on the wire, a server of another CA and a client without certificate are refused", async () => {
  const authority = await CertificateAuthority.create("test CA");
  const other = await CertificateAuthority.create("other CA");
  await using server = await mutualTlsServer(authority);
  const cases: [string[], RegExp][] = [
    [[other.pem], /: client error \(Connect\): invalid peer certificate: /],
    [[], /: client error \(Connect\): invalid peer certificate: UnknownIssuer/],
    [[authority.pem], /CertificateRequired/],
  ];
  for (const [caCerts, message] of cases) {
    using client = realClient(server.url, { tls: () => Promise.resolve({ caCerts }) });
    const error = await rejection(client.performRequest(GET_JSON)) as ApiError;
    assert.equal(error.reason, "Unreachable");
    assert.match(error.message, message);
  }
});

/**
 * A relay between client and server that can go dead the way a lost route does: connections stay
 * open and nothing passes any more. Those made later work.
 */
function deadeningRelay(targetPort: number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const dead = new Set<Deno.Conn>();
  const pump = async (from: Deno.Conn, to: Deno.Conn) => {
    const buffer = new Uint8Array(16_384);
    try {
      for (let n; (n = await from.read(buffer)) !== null;) {
        if (!dead.has(from)) await to.write(buffer.subarray(0, n));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
  };
  let accepted = 0;
  const pumps: Promise<void>[] = [];
  const serving = (async () => {
    for await (const near of listener) {
      accepted++;
      const far = await Deno.connect({ hostname: "127.0.0.1", port: targetPort });
      open.push(near, far);
      pumps.push(pump(near, far), pump(far, near));
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    accepted: () => accepted,
    goDead: () => open.forEach((connection) => dead.add(connection)),
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
      for (const connection of open) connection.close();
      await Promise.all(pumps);
    },
  };
}

Deno.test("on the wire, a half-open HTTP/2 connection costs one timeout and no more", async () => {
  const authority = await CertificateAuthority.create("test CA");
  const pair = await authority.issueServer({ dns: ["localhost"], ip: ["127.0.0.1"] });
  await using server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: pair.publicPem,
    key: pair.privatePem,
    onListen() {},
  }, () => Response.json({ ok: true }));
  await using relay = deadeningRelay(server.addr.port);
  const tls = () => Promise.resolve({ caCerts: [authority.pem] });
  using client = realClient(`https://127.0.0.1:${relay.port}`, { tls }, { headersMs: 300 });
  assert.deepEqual(await client.performRequest(GET_JSON), { ok: true });
  assert.deepEqual(await client.performRequest(GET_JSON), { ok: true });
  assert.equal(relay.accepted(), 1, "one connection serves them all");
  relay.goDead();
  assert.equal((await rejection(client.performRequest(GET_JSON)) as ApiError).reason, "Timeout");
  assert.deepEqual(await client.performRequest(GET_JSON), { ok: true });
  assert.equal(relay.accepted(), 2);
  relay.goDead();
  client.renew();
  assert.deepEqual(await client.performRequest(GET_JSON), { ok: true }, "by a watchdog's word");
});

import assert from "node:assert/strict";
import { systemClock } from "../../../src/runtime/time/clock.ts";
import { plainText } from "../../../src/http_server/plain_text.ts";
import type { Handler } from "../../../src/http_server/serve_connection.ts";
import { listen } from "../../../src/http_server/listener.ts";
import { selfSigned } from "../../../src/http_server/self_signed.ts";
import { TlsListener } from "../../../src/http_server/tls_listener.ts";
import { fakeClock } from "../kubernetes/http/transport_support.ts";

const target = (handler: Handler = () => plainText("ok\n", 200)) => ({
  address: { host: "127.0.0.1", port: 0 },
  what: "health on --health-probe-bind-address",
  handler,
});

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

async function connect(port: number, sent = ""): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(sent));
  return connection;
}

/** All that the server sends until it closes, which a reset does as well. */
async function received(connection: Deno.Conn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(1024);
  for (;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) return text;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
}

async function answerTo(port: number, sent: string): Promise<string> {
  using connection = await connect(port, sent);
  return await received(connection);
}

Deno.test("listener: an answer on the wire, and to HEAD all but its body", async () => {
  const clock = fakeClock();
  const listener = listen(target(), clock);
  const head = [
    "HTTP/1.1 200 OK",
    "cache-control: no-store",
    "connection: close",
    "content-length: 3",
    "content-type: text/plain; charset=utf-8",
    `date: ${new Date(clock.now()).toUTCString()}`,
    "x-content-type-options: nosniff",
    "\r\n",
  ].join("\r\n");
  assert.equal(await answerTo(listener.port, GET), `${head}ok\n`);
  assert.equal(await answerTo(listener.port, GET.replace("GET", "HEAD")), head);
  await listener.close();
});

Deno.test("listener: a request that cannot be read is told so, its rest unread", async () => {
  const listener = listen(target(), fakeClock());
  const status = async (sent: string) => (await answerTo(listener.port, sent)).split("\r\n", 1)[0];
  assert.deepEqual(
    [await status("HELO\r\n\r\n"), await status(`${GET.slice(0, -2)}A: ${"a".repeat(60_000)}`)],
    ["HTTP/1.1 400 Bad Request", "HTTP/1.1 431 Request Header Fields Too Large"],
  );
  await listener.close();
});

Deno.test("listener: a handler that fails is an answer", async () => {
  const failing = target(() => Promise.reject(new Error("no registry")));
  const listener = listen(failing, fakeClock());
  const answer = await answerTo(listener.port, GET);
  assert.match(
    answer,
    /^HTTP\/1.1 500 .*\r\n\r\nThe request could not be answered: no registry\n$/s,
  );
  await listener.close();
});

Deno.test("listener: a request that is not there after 10 s has its connection closed", async () => {
  const clock = fakeClock();
  const listener = listen(target(), clock);
  using slow = await connect(listener.port, GET.slice(0, 9));
  using slower = await connect(listener.port, GET.slice(0, 9));
  // Connections are accepted in turn, so those before it have been.
  assert.match(await answerTo(listener.port, GET), /^HTTP\/1.1 200/);
  await clock.tick(9_999);
  await slow.write(new TextEncoder().encode(GET.slice(9)));
  assert.match(await received(slow), /^HTTP\/1.1 200/);
  await slow.closeWrite();
  await clock.tick(1);
  assert.equal(await received(slower), "");
  await listener.close();
  assert.equal(clock.pending(), 0);
});

Deno.test("listener: a client that does not take its answer has its connection closed", async () => {
  const clock = fakeClock();
  const sent = Promise.withResolvers<void>();
  const large = target(() => {
    sent.resolve();
    return plainText("x".repeat(32 * 1024 * 1024), 200);
  });
  const listener = listen(large, clock);
  using idle = await connect(listener.port, GET);
  await sent.promise;
  // The answer is made in a turn or two; its limit begins then.
  while (clock.pending() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await clock.tick(10_000);
  assert.ok((await received(idle)).length < 32 * 1024 * 1024);
  await listener.close();
  assert.equal(clock.pending(), 0);
});

for (const inTime of [true, false]) {
  const name = inTime ? "is answered within a second" : "is given up after a second";
  Deno.test(`listener: a request under way at the end ${name}`, async () => {
    const clock = fakeClock();
    const [asked, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<Response>()];
    const slow = target(() => {
      asked.resolve();
      return answer.promise;
    });
    const listener = listen(slow, clock);
    using connection = await connect(listener.port, GET);
    await asked.promise;
    const closed = listener.close();
    while (clock.pending() === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.tick(inTime ? 999 : 1000);
    answer.resolve(plainText("late\n", 200));
    assert.equal((await received(connection)).endsWith("late\n"), inTime);
    if (inTime) await connection.closeWrite();
    await closed;
    assert.equal(clock.pending(), 0);
  });
}

/** Opens 200 connections that send half a request, of which 64 places are left. */
async function crowd(port: number, sent: string): Promise<Deno.TcpConn[]> {
  const clients: Deno.TcpConn[] = [];
  for (let i = 0; i < 200; i++) clients.push(await connect(port, sent));
  return clients;
}

Deno.test("listener: however many connect and say nothing, 64 stay and a probe is answered", async () => {
  const listener = listen(target(), fakeClock());
  const clients = await crowd(listener.port, GET.slice(0, 9));
  assert.match(await answerTo(listener.port, GET), /^HTTP\/1.1 200/);
  // With the probe there were 201, so 137 had to go, and the 63 newest have not.
  const gone = await Promise.all(clients.slice(0, 137).map(received));
  assert.deepEqual(new Set(gone), new Set([""]));
  const [oldest, newest] = [clients[137]!, clients[199]!];
  for (const client of [oldest, newest]) {
    await client.write(new TextEncoder().encode(GET.slice(9)));
    assert.match(await received(client), /^HTTP\/1.1 200/);
  }
  for (const client of clients) client.close();
  await listener.close();
});

Deno.test("TLS listener: half-done handshakes are closed for others and after 10 s", async () => {
  const clock = fakeClock();
  const now = systemClock.now();
  const certificate = await selfSigned(["localhost"], now, now + 3600_000);
  const listener = await TlsListener.open(target(), {
    certificate: () => Promise.resolve(certificate),
    clock,
    report: { renewed: () => {}, unusable: () => {} },
  });
  const clients = await crowd(listener.port, "\x16\x03\x01");
  using client = Deno.createHttpClient({ caCerts: [certificate.certificate] });
  const ask = async (method: string) => {
    const response = await fetch(`https://localhost:${listener.port}/`, { method, client });
    return [response.status, response.headers.get("content-length"), await response.text()];
  };
  assert.deepEqual(await ask("GET"), [200, "3", "ok\n"]);
  assert.deepEqual(await ask("HEAD"), [200, "3", ""]);
  const gone = await Promise.all(clients.slice(0, 137).map(received));
  assert.deepEqual(new Set(gone), new Set([""]));
  await clock.tick(10_000);
  assert.deepEqual(new Set(await Promise.all(clients.map(received))), new Set([""]));
  for (const each of clients) each.close();
  await listener.close();
  assert.equal(clock.pending(), 0);
});

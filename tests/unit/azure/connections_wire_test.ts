import assert from "node:assert/strict";
import { Connections } from "../../../src/azure/connections.ts";
import { callAzure } from "../../../src/azure/http.ts";
import type { AzureRequest, AzureTransport } from "../../../src/azure/request.ts";
import { systemClock } from "../../../src/runtime/time/clock.ts";
import { CertificateAuthority } from "../../sandbox/azure/certificates.ts";
import { FakeAzure } from "../../sandbox/azure/azure.ts";
import { TcpRelay } from "../../suites/tcp_relay.ts";
import { rejection, requestTo } from "./support.ts";

const SILENT_MS = 300;
const ANYWHERE = { hostname: "127.0.0.1", port: 0, onListen() {} };

type Serve = (request: Request) => Response | Promise<Response>;
type Server = Deno.HttpServer<Deno.NetAddr>;

/** A host of Azure behind a relay, and the operator's client for it; all by real sockets. */
class Rig implements AsyncDisposable {
  readonly calls: [status: number, tookMs: number][] = [];
  readonly relay: TcpRelay;
  readonly transport: AzureTransport;
  readonly #url: URL;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    relay: TcpRelay,
    url: URL,
    caCerts: string[],
    resources: AsyncDisposableStack,
  ) {
    this.relay = relay;
    this.#url = url;
    this.#resources = resources;
    const clients = new Set<Deno.HttpClient>();
    const create = () => {
      const client = Deno.createHttpClient({ caCerts });
      clients.add(client);
      return client;
    };
    resources.defer(() => clients.forEach(closeQuietly));
    this.transport = {
      fetch,
      clock: systemClock,
      connections: new Connections({ create, clock: systemClock, silentMs: SILENT_MS }),
      onCall: (_, status, tookMs) => void this.calls.push([status, tookMs]),
    };
  }

  /** `tls` serves by TLS and so by HTTP/2, as Entra and registries do; otherwise by HTTP/1.1. */
  static async start(tls: boolean, serve: Serve): Promise<Rig> {
    await using resources = new AsyncDisposableStack();
    const authority = await CertificateAuthority.create(systemClock.now());
    const pair = tls ? await authority.issue("localhost") : {};
    const server: Server = Deno.serve({ ...ANYWHERE, ...pair }, serve);
    resources.defer(() => server.shutdown());
    const relay = resources.use(new TcpRelay(server.addr.port));
    const url = new URL(`http${tls ? "s" : ""}://localhost:${relay.port}/`);
    return new Rig(relay, url, [authority.pem], resources.move());
  }

  /** The body of the answer to one call. */
  async call(more: Partial<AzureRequest> = {}): Promise<string> {
    const form = new URLSearchParams({ refresh_token: "not a real one" });
    const request = requestTo("token", { url: this.#url, form, ...more });
    return (await callAzure(this.transport, request)).body;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

function closeQuietly(client: Deno.HttpClient): void {
  try {
    client.close();
  } catch (error) {
    // It has been closed by its pool's end already.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

const always = (text: string): Serve => () => new Response(text);

for (const [protocol, tls] of [["HTTP/2 over TLS", true], ["HTTP/1.1", false]] as const) {
  Deno.test(`connections: ${protocol}: one that went silent is replaced within a call`, async () => {
    await using rig = await Rig.start(tls, always("yes"));
    assert.equal(await rig.call(), "yes");
    rig.relay.silence();
    assert.equal(await rig.call(), "yes");
    assert.equal(rig.relay.accepted, 2);
    const [, lost, repeated] = rig.calls;
    assert.equal(lost![0], 0);
    assert.ok(lost![1] >= SILENT_MS - 10 && lost![1] < 10 * SILENT_MS, `${lost![1]} ms`);
    assert.equal(repeated![0], 200);
    assert.equal(await rig.call(), "yes");
    assert.equal(rig.relay.accepted, 2);
  });

  Deno.test(`connections: ${protocol}: 32 calls on one that goes silent all get their answers`, async () => {
    const held = Promise.withResolvers<void>();
    let arrived = 0;
    await using rig = await Rig.start(tls, async () => {
      arrived++;
      if (arrived > 1 && arrived <= 33) await held.promise;
      return new Response("yes");
    });
    await rig.call();
    const calls = Array.from({ length: 32 }, () => rig.call());
    while (arrived < 33) await new Promise((resolve) => setTimeout(resolve, 5));
    rig.relay.silence();
    held.resolve();
    assert.deepEqual(new Set(await Promise.all(calls)), new Set(["yes"]));
    assert.equal(rig.transport.connections!.size, 1);
  });

  Deno.test(`connections: ${protocol}: one that is broken off is replaced at once`, async () => {
    let breakOff = () => {};
    let count = 0;
    await using rig = await Rig.start(tls, async () => {
      if (++count !== 2) return new Response("yes");
      breakOff();
      return await new Promise<Response>((resolve) => {
        setTimeout(() => resolve(new Response("late")), SILENT_MS);
      });
    });
    await rig.call();
    breakOff = () => rig.relay.breakOff();
    const startedAt = performance.now();
    assert.equal(await rig.call(), "yes");
    assert.ok(performance.now() - startedAt < SILENT_MS, "nobody waits for what is gone");
    assert.equal(rig.relay.accepted, 2);
  });

  Deno.test(`connections: ${protocol}: a body that stalls on one that was used comes by another`, async () => {
    let count = 0;
    let silence = () => {};
    const serve: Serve = () => {
      if (++count !== 2) return new Response("whole");
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("wh")),
          pull: () => {
            // Later than the first part, so that headers and that are through.
            setTimeout(silence, 50);
            return new Promise(() => {});
          },
        }, { highWaterMark: 1 }),
      );
    };
    await using rig = await Rig.start(tls, serve);
    await rig.call();
    silence = () => rig.relay.silence();
    assert.equal(await rig.call(), "whole");
    assert.deepEqual(rig.calls.map(([status]) => status), [200, 200, 200]);
    assert.equal(rig.relay.accepted, 2);
    rig.relay.breakOff();
  });

  Deno.test(`connections: ${protocol}: after a time-out on a new one the next call takes another`, async () => {
    let count = 0;
    await using rig = await Rig.start(tls, async () => {
      if (++count > 1) return new Response("yes");
      rig.relay.silence();
      return await new Promise<Response>((resolve) => {
        setTimeout(() => resolve(new Response("swallowed")), SILENT_MS / 2);
      });
    });
    const { failure } = await rejection(rig.call({ timeoutMs: SILENT_MS }));
    assert.equal(failure.reason, "TimedOut");
    assert.equal(await rig.call(), "yes");
    assert.deepEqual(rig.calls.map(([status]) => status), [0, 200]);
    assert.equal(rig.relay.accepted, 2);
  });
}

Deno.test("connections: a silence that one call finds is known to those that began later", async () => {
  await using rig = await Rig.start(true, always("yes"));
  await rig.call();
  rig.relay.silence();
  const startedAt = performance.now();
  const first = rig.call();
  await new Promise((resolve) => setTimeout(resolve, SILENT_MS * 0.8));
  assert.deepEqual(await Promise.all([first, rig.call()]), ["yes", "yes"]);
  assert.ok(performance.now() - startedAt < SILENT_MS * 1.7, "each has waited by itself");
});

Deno.test("connections: a host's slow answer, slower than silence, is waited for by another call", async () => {
  let count = 0;
  await using rig = await Rig.start(true, async () => {
    count++;
    if (count > 1) await new Promise((resolve) => setTimeout(resolve, 2 * SILENT_MS));
    return new Response("yes");
  });
  await rig.call();
  // The first slow answer is asked for twice; from then on the host is known to be slow.
  assert.equal(await rig.call(), "yes");
  assert.equal(count, 3);
  assert.equal(await rig.call(), "yes");
  assert.equal(count, 4);
});

Deno.test("connections: one host's silence renews no other's connection", async () => {
  const authority = await CertificateAuthority.create(systemClock.now());
  const pair = await authority.issue("localhost");
  await using server: Server = Deno.serve({ ...ANYWHERE, ...pair }, always("yes"));
  await using silent = new TcpRelay(server.addr.port);
  await using other = new TcpRelay(server.addr.port);
  const clients: Deno.HttpClient[] = [];
  const create = () => {
    clients.push(Deno.createHttpClient({ caCerts: [authority.pem] }));
    return clients.at(-1)!;
  };
  const connections = new Connections({ create, clock: systemClock, silentMs: SILENT_MS });
  const call = ({ port }: TcpRelay) => {
    const url = new URL(`https://localhost:${port}/`);
    return callAzure({ fetch, clock: systemClock, connections }, requestTo("token", { url }));
  };
  for (const relay of [silent, other]) await call(relay);
  for (let round = 1; round <= 3; round++) {
    silent.silence();
    await Promise.all([call(silent), call(other)]);
    assert.deepEqual([silent.accepted, other.accepted], [1 + round, 1]);
  }
  assert.equal(connections.size, 2);
  clients.forEach(closeQuietly);
});

Deno.test("connections: a host that says goodbye (GOAWAY) is called by a new connection", async () => {
  const authority = await CertificateAuthority.create(systemClock.now());
  const pair = await authority.issue("localhost");
  const [first, second]: Server[] = ["first", "second"].map((text) =>
    Deno.serve({ ...ANYWHERE, ...pair }, always(text))
  );
  await using relay = new TcpRelay(first!.addr.port);
  const client = Deno.createHttpClient({ caCerts: [authority.pem] });
  const connections = new Connections({ create: () => client, clock: systemClock });
  const url = new URL(`https://localhost:${relay.port}/`);
  const call = () =>
    callAzure({ fetch, clock: systemClock, connections }, requestTo("token", { url }));
  assert.equal((await call()).body, "first");
  relay.retarget(second!.addr.port);
  await first!.shutdown();
  assert.equal((await call()).body, "second");
  client.close();
  await second!.shutdown();
});

Deno.test("connections: through a proxy, too, one that went silent is replaced", async () => {
  const azure = new FakeAzure({ clock: systemClock, registries: ["bench.azurecr.io"] });
  await using front = await azure.listen();
  await using relay = new TcpRelay(Number(new URL(front.proxyUrl).port));
  const clients: Deno.HttpClient[] = [];
  const create = () => {
    const proxy = { url: `http://127.0.0.1:${relay.port}` };
    clients.push(Deno.createHttpClient({ caCerts: [front.caPem], proxy }));
    return clients.at(-1)!;
  };
  const connections = new Connections({ create, clock: systemClock, silentMs: SILENT_MS });
  const form = new URLSearchParams({
    grant_type: "access_token",
    service: "bench.azurecr.io",
    access_token: "a.b.c",
  });
  const call = () =>
    callAzure({ fetch, clock: systemClock, connections }, requestTo("exchange", { form }));
  assert.equal((await call()).status, 401);
  relay.silence();
  assert.equal((await call()).status, 401);
  assert.equal(relay.accepted, 2);
  clients.forEach(closeQuietly);
});

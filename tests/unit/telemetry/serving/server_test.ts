import assert from "node:assert/strict";
import { systemClock } from "../../../../src/runtime/time/clock.ts";
import type { BindAddress } from "../../../../src/http_server/bind_address.ts";
import { Registry } from "../../../../src/telemetry/metrics/registry.ts";
import {
  ListenError,
  serveTelemetry,
  type TelemetryServer,
} from "../../../../src/telemetry/serving/server.ts";

const loopback = { host: "127.0.0.1", port: 0 };

function start(
  health: BindAddress | null,
  metrics: BindAddress | null,
  signal: AbortSignal,
  onConnection: () => void = () => {},
): Promise<TelemetryServer> {
  return serveTelemetry({
    health,
    metrics,
    checks: { live: {}, ready: {} },
    registry: new Registry(),
    signal,
    clock: systemClock,
    onConnection,
  });
}

async function status(address: BindAddress, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${address.port}${path}`);
  await response.body?.cancel();
  return response.status;
}

/** A port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("server: health and metrics on addresses of their own", async () => {
  const end = new AbortController();
  const server = await start({ host: "", port: 0 }, loopback, end.signal);
  const { health, metrics } = server;
  assert.deepEqual(
    [
      await status(health!, "/healthz"),
      await status(health!, "/metrics"),
      await status(metrics!, "/healthz"),
      await status(metrics!, "/metrics"),
    ],
    [200, 404, 404, 200],
  );
  end.abort();
  await server.finished;
  await assert.rejects(status(health!, "/healthz"), TypeError);
});

Deno.test("server: a connection is told of before anything is read of it", async () => {
  const end = new AbortController();
  const told = Promise.withResolvers<void>();
  const { health, finished } = await start(loopback, null, end.signal, told.resolve);
  const client = await Deno.connect({ hostname: "127.0.0.1", port: health!.port });
  await told.promise;
  client.close();
  end.abort();
  await finished;
});

Deno.test("server: health and metrics on one address share a listener", async () => {
  const end = new AbortController();
  const shared = { host: "127.0.0.1", port: freePort() };
  const server = await start(shared, shared, end.signal);
  assert.deepEqual({ health: server.health, metrics: server.metrics }, {
    health: shared,
    metrics: shared,
  });
  assert.equal(await status(shared, "/readyz"), 200);
  assert.equal(await status(shared, "/metrics"), 200);
  end.abort();
  await server.finished;
});

Deno.test("server: serves nothing when both are off, and ends with the signal", async () => {
  const end = new AbortController();
  const { finished, ...addresses } = await start(null, null, end.signal);
  await finished;
  assert.deepEqual(addresses, {});
});

Deno.test("server: an idle and a half-sent request do not delay the end", async () => {
  const end = new AbortController();
  const server = await start(loopback, null, end.signal);
  const { port } = server.health!;
  using idle = await Deno.connect({ hostname: "127.0.0.1", port });
  using halfSent = await Deno.connect({ hostname: "127.0.0.1", port });
  await halfSent.write(new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost:"));
  assert.equal(await status(server.health!, "/healthz"), 200);
  const started = performance.now();
  end.abort();
  await server.finished;
  assert.ok(performance.now() - started < 2000);
  assert.equal(await idle.read(new Uint8Array(1)), null);
});

Deno.test("server: a port in use is one sentence that names flag and address", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = { host: "127.0.0.1", port: taken.addr.port };
  const idle = new AbortController();
  const rejected = await start(loopback, address, idle.signal).catch((error) => error);
  assert.ok(rejected instanceof ListenError);
  assert.ok(rejected.cause instanceof Deno.errors.AddrInUse);
  assert.equal(
    rejected.message,
    `Cannot serve metrics on --metrics-bind-address=127.0.0.1:${address.port}: the port is in ` +
      "use; stop what listens there, or choose another address.",
  );
});

Deno.test("server: an address of another machine is refused with the remedy", async () => {
  const idle = new AbortController();
  // 192.0.2.0/24 is reserved for documentation: no machine has it.
  await assert.rejects(start({ host: "192.0.2.1", port: 0 }, null, idle.signal), {
    name: "ListenError",
    message:
      "Cannot serve health on --health-probe-bind-address=192.0.2.1:0: this machine has no " +
      "such address; choose one it has, or leave out the host.",
  });
});

Deno.test("server: both on one port that is in use names both flags", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = { host: "127.0.0.1", port: taken.addr.port };
  await assert.rejects(start(address, address, new AbortController().signal), {
    name: "ListenError",
    message: `Cannot serve health on --health-probe-bind-address and metrics on ` +
      `--metrics-bind-address=127.0.0.1:${address.port}: the port is in use; stop what listens ` +
      "there, or choose another address.",
  });
});

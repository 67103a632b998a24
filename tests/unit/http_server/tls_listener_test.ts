import assert from "node:assert/strict";
import { sleep, systemClock } from "../../../src/runtime/time/clock.ts";
import type { Certificate } from "../../../src/http_server/certificate.ts";
import { type LogEntry, loggerOver } from "../../../src/telemetry/log/logger.ts";
import { Registry } from "../../../src/telemetry/metrics/registry.ts";
import { selfSigned } from "../../../src/http_server/self_signed.ts";
import { serveTelemetry } from "../../../src/telemetry/serving/server.ts";
import { fakeClock } from "../kubernetes/http/transport_support.ts";

const DAY_MS = 24 * 3600_000;

function fresh(): Promise<Certificate> {
  const now = systemClock.now();
  return selfSigned(["localhost"], now, now + DAY_MS);
}

/** Secure metrics on loopback whose certificate a test replaces. */
class Served {
  readonly clock = fakeClock();
  readonly logged: LogEntry[] = [];
  readonly #end = new AbortController();
  next: () => Promise<Certificate>;
  port = 0;
  #finished: Promise<void> | undefined;

  constructor(first: Certificate) {
    this.next = () => Promise.resolve(first);
  }

  async start(): Promise<this> {
    const server = await serveTelemetry({
      health: null,
      metrics: { host: "127.0.0.1", port: 0 },
      secure: {
        certificate: () => this.next(),
        authorize: () => Promise.resolve("allowed"),
        log: loggerOver((entry) => this.logged.push(entry), this.clock),
      },
      checks: { live: {}, ready: {} },
      registry: new Registry(),
      clock: this.clock,
      signal: this.#end.signal,
    });
    this.port = server.metrics!.port;
    this.#finished = server.finished;
    return this;
  }

  /** The status for a client that trusts only this certificate; undefined where it cannot connect. */
  async status({ certificate }: Certificate): Promise<number | undefined> {
    using client = Deno.createHttpClient({ caCerts: [certificate] });
    const headers = { authorization: "Bearer x" };
    try {
      const url = `https://localhost:${this.port}/metrics`;
      const response = await fetch(url, { client, headers });
      await response.body?.cancel();
      return response.status;
    } catch (error) {
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  }

  /** Lets the time until the next look at the certificate pass, and a moment for it to be used. */
  async pass(): Promise<void> {
    await this.clock.tick(10_000);
    // Listening and closing are the system's work, in its own time.
    await sleep(systemClock, 50);
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#finished;
  }
}

Deno.test("TLS: a new certificate takes over on the same port, for new connections", async () => {
  const [first, second] = [await fresh(), await fresh()];
  const served = await new Served(first).start();
  assert.deepEqual([await served.status(first), await served.status(second)], [200, undefined]);
  served.next = () => Promise.resolve(second);
  await served.pass();
  assert.deepEqual([await served.status(first), await served.status(second)], [undefined, 200]);
  assert.deepEqual(served.logged.map(({ message }) => message), [
    "serving metrics with a new certificate",
  ]);
  await served.stop();
  assert.equal(await served.status(second), undefined);
});

Deno.test("TLS: no scrape is lost while certificates change", async () => {
  const [first, second] = [await fresh(), await fresh()];
  const served = await new Served(first).start();
  using client = Deno.createHttpClient({ caCerts: [first.certificate, second.certificate] });
  const scrape = async () => {
    const response = await fetch(`https://localhost:${served.port}/metrics`, {
      client,
      headers: { authorization: "Bearer x" },
    });
    await response.text();
    return response.status;
  };
  const statuses: number[] = [];
  for (let change = 0; change < 5; change++) {
    served.next = () => Promise.resolve(change % 2 === 0 ? second : first);
    const scrapes = Promise.all(Array.from({ length: 8 }, scrape));
    await served.clock.tick(10_000);
    statuses.push(...await scrapes);
  }
  assert.deepEqual([...new Set(statuses)], [200]);
  await served.stop();
});

Deno.test("TLS: a certificate that cannot be used is told of once, and the old one stays", async () => {
  const [first, second] = [await fresh(), await fresh()];
  const served = await new Served(first).start();
  served.next = () => Promise.resolve({ ...first, key: second.key });
  await served.pass();
  await served.pass();
  assert.equal(await served.status(first), 200);
  served.next = () => Promise.reject(new Error("/c/tls.crt does not exist"));
  await served.pass();
  assert.equal(await served.status(first), 200);
  assert.deepEqual(served.logged.map(({ level, message }) => `${level} ${message}`), [
    "warn metrics keep their certificate, the new one cannot be used",
    "warn metrics keep their certificate, the new one cannot be used",
  ]);
  assert.match((served.logged[0]!.fields.error as Error).message, /^Cannot serve metrics on/);
  served.next = () => Promise.resolve(second);
  await served.pass();
  assert.equal(await served.status(second), 200);
  await served.stop();
});

Deno.test("TLS: without a certificate there is no start", async () => {
  const served = new Served(await fresh());
  served.next = () => Promise.reject(new Error("/c/tls.crt does not exist; mount it there"));
  await assert.rejects(served.start(), {
    name: "ListenError",
    message: "Cannot serve metrics on --metrics-bind-address=127.0.0.1:0: /c/tls.crt does not " +
      "exist; mount it there.",
  });
});

import assert from "node:assert/strict";
import { telemetryHandler } from "../../../../src/telemetry/serving/handler.ts";
import type { Handler } from "../../../../src/http_server/serve_connection.ts";
import { type Checks, probe } from "../../../../src/telemetry/serving/health.ts";
import { Registry } from "../../../../src/telemetry/metrics/registry.ts";

const good = () => ({ ok: true } as const);
const bad = () => ({ ok: false, reason: "secrets are not synced yet" } as const);
const broken = () => {
  throw new Error("check is broken");
};

function handler(live: Checks, ready: Checks) {
  const metrics = new Registry();
  metrics.counter({ name: "a_total", help: "A." });
  return telemetryHandler({ health: { live, ready }, metrics });
}

async function ask(
  handle: Handler,
  path: string,
  method = "GET",
): Promise<{ status: number; body: string }> {
  const response = await handle(new Request(`http://127.0.0.1:8081${path}`, { method }));
  return { status: response.status, body: await response.text() };
}

const both = handler({ loop: good }, { caches: bad, lease: good });
const fine = handler({}, { caches: good });

const CASES: {
  name: string;
  handle?: Handler;
  path: string;
  method?: string;
  status: number;
  body: string;
}[] = [
  { name: "healthz passes", path: "/healthz", status: 200, body: "ok\n" },
  { name: "a slash at the end is forgiven", path: "/healthz/", status: 200, body: "ok\n" },
  {
    name: "readyz fails with the reason of each failing check",
    path: "/readyz",
    status: 503,
    body: "[-]caches failed: secrets are not synced yet\nreadyz check failed\n",
  },
  {
    name: "verbose lists every check",
    path: "/readyz?verbose",
    status: 503,
    body: "[-]caches failed: secrets are not synced yet\n[+]lease ok\nreadyz check failed\n",
  },
  {
    name: "verbose on a passing probe",
    path: "/healthz?verbose=1",
    status: 200,
    body: "[+]loop ok\nhealthz check passed\n",
  },
  { name: "readyz passes", handle: fine, path: "/readyz", status: 200, body: "ok\n" },
  {
    name: "a check that throws fails with its message",
    handle: handler({ loop: broken }, {}),
    path: "/healthz",
    status: 503,
    body: "[-]loop failed: check is broken\nhealthz check failed\n",
  },
  {
    name: "metrics are exposed",
    path: "/metrics",
    status: 200,
    body: "# HELP a_total A.\n# TYPE a_total counter\na_total 0\n",
  },
  { name: "the root is not found", path: "/", status: 404, body: "Not found.\n" },
  { name: "another path is not found", path: "/healthz/x", status: 404, body: "Not found.\n" },
  {
    name: "only GET and HEAD are served",
    path: "/metrics",
    method: "POST",
    status: 405,
    body: "Only GET and HEAD are served here.\n",
  },
  {
    name: "a health listener has no metrics",
    handle: telemetryHandler({ health: { live: {}, ready: {} } }),
    path: "/metrics",
    status: 404,
    body: "Not found.\n",
  },
  {
    name: "a metrics listener has no health",
    handle: telemetryHandler({ metrics: new Registry() }),
    path: "/healthz",
    status: 404,
    body: "Not found.\n",
  },
];

for (const { name, handle = both, path, method, status, body } of CASES) {
  Deno.test(`health: ${name}`, async () => {
    assert.deepEqual(await ask(handle, path, method), { status, body });
  });
}

Deno.test("health: answers carry their type and are kept by no cache", async () => {
  const headers = async (path: string) => {
    const { headers } = await fine(new Request(`http://h${path}`));
    return Object.fromEntries(headers);
  };
  const common = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
  assert.deepEqual(await headers("/readyz"), {
    ...common,
    "content-type": "text/plain; charset=utf-8",
  });
  assert.deepEqual(await headers("/metrics"), {
    ...common,
    "content-type": "text/plain; version=0.0.4; charset=utf-8",
  });
  assert.equal(
    (await fine(new Request("http://h/readyz", { method: "PUT" }))).headers.get("allow"),
    "GET, HEAD",
  );
});

Deno.test("health: a metric that cannot be collected fails the scrape and says why", async () => {
  const metrics = new Registry();
  metrics.gauge({ name: "g", help: "G." }).collect(broken);
  assert.deepEqual(await ask(telemetryHandler({ metrics }), "/metrics"), {
    status: 500,
    body: "A metric could not be collected: check is broken\n",
  });
});

Deno.test("health: whoever asks is shown neither a credential nor a long story", async () => {
  const fails = (message: string) => () => {
    throw new Error(message);
  };
  const checks = {
    a: fails(`eyJhbGciOiJub25lIn0.eyJh.${"x".repeat(20)} is wrong`),
    b: fails("x".repeat(999)),
  };
  const text = await probe("readyz", checks, false).text();
  assert.equal(
    text,
    `[-]a failed: [redacted] is wrong\n[-]b failed: ${"x".repeat(297)}...\nreadyz check failed\n`,
  );
});

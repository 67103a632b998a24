import assert from "node:assert/strict";
import { createInstruments } from "../../../../src/telemetry/metrics/instruments.ts";
import { Registry } from "../../../../src/telemetry/metrics/registry.ts";
import { registerProcessMetrics } from "../../../../src/telemetry/metrics/process_metrics.ts";

const lines = (...text: string[]) => text.join("\n") + "\n";

Deno.test("metrics: an empty registry exposes nothing", () => {
  assert.equal(new Registry().expose(), "");
});

Deno.test("metrics: a counter without labels shows from the start", () => {
  const registry = new Registry();
  const counter = registry.counter({ name: "a_total", help: "A." });
  const before = registry.expose();
  counter.inc({});
  counter.inc({}, 0.5);
  assert.equal(before, lines("# HELP a_total A.", "# TYPE a_total counter", "a_total 0"));
  assert.equal(registry.expose(), before.replace("a_total 0\n", "a_total 1.5\n"));
});

Deno.test("metrics: series are sorted by label values, labels keep their declared order", () => {
  const registry = new Registry();
  const counter = registry.counter({ name: "a_total", help: "A.", labels: ["verb", "code"] });
  counter.inc({ code: "200", verb: "list" });
  counter.inc({ verb: "get", code: "500" });
  counter.inc({ verb: "list", code: "200" }, 2);
  assert.equal(
    registry.expose(),
    lines(
      "# HELP a_total A.",
      "# TYPE a_total counter",
      'a_total{verb="get",code="500"} 1',
      'a_total{verb="list",code="200"} 3',
    ),
  );
});

Deno.test("metrics: help and label values are escaped as the format asks", () => {
  const registry = new Registry();
  registry.gauge({ name: "g", help: 'a\\b\n"c"', labels: ["l"] }).set({ l: 'a\\b\n"c"' }, 1);
  assert.equal(
    registry.expose(),
    lines('# HELP g a\\\\b\\n"c"', "# TYPE g gauge", 'g{l="a\\\\b\\n\\"c\\""} 1'),
  );
});

Deno.test("metrics: values that are no finite numbers have their own spelling", () => {
  const registry = new Registry();
  const gauge = registry.gauge({ name: "g", help: "G.", labels: ["l"] });
  [Infinity, -Infinity, NaN, 1e21, -0.25].forEach((value, l) => gauge.set({ l: `${l}` }, value));
  assert.deepEqual(registry.expose().split("\n").slice(2, -1), [
    'g{l="0"} +Inf',
    'g{l="1"} -Inf',
    'g{l="2"} NaN',
    'g{l="3"} 1e+21',
    'g{l="4"} -0.25',
  ]);
});

Deno.test("metrics: a histogram's buckets are cumulative and end with +Inf", () => {
  const registry = new Registry();
  const histogram = registry.histogram({
    name: "h_seconds",
    help: "H.",
    labels: ["api"],
    buckets: [0.1, 1],
  });
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe({ api: "v1" }, value);
  assert.equal(
    registry.expose(),
    lines(
      "# HELP h_seconds H.",
      "# TYPE h_seconds histogram",
      'h_seconds_bucket{api="v1",le="0.1"} 2',
      'h_seconds_bucket{api="v1",le="1"} 3',
      'h_seconds_bucket{api="v1",le="+Inf"} 4',
      'h_seconds_sum{api="v1"} 7.65',
      'h_seconds_count{api="v1"} 4',
    ),
  );
});

Deno.test("metrics: a histogram without labels shows from the start", () => {
  const registry = new Registry();
  registry.histogram({ name: "h", help: "H.", buckets: [1] });
  assert.deepEqual(registry.expose().split("\n").slice(2, -1), [
    'h_bucket{le="1"} 0',
    'h_bucket{le="+Inf"} 0',
    "h_sum 0",
    "h_count 0",
  ]);
});

Deno.test("metrics: a collected gauge shows what the callback answers, and forgets the rest", () => {
  const registry = new Registry();
  const gauge = registry.gauge({ name: "g", help: "G.", labels: ["ready"] });
  let known = [{ labels: { ready: "true" }, value: 2 }, { labels: { ready: "false" }, value: 1 }];
  gauge.collect(() => known);
  const first = registry.expose().split("\n").slice(2, -1);
  known = known.slice(0, 1);
  assert.deepEqual(first, ['g{ready="false"} 1', 'g{ready="true"} 2']);
  assert.deepEqual(registry.expose().split("\n").slice(2, -1), ['g{ready="true"} 2']);
});

Deno.test("metrics: label sets beyond the limit are counted together", () => {
  const registry = new Registry();
  const counter = registry.counter({ name: "c_total", help: "C.", labels: ["l"], maxSeries: 2 });
  for (const l of ["a", "b", "c", "d", "a"]) counter.inc({ l });
  assert.deepEqual(registry.expose().split("\n").slice(2, -1), [
    'c_total{l="a"} 2',
    'c_total{l="b"} 1',
    'c_total{l="other"} 2',
  ]);
});

Deno.test("metrics: label values that join to the same text are kept apart", () => {
  const registry = new Registry();
  const counter = registry.counter({ name: "c_total", help: "C.", labels: ["a", "b"] });
  counter.inc({ a: 'x","y', b: "z" });
  counter.inc({ a: "x", b: 'y","z' });
  assert.equal(registry.expose().split("\n").length, 5);
});

Deno.test("metrics: mistakes of declaration and use are thrown", () => {
  const registry = new Registry();
  const declare = (name: string, labels: string[] = [], buckets = [1]) => () =>
    registry.histogram({ name, help: "H.", labels, buckets });
  declare("twice")();
  assert.throws(declare("twice"), { message: "The metric twice is declared twice" });
  assert.throws(declare("a-b"), { message: '"a-b" is no metric name' });
  assert.throws(declare("a", ["b-c"]), { message: '"b-c" is no label name' });
  assert.throws(declare("b", ["__name"]), { message: '"__name" is no label name' });
  assert.throws(declare("c", ["le"]), { message: "The label le of c is the buckets' own" });
  assert.throws(declare("d", [], [1, 1]), { message: "The buckets of d do not rise" });
  const counter = registry.counter({ name: "n_total", help: "N." });
  assert.throws(() => counter.inc({}, -1), { message: "n_total cannot grow by -1" });
  assert.throws(() => counter.inc({}, NaN), { message: "n_total cannot grow by NaN" });
});

Deno.test("metrics: the process tells of itself", () => {
  const registry = new Registry();
  registerProcessMetrics(registry, {
    startedAt: 1_500,
    version: "1.2.3",
    denoVersion: "2.9.6",
    memoryUsage: () => ({ rss: 50, heapUsed: 10, heapTotal: 20 }),
    cpuUsage: () => ({ user: 1_500_000, system: 500_000 }),
  });
  assert.deepEqual(registry.expose().split("\n").filter((line) => !line.startsWith("#")), [
    "process_cpu_seconds_total 2",
    "process_resident_memory_bytes 50",
    "process_heap_bytes 20",
    "process_heap_used_bytes 10",
    "process_start_time_seconds 1.5",
    'acrpull_build_info{version="1.2.3",deno_version="2.9.6"} 1',
    "",
  ]);
});

Deno.test("instruments: bear these names and types, which dashboards rely on", () => {
  const registry = new Registry();
  createInstruments(registry);
  const types = [...registry.expose().matchAll(/^# TYPE (.+)$/gm)].map(([, type]) => type);
  assert.deepEqual(types, [
    "acrpull_reconcile_total counter",
    "acrpull_actions_total counter",
    "acrpull_reconcile_duration_seconds histogram",
    "acrpull_mint_total counter",
    "acrpull_azure_requests_total counter",
    "acrpull_azure_request_duration_seconds histogram",
    "acrpull_kubernetes_requests_total counter",
    "acrpull_kubernetes_request_duration_seconds histogram",
    "acrpull_watch_restarts_total counter",
    "acrpull_bindings gauge",
    "acrpull_credential_expiry_timestamp_seconds gauge",
    "acrpull_queue_depth gauge",
    "acrpull_leader gauge",
    "acrpull_event_loop_lag_max_seconds gauge",
    "acrpull_log_lines_dropped_total counter",
  ]);
});

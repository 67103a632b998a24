import { createInstruments } from "../../src/telemetry/metrics/instruments.ts";
import { registerProcessMetrics } from "../../src/telemetry/metrics/process_metrics.ts";
import { Registry } from "../../src/telemetry/metrics/registry.ts";
import { row } from "./guide_table.ts";

const NOTHING = { rss: 0, heapUsed: 0, heapTotal: 0 };

/** Every metric that the operator serves as a table in Markdown, in the order in which it does. */
export function metricTable(): string {
  const registry = new Registry();
  createInstruments(registry);
  registerProcessMetrics(registry, {
    startedAt: 0,
    version: "",
    denoVersion: "",
    memoryUsage: () => NOTHING,
    cpuUsage: () => ({ user: 0, system: 0 }),
  });
  return [
    row("Metric", "Type", "Labels", "What it tells"),
    row("---", "---", "---", "---"),
    ...registry.declared().map(({ name, type, labels, help }) =>
      row(`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(", "), help)
    ),
  ].join("\n");
}

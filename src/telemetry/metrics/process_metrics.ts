import type { Registry } from "./registry.ts";

/** What the process tells of itself. None of it needs a permission. */
export interface ProcessFacts {
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  readonly version: string;
  readonly denoVersion: string;
  /** In bytes. */
  memoryUsage(): { readonly rss: number; readonly heapUsed: number; readonly heapTotal: number };
  /** In microseconds. */
  cpuUsage(): { readonly user: number; readonly system: number };
}

/** Declares the process' own metrics, under the names that Prometheus' clients share. */
export function registerProcessMetrics(registry: Registry, facts: ProcessFacts): void {
  const gauge = (name: string, help: string, value: () => number) =>
    registry.gauge({ name, help }).collect(() => [{ labels: {}, value: value() }]);
  registry.counterOf({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent.",
    total: () => {
      const { user, system } = facts.cpuUsage();
      return (user + system) / 1e6;
    },
  });
  gauge(
    "process_resident_memory_bytes",
    "Resident memory.",
    () => facts.memoryUsage().rss,
  );
  gauge(
    "process_heap_bytes",
    "Heap that the process has allocated.",
    () => facts.memoryUsage().heapTotal,
  );
  gauge("process_heap_used_bytes", "Heap in use.", () => facts.memoryUsage().heapUsed);
  gauge(
    "process_start_time_seconds",
    "Unix time at which the process started.",
    () => facts.startedAt / 1000,
  );
  registry.gauge({
    name: "acrpull_build_info",
    help: "Always 1. What is running.",
    labels: ["version", "deno_version"],
  }).set({ version: facts.version, deno_version: facts.denoVersion }, 1);
}

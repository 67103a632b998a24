import { megabytes } from "../report/result.ts";
import type { Table } from "../report/table.ts";
import { figure } from "../report/text.ts";
import type { SelfTime } from "./cpu_profile.ts";
import { groupTimes, IDLE } from "./groups.ts";

/** What `Runtime.getHeapUsage` answers, as far as it is shown here, in bytes. */
export interface HeapUsage {
  readonly usedSize: number;
  readonly totalSize: number;
}

/** What a profiled roll-out showed. */
export interface Profile {
  readonly readySeconds: number;
  readonly cpuSeconds: number;
  readonly serverCpuSeconds: number;
  /** CPU time by kind of thread, in seconds. */
  readonly threads: Readonly<Record<string, number>>;
  /** Of the main thread, the most first. */
  readonly times: readonly SelfTime[];
  /** After a full collection. */
  readonly heap: HeapUsage;
}

const FUNCTIONS = 15;

/** The profile as tables: processes and threads, groups, functions, the heap. */
export function profileTables(name: string, profile: Profile): Table[] {
  const { readySeconds, cpuSeconds, serverCpuSeconds, threads, times, heap } = profile;
  const total = sum(times);
  const busy = total - sum(times.filter((time) => time.name === IDLE));
  const share = (milliseconds: number, of: number) => `${(milliseconds / of * 100).toFixed(1)} %`;
  return [
    {
      heading: `Profile of ${name}: CPU`,
      columns: ["Of", "Time"],
      rows: [
        ["all ready", figure(readySeconds, "s")],
        ["API server and etcd", figure(serverCpuSeconds, "s")],
        ["operator", figure(cpuSeconds, "s")],
        ...Object.entries(threads).map(([kind, seconds]) => [
          `operator, ${kind}`,
          figure(seconds, "s"),
        ]),
      ],
    },
    {
      heading: `Profile of ${name}: the main thread`,
      columns: ["Group", "Self time", "Of the time", "Of the busy time"],
      rows: groupTimes(times).map(([group, milliseconds]) => [
        group,
        figure(milliseconds, "ms"),
        share(milliseconds, total),
        group === "idle" ? "" : share(milliseconds, busy),
      ]),
    },
    {
      heading: `Profile of ${name}: functions`,
      columns: ["Function", "In", "Self time", "Of the busy time"],
      rows: times.filter((time) => time.name !== IDLE).slice(0, FUNCTIONS).map((time) => [
        time.name,
        time.module,
        figure(time.milliseconds, "ms"),
        share(time.milliseconds, busy),
      ]),
    },
    {
      heading: `Profile of ${name}: the heap after a full collection`,
      columns: ["Used", "Reserved"],
      rows: [[heap.usedSize, heap.totalSize].map((size) => `${megabytes(size).toFixed(1)} MB`)],
    },
  ];
}

function sum(times: readonly SelfTime[]): number {
  return times.reduce((total, { milliseconds }) => total + milliseconds, 0);
}

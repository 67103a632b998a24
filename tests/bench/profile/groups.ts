import type { SelfTime } from "./cpu_profile.ts";

/** A group of functions, and which are in it. The first that takes a function has it. */
type Group = readonly [string, (time: SelfTime) => boolean];

/** What V8 reports for a thread that waits. */
export const IDLE = "(idle)";

const GROUPS: readonly Group[] = [
  ["idle", ({ name }) => name === IDLE],
  ["garbage collector", ({ name }) => name === "(garbage collector)"],
  ["Deno: streams", within(/^ext:deno_web\/06_streams/)],
  ["Deno: fetch", ({ name, module }) => /^op_fetch/.test(name) || /^ext:deno_fetch/.test(module)],
  [
    "Deno: ops and the rest",
    ({ name, module }) => /^op_/.test(name) || /^(ext|node):/.test(module),
  ],
  ["log and metrics", within(/^src\/(telemetry|http_server)/)],
  ["Kubernetes: transport, caches, JSON", within(/^src\/(kubernetes|api)/)],
  ["Azure", within(/^src\/azure/)],
  ["reconciling", within(/^src\/(controller|cli|runtime|main)|noble/)],
  ["starting: modules, kubeconfig", within(/^bundle$|^yaml|manager\.ts$/)],
  ["V8 and native code", ({ module }) => module === ""],
];

/** Self time by group, the most first. What no group takes is `other`. */
export function groupTimes(times: readonly SelfTime[]): [name: string, milliseconds: number][] {
  const sums = new Map<string, number>();
  for (const time of times) {
    const [name] = GROUPS.find(([, takes]) => takes(time)) ?? ["other"];
    sums.set(name, (sums.get(name) ?? 0) + time.milliseconds);
  }
  return [...sums].toSorted(([, a], [, b]) => b - a);
}

function within(pattern: RegExp): (time: SelfTime) => boolean {
  return ({ module }) => pattern.test(module);
}

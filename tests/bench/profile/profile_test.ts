import assert from "node:assert/strict";
import { type CpuProfile, selfTimes } from "./cpu_profile.ts";
import { groupTimes } from "./groups.ts";
import { modulesOf } from "./modules.ts";
import { profileTables } from "./tables.ts";

const BUNDLE = `import "x";
// src/telemetry/log.ts
function write() {}
// ../../../home/me/.cache/deno/npm/registry.example/@noble/hashes/2.2.0/sha2.js
function compress() {}
// A comment within a module.
// ../../clone/src/controller/plan/plan.ts
function plan() {}
`;

function profile(...nodes: [name: string, url: string, line: number, ms: number[]][]): CpuProfile {
  return {
    nodes: nodes.map(([functionName, url, lineNumber], id) => ({
      id,
      callFrame: { functionName, url, lineNumber },
    })),
    samples: nodes.flatMap(([, , , times], id) => times.map(() => id)),
    timeDeltas: nodes.flatMap(([, , , times]) => times.map((ms) => ms * 1000)),
  };
}

const PROFILE = profile(
  ["(idle)", "", -1, [40, 10]],
  ["(garbage collector)", "", -1, [20]],
  ["op_fetch_send", "", -1, [5]],
  ["op_read", "", -1, [4]],
  ["mainFetch", "ext:deno_fetch/26_fetch.js", 10, [3]],
  ["pull", "ext:deno_web/06_streams.js", 10, [2]],
  ["write", "file:///tmp/manager.js", 2, [6]],
  ["compress", "file:///tmp/manager.js", 4, [1]],
  ["plan", "file:///tmp/manager.js", 7, [8, 1]],
  ["plan", "file:///tmp/manager.js", 7, [1]],
  ["(program)", "", -1, [7]],
  ["op_exit", "", -1, [900]],
);

Deno.test("modulesOf: a line belongs to the module named last, without this machine's folders", () => {
  const moduleAt = modulesOf(BUNDLE);
  assert.deepEqual([0, 2, 4, 5, 7].map(moduleAt), [
    "bundle",
    "src/telemetry/log.ts",
    "@noble/hashes/2.2.0/sha2.js",
    "@noble/hashes/2.2.0/sha2.js",
    "src/controller/plan/plan.ts",
  ]);
});

Deno.test("selfTimes: nodes of one function are added up, the most first", () => {
  const times = selfTimes(PROFILE, "manager.js", modulesOf(BUNDLE));
  assert.deepEqual(times.slice(0, 4), [
    { name: "(idle)", module: "", milliseconds: 50 },
    { name: "(garbage collector)", module: "", milliseconds: 20 },
    { name: "plan", module: "src/controller/plan/plan.ts", milliseconds: 10 },
    { name: "(program)", module: "", milliseconds: 7 },
  ]);
});

Deno.test("groupTimes: every function is in one group", () => {
  assert.deepEqual(groupTimes(selfTimes(PROFILE, "manager.js", modulesOf(BUNDLE))), [
    ["idle", 50],
    ["garbage collector", 20],
    ["reconciling", 11],
    ["Deno: fetch", 8],
    ["V8 and native code", 7],
    ["log and metrics", 6],
    ["Deno: ops and the rest", 4],
    ["Deno: streams", 2],
  ]);
});

Deno.test("profileTables: shares of all time and of the busy time", () => {
  const tables = profileTables("some", {
    readySeconds: 7.37,
    cpuSeconds: 3.07,
    serverCpuSeconds: 9.9,
    threads: { main: 2.2, "V8's helpers (garbage collection)": 0.8 },
    times: selfTimes(PROFILE, "manager.js", modulesOf(BUNDLE)),
    heap: { usedSize: 14.04e6, totalSize: 20e6 },
  });
  assert.deepEqual(tables.map(({ rows }) => rows[1] ?? rows[0]), [
    ["API server and etcd", "9.90 s"],
    ["garbage collector", "20.0 ms", "18.5 %", "34.5 %"],
    ["plan", "src/controller/plan/plan.ts", "10.0 ms", "17.2 %"],
    ["14.0 MB", "20.0 MB"],
  ]);
});

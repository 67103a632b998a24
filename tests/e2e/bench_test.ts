import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseTables } from "../bench/report/table.ts";
import { lackOfNamespaces } from "../suites/namespaces.ts";
import { lackOfBinaries } from "./servers/gate.ts";
import { needing } from "../suites/needing.ts";

const BENCH = fileURLToPath(new URL("../bench/main.ts", import.meta.url));

const withBench = (name: string) =>
  needing(
    name,
    lackOfBinaries(["etcd", "kube-apiserver", "kubectl"]),
    lackOfNamespaces({ root: true, commands: ["mount"] }),
  );

/** Cases of every kind that take seconds. What they measure is not judged: others work here too. */
const CHEAP = ["memory", "cold", "floor", "shared-account", "growth"];

const LINES = [
  ...["memory-bare", "memory-source", "memory-unsized", "memory-bundle"],
  ...["cold", "floor", "shared-account", "growth-100"],
];

Deno.test({
  ...withBench("bench: the cheapest cases are measured, printed line by line and as tables"),
  fn: async () => {
    const { code, stdout, stderr } = await bench("--quick", `--case=${CHEAP.join()}`);
    const said = stdout + stderr;
    assert.equal(code, 0, said);
    assert.ok(!said.includes("PROBLEM"), said);
    const results = stdout.split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as { case: string; problems: string[]; runs: number });
    assert.deepEqual(
      results.map(({ case: name, problems, runs }) => ({ name, problems, runs })),
      LINES.map((name) => ({ name, problems: [], runs: 1 })),
    );
    const tables = parseTables(stdout);
    assert.deepEqual(
      tables.map(({ heading, rows }) => [heading, rows.length]).filter(([name]) =>
        name !== "Calls"
      ),
      [["Measured", 1], ["Speed", 3], ["Without work", 4], ["Growth", 1]],
    );
    const calls = tables.find(({ heading }) => heading === "Calls")!;
    assert.deepEqual(calls.columns, ["Calls", "cold", "floor", "shared-account"]);
    assert.deepEqual(
      calls.rows.filter(([name]) => name === "IMDS" || name === "create secrets"),
      [["IMDS", "1", "", "1"], ["create secrets", "1", "200", "100"]],
    );
    for (const { columns, rows } of tables.filter(({ heading }) => heading === "Speed")) {
      for (const [name, ready] of rows) assert.match(ready!, /^[\d.]+ s$/, `${columns}: ${name}`);
    }
  },
});

Deno.test({
  ...withBench("bench: --profile says where a roll-out's time goes, by group and by function"),
  fn: async () => {
    const { code, stdout, stderr } = await bench("--quick", "--profile", "--case=shared-account");
    assert.equal(code, 0, stdout + stderr);
    const tables = parseTables(stdout);
    const of = "Profile of shared-account";
    assert.deepEqual(tables.map(({ heading }) => heading), [
      `${of}: CPU`,
      `${of}: the main thread`,
      `${of}: functions`,
      `${of}: the heap after a full collection`,
    ]);
    const groups = tables[1]!.rows.map(([group]) => group!);
    for (const group of ["idle", "garbage collector", "Deno: fetch", "reconciling"]) {
      assert.ok(groups.includes(group), `${group} is not among ${groups}`);
    }
    assert.ok(!groups.includes("other"), stdout);
    assert.equal(tables[2]!.rows.length, 15);
    assert.match(tables[3]!.rows[0]![0]!, /^\d+\.\d MB$/);
  },
});

async function bench(
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", BENCH, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

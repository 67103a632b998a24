import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { obtainBinaries } from "../e2e/servers/binaries.ts";
import { lackOfBinaries } from "../e2e/servers/gate.ts";
import { eventually } from "../suites/eventually.ts";
import type { JSONObject } from "../../src/kubernetes/http/contract.ts";
import { resourcePath } from "../../src/kubernetes/resources/resource_path.ts";
import { DemoChild } from "./child.ts";
import { onServer, SAMPLES, worldAt } from "./fixture.ts";
import { NAMESPACE } from "./installation.ts";
import { observeBindings } from "./observe.ts";
import { readSamples } from "./samples.ts";
import type { World } from "./world.ts";
import { needing } from "../suites/needing.ts";

const BAD = fileURLToPath(new URL("bad", import.meta.url));
const NEVER = new AbortController().signal;

/** What each of tests/demo/bad does to its binding, and how it is told. */
const TROUBLES: Readonly<Record<string, RegExp>> = {
  "managed-identity": /exmaple\.azurecr\.io/,
  "client-id": /Assign the managed identity to the node pool's scale set/,
  "workload-identity": /federated credential/,
};

async function ready(world: World): Promise<true | undefined> {
  const rows = await observeBindings(world.rest, world.selection);
  return rows.length === 5 && rows.every(({ state, error }) => state === "Ready" && error === "")
    ? true
    : undefined;
}

/** As kubectl does by the lines that the demo prints. */
async function applyAll(world: World, directory: string): Promise<void> {
  for (const { definition, object } of await readSamples(directory)) {
    await world.rest.performRequest({
      method: "PATCH",
      path: resourcePath(definition, { namespace: NAMESPACE, name: object.metadata.name }),
      querystring: new URLSearchParams({ fieldManager: "kubectl", force: "true" }),
      contentType: "application/apply-patch+yaml",
      bodyJson: object as unknown as JSONObject,
      expectJson: true,
    });
  }
}

Deno.test("demo: its Azure knows the samples alone, so that each bad example fails with a remedy", async () => {
  await onServer(false, async (endpoint) => {
    await using world = await worldAt(endpoint);
    await world.begin(NEVER);
    await world.applySamples(NEVER);
    await eventually("the samples are ready", () => ready(world));
    await applyAll(world, BAD);
    const told = await eventually("three bindings are in trouble", async () => {
      const rows = await observeBindings(world.rest, world.selection);
      const troubles = rows.filter(({ error }) => error !== "");
      return troubles.length === 3 ? troubles : undefined;
    });
    assert.deepEqual(told.map(({ name }) => name).sort(), Object.keys(TROUBLES).sort());
    for (const { name, error } of told) assert.match(error, TROUBLES[name]!);
    await applyAll(world, SAMPLES);
    await eventually("the samples are ready again", () => ready(world));
    assert.deepEqual([world.azure.unexpected(), world.azure.violations()], [[], []]);
  });
});

Deno.test("demo: an Azure that knows all has nothing against the names of the bad examples", async () => {
  await onServer(false, async (endpoint) => {
    await using world = await worldAt(endpoint, { knowsAll: true });
    await world.begin(NEVER);
    await world.applySamples(NEVER);
    await applyAll(world, BAD);
    await eventually("all are ready", () => ready(world));
  });
});

Deno.test({
  ...needing(
    "demo: the kubectl lines that it prints break a binding each, and the last heals them",
    lackOfBinaries(["kubectl"]),
  ),
  fn: async () => {
    const { kubectl } = await obtainBinaries(["kubectl"]);
    await using child = new DemoChild([]);
    await child.said(/v1beta2\/workload-identity is Ready/, 20_000);
    const lines = [...child.stdout.matchAll(/^ {2}((?:export|kubectl) .*)$/gm)].map(([, line]) =>
      line!
    );
    const [setup, , , ...rest] = lines;
    const healing = rest.pop()!;
    assert.equal(rest.length, 3);
    const run = (line: string) => shell(`${setup}\n${line}`, kubectl);
    for (const [index, [name, why]] of Object.entries(TROUBLES).entries()) {
      await run(rest[index]!);
      await child.said(new RegExp(`/${name} is \\w+: .*${why.source}`), 10_000);
    }
    await run(healing);
    await child.said(
      /identity is (?!Ready)\w+: [\s\S]*workload-identity is Ready, its token/,
      10_000,
    );
  },
});

/** Runs a line in the repository's root, as it is pasted, with that kubectl. */
async function shell(line: string, kubectl: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-euc", `kubectl() { "$KUBECTL" "$@"; }\n${line}`],
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { KUBECTL: kubectl },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

import assert from "node:assert/strict";
import { operatorArgs } from "../../../deploy/manifests/deployment.ts";
import { DEFAULTS } from "../../../deploy/manifests/settings.ts";
import { FLAGS } from "../../../src/cli/flags/flag_table.ts";
import { createInstruments } from "../../../src/telemetry/metrics/instruments.ts";
import { Registry } from "../../../src/telemetry/metrics/registry.ts";
import { guideSection } from "../../suites/guides.ts";

Deno.test("the guide tells where metrics are served by the manifests, and where by the flag's default", () => {
  const [paragraph = ""] = guideSection("deploy/metrics.md", "Metrics").trim().split("\n\n");
  const text = paragraph.replace(/\s+/g, " ");
  const flag = "--metrics-bind-address";
  const given = operatorArgs(DEFAULTS).find((arg) => arg.startsWith(`${flag}=`));
  assert.ok(text.includes(`\`${given}\``), text);
  assert.match(
    text,
    new RegExp(`own default without that flag is \`${FLAGS["metrics-bind-address"].default}\``),
  );
});

Deno.test("metrics guide: every label has its values told", () => {
  const registry = new Registry();
  createInstruments(registry);
  const labels = new Set(registry.declared().flatMap(({ labels }) => labels));
  const table = guideSection("deploy/metrics.md", "Which there are").split("<!--")[0]!;
  const told = new Set(
    [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) =>
      [...cell!.matchAll(/`(\w+)`/g)].map(([, label]) => label!)
    ),
  );
  assert.ok(labels.size >= 9);
  assert.deepEqual([...labels].filter((label) => !told.has(label)), []);
});

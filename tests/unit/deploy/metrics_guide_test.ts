import assert from "node:assert/strict";
import { operatorArgs } from "../../../deploy/manifests/deployment.ts";
import { DEFAULTS } from "../../../deploy/manifests/settings.ts";
import { FLAGS } from "../../../src/cli/flags/flag_table.ts";

Deno.test("the guide tells where metrics are served by the manifests, and where by the flag's default", () => {
  const guide = Deno.readTextFileSync(new URL("../../../deploy/README.md", import.meta.url));
  const [, section = ""] = guide.split("\n## Metrics\n");
  const [paragraph = ""] = section.trim().split("\n\n");
  const text = paragraph.replace(/\s+/g, " ");
  const flag = "--metrics-bind-address";
  const given = operatorArgs(DEFAULTS).find((arg) => arg.startsWith(`${flag}=`));
  assert.ok(text.includes(`\`${given}\``), text);
  assert.match(
    text,
    new RegExp(`own default without that flag is \`${FLAGS["metrics-bind-address"].default}\``),
  );
});

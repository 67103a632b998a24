import assert from "node:assert/strict";
import { installation } from "../../../../deploy/manifests/installation.ts";
import { DEFAULTS } from "../../../../deploy/manifests/settings.ts";
import { guide, guideSection } from "../../../suites/guides.ts";

const GUIDE = "deploy/policies.md";

/** Names of the policies that are installed with these settings. */
function policies(tenantPolicy: boolean): string[] {
  return installation({ ...DEFAULTS, tenantPolicy })
    .filter(({ kind }) => kind === "ValidatingAdmissionPolicy")
    .map(({ metadata }) => metadata.name);
}

Deno.test("policies guide: its table has the policies that are installed by default, and no other", () => {
  const [table] = guideSection(GUIDE, "Of the operator").split("\n### ");
  const told = [...table!.matchAll(/^\| `([\w-]+)` /gm)].map((match) => match[1]!);
  assert.deepEqual(told.sort(), policies(false).sort());
});

Deno.test("policies guide: what is added for tenants is told by its name", () => {
  const added = policies(true).filter((name) => !policies(false).includes(name));
  assert.ok(added.length >= 2);
  assert.deepEqual(added.filter((name) => !guide(GUIDE).includes(`\`${name}\``)), []);
});

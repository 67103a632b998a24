import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { guideSection } from "../../suites/guides.ts";
import { missingTests, type NamedTest, testsIn } from "../named_tests.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The lines of the section's tables, each with the tests that it names. */
function lines(): { line: string; shown: NamedTest[] }[] {
  const section = guideSection("deploy/tenants.md", "What one tenant can do to others");
  const rows = section.split("\n").filter((line) => /^\| (?!---|A tenant might)/.test(line));
  return rows.map((line) => ({ line, shown: testsIn(line.split(" | ").at(-1)!) }));
}

Deno.test("tenant guide: each line says what happens, and names a test that shows it", () => {
  const all = lines();
  assert.ok(all.length > 20, `${all.length} lines`);
  for (const { line, shown } of all) {
    assert.match(line, /^\| [^|]{10,} \| [^|]{10,} \| [^|]+ \|$/);
    assert.notEqual(shown.length, 0, line);
  }
});

Deno.test("tenant guide: each test that it names is there under that name", () => {
  assert.deepEqual(missingTests(lines().flatMap(({ shown }) => shown)), []);
});

Deno.test("tenant guide: no test of what tenants may name is left out", () => {
  const shown = lines().flatMap(({ shown }) => shown.map(({ name }) => name));
  for (const file of ["default", "evasion", "property"]) {
    const text = Deno.readTextFileSync(`${ROOT}tests/e2e/tenant_policy_${file}_test.ts`);
    const names = [...text.matchAll(/e2e(?:WithHelm)?\(\s*["`]([^"`]+)["`]/g)]
      .map(([, name]) => name!);
    assert.ok(names.length > 1);
    assert.deepEqual(names.filter((name) => !shown.includes(name)), [], file);
  }
});

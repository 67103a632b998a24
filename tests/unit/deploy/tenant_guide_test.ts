import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { guideSection } from "../../suites/guides.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** A test by its file and the name that the file gives it. */
interface Shown {
  readonly file: string;
  readonly name: string;
}

/** The lines of the section's tables, each with the tests that it names. */
function lines(): { line: string; shown: Shown[] }[] {
  const section = guideSection("deploy/tenants.md", "What one tenant can do to others");
  const rows = section.split("\n").filter((line) => /^\| (?!---|A tenant might)/.test(line));
  return rows.map((line) => ({ line, shown: testsIn(line.split(" | ").at(-1)!) }));
}

function testsIn(cell: string): Shown[] {
  return [...cell.matchAll(/`(tests\/[\w./-]+\.ts)` "([^"]+)"/g)]
    .map(([, file, name]) => ({ file: file!, name: name! }));
}

/** Whether the text of a module holds the name as a whole string, or as a template's text. */
function isNamedIn(text: string, name: string): boolean {
  return text.includes(JSON.stringify(name)) || text.includes(`\`${name}\``);
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
  const missing = lines().flatMap(({ shown }) => shown).filter(({ file, name }) =>
    !isNamedIn(Deno.readTextFileSync(`${ROOT}${file}`), name)
  );
  assert.deepEqual(missing, []);
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

Deno.test("tenant guide: a name that no test has is found out", () => {
  assert.equal(isNamedIn('Deno.test("one", f);', "one"), true);
  assert.equal(isNamedIn("Deno.test(`one ${of}`, f);", "one ${of}"), true);
  assert.equal(isNamedIn('Deno.test("one of two", f);', "one"), false);
  assert.deepEqual(testsIn('`tests/a_test.ts` "one"; `tests/b/c_test.ts` "two: three"'), [
    { file: "tests/a_test.ts", name: "one" },
    { file: "tests/b/c_test.ts", name: "two: three" },
  ]);
});

import assert from "node:assert/strict";
import { guideSection } from "../suites/guides.ts";
import { missingTests, testsIn } from "./named_tests.ts";

/** The rows of the section's tables. */
function rows(): string[] {
  return guideSection("tests/README.md", "Public reports").split("\n")
    .filter((line) => /^\| (?!---|Report \|)/.test(line));
}

Deno.test("public reports: each row says what was tried, and names a test that holds it", () => {
  const all = rows();
  assert.ok(all.length >= 29, `${all.length} rows`);
  for (const row of all) {
    assert.match(row, /^\| [^|]{10,} \| [^|]{10,} \| [^|]+ \|$/);
    assert.notEqual(testsIn(row.split(" | ").at(-1)!).length, 0, row);
  }
});

Deno.test("public reports: each test that is named is there under that name", () => {
  assert.deepEqual(missingTests(rows().flatMap((row) => testsIn(row))), []);
});

Deno.test("public reports: each link leads to the thread that it names", () => {
  const links = rows().flatMap((row) => [...row.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)]);
  assert.ok(links.length >= 30, `${links.length} links`);
  for (const [, text, url] of links) {
    const [repository, number] = text!.split("#");
    assert.match(
      url!,
      new RegExp(`^https://github\\.com/${RegExp.escape(repository!)}/(issues|pull)/${number}$`),
    );
  }
});

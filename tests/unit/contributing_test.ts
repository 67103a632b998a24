import assert from "node:assert/strict";
import { parse } from "yaml";
import { guideSection } from "../suites/guides.ts";

interface Category {
  readonly title: string;
  readonly labels: readonly string[];
}

/** Categories of release notes by their label, `*` for what has none. */
function categories(): [label: string, title: string][] {
  const path = new URL("../../.github/release.yml", import.meta.url);
  const { changelog } = parse(Deno.readTextFileSync(path)) as {
    changelog: { categories: readonly Category[] };
  };
  return changelog.categories.flatMap(({ title, labels }) =>
    labels.map((label): [string, string] => [label, title])
  );
}

Deno.test("contributing: each label is told with its category, as release notes are written by", () => {
  const section = guideSection(".github/CONTRIBUTING.md", "Pull requests");
  const told = [...section.matchAll(/^\| (?:`([\w-]+)`|none of these) +\| (.+?) +\|$/gm)]
    .map((row): [string, string] => [row[1] ?? "*", row[2]!]);
  assert.deepEqual(told, categories());
});

Deno.test("release notes: what fits no category is in the last", () => {
  assert.equal(categories().at(-1)![0], "*");
});

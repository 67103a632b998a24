import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { valueTable } from "../../../../deploy/guides/value_table.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const VALUES = Deno.readTextFileSync(`${ROOT}deploy/helm/values.yaml`);

/** The rows without the heading, each as its cells. */
function rowsOf(values: string): string[][] {
  return valueTable(values).split("\n").slice(2)
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("chart's values: a comment is the meaning, a mapping of values stands by its parts", () => {
  const values = [
    "# For maintainers.",
    "",
    "# One a|b.",
    "one: 1",
    "two:",
    "  # Deep. Such as:",
    "  #   - x",
    "  three: []",
    "  four: { a/b: c }",
    "# Of all.",
    "five:",
    "  six: text",
  ].join("\n");
  assert.deepEqual(rowsOf(values), [
    ["`one`", "`1`", "One a\\|b."],
    ["`two.three`", "`[]`", "Deep."],
    ["`two.four`", '`{"a/b":"c"}`', ""],
    ["`five`", "", "Of all."],
    ["`five.six`", '`"text"`', ""],
  ]);
});

Deno.test("chart's values: each is explained, by a comment of its own or of what holds it", () => {
  const rows = rowsOf(VALUES);
  const explained = new Set(rows.filter(([, , meaning]) => meaning !== "").map(([place]) => place));
  const parents = (place: string) =>
    place.slice(1, -1).split(".").map((_, i, all) => `\`${all.slice(0, i + 1).join(".")}\``);
  const bare = rows.map(([place]) => place!).filter((place) =>
    !parents(place).some((each) => explained.has(each))
  );
  assert.deepEqual(bare, []);
});

Deno.test("chart's values: none is left out", () => {
  const places = rowsOf(VALUES).map(([place]) => place!.slice(1, -1));
  const top = Object.keys(parse(VALUES) as Record<string, unknown>);
  assert.deepEqual(
    top.filter((name) => !places.some((place) => place === name || place.startsWith(`${name}.`))),
    [],
  );
  assert.ok(places.includes("policies.tenants.entries"));
});

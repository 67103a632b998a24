import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { apiReference } from "../../../../deploy/schema/api_reference.ts";
import { readFolder, withTables } from "../../../../deploy/generate.ts";
import { withTable } from "../../../../deploy/guides/guide_table.ts";
import { guide } from "../../../suites/guides.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const CRDS = readFolder(`${ROOT}deploy/crds`, ".yaml");

for (
  const path of ["deploy/api.md", "deploy/flags.md", "deploy/metrics.md", "deploy/sandbox.md"]
) {
  Deno.test(`${path} has the table that deno task generate makes`, () => {
    const written = { path, text: guide(path) };
    assert.deepEqual(withTables([written], CRDS), [written]);
  });
}

Deno.test("guide table: marks that are gone, or there twice, are named with their file", () => {
  const pair = "<!-- deno-fmt-ignore-start --> old <!-- deno-fmt-ignore-end -->";
  for (const text of ["none", pair + pair, "<!-- deno-fmt-ignore-start --> open"]) {
    assert.throws(() => withTable(text, "new", "deploy/a.md"), /^Error: deploy\/a\.md: it must/);
  }
  assert.match(
    withTable(`before ${pair} after`, "new", "a"),
    /^before <[^>]+>\n\nnew\n\n<[^>]+> after$/,
  );
});

Deno.test("API reference: a field shows type, bound, default, and whether it must be there", () => {
  const text = apiReference(CRDS);
  const rowOf = (field: string) =>
    text.split("\n").filter((line) => line.startsWith(`| \`${field}\` |`));
  assert.deepEqual(rowOf("spec.acr.scope"), [
    "| `spec.acr.scope` | string | yes | Registry scope of the token, e.g. " +
    "repository:my-repository:pull. Several are separated by spaces. At most 4096 characters. |",
  ]);
  assert.match(
    rowOf("spec.acr.environment")[0]!,
    /`PublicCloud` or `USGovernmentCloud` or .* \| {2}\| .*Default: `PublicCloud`\. \|$/,
  );
  assert.match(rowOf("status")[0]!, / Default: `\{"observedGeneration":-1\}`\. \|$/);
  assert.equal(rowOf("status.conditions[].message").length, 2);
  assert.match(rowOf("status.tokenExpirationTime")[0]!, /\| time, RFC 3339 \|/);
});

type Schema = Record<string, unknown>;

/** Every field of a schema below spec and status, by its place; items of a list under []. */
function placesIn({ properties = {}, items }: Schema, at = ""): string[] {
  const own = Object.entries(properties as Record<string, Schema>).flatMap(([name, schema]) => {
    if (at === "" && name !== "spec" && name !== "status") return [];
    const place = at === "" ? name : `${at}.${name}`;
    return [place, ...placesIn(schema, place)];
  });
  return items === undefined ? own : [...own, ...placesIn(items as Schema, `${at}[]`)];
}

Deno.test("API reference: every field, rule and column of both CRDs stands in it", () => {
  const text = apiReference(CRDS);
  const chapters = text.split(/^## /m).slice(1);
  const crds = CRDS.map((crd) => parse(crd.text));
  assert.equal(chapters.length, crds.length);
  for (const [index, { spec }] of crds.entries()) {
    const [version] = spec.versions;
    const [, table] = chapters[index]!.split("| Field | Type |");
    const told = [...table!.split("\n\n")[0]!.matchAll(/^\| `([^`]+)`/gm)].map(([, place]) =>
      place
    );
    assert.deepEqual(told, placesIn(version.schema.openAPIV3Schema));
    for (const { name } of version.additionalPrinterColumns) {
      assert.ok(chapters[index]!.includes(`| ${name} |`), name);
    }
  }
  const messages = CRDS.flatMap((crd) => [...crd.text.matchAll(/^ +message: (.*must.*)$/gm)]);
  assert.ok(messages.length >= 4);
  for (const [, message] of messages) assert.ok(text.includes(message!), message);
});

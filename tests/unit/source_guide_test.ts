import assert from "node:assert/strict";
import { guide, guideSection } from "../suites/guides.ts";

const GUIDE = "src/README.md";
const ROOT = new URL("../../", import.meta.url);

/** The rows of a section's first table, each as its cells. */
function rows(heading: string): string[][] {
  return guideSection(GUIDE, heading).split("\n")
    .filter((line) => /^\| (?!---|-+ )/.test(line))
    .slice(1)
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** The folders of src, and those within them: its rooms. A folder with rooms in it is none. */
function rooms(folder = "src"): string[] {
  const within = [...Deno.readDirSync(new URL(folder, ROOT))]
    .filter(({ isDirectory }) => isDirectory)
    .flatMap(({ name }) => rooms(`${folder}/${name}`));
  return within.length === 0 ? [folder] : within;
}

Deno.test("source guide: every room of src is on the map", () => {
  const named = rows("Which room holds what").map(([room]) => room!.replaceAll("`", ""));
  const lost = rooms().filter((room) => !named.some((each) => room.startsWith(each)));
  assert.deepEqual(lost, []);
});

Deno.test("source guide: every folder of deploy is on the map", () => {
  const named = new Set(guide(GUIDE).match(/`deploy\/\w+`/g));
  const folders = [...Deno.readDirSync(new URL("deploy", ROOT))]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => `\`deploy/${name}\``);
  assert.deepEqual(folders.filter((folder) => !named.has(folder)), []);
});

Deno.test("source guide: ten everyday changes and more have a file to change, and its test", () => {
  const changes = rows("Everyday changes");
  assert.ok(changes.length >= 10, `${changes.length}`);
  for (const [what, file, test] of changes) {
    for (const named of [file!, test!]) {
      const [, path] = /^`([^`]+)`$/.exec(named) ?? [];
      assert.ok(path !== undefined, `${what}: ${named}`);
      assert.ok(Deno.statSync(new URL(path, ROOT)).isFile, path);
    }
    assert.match(test!, /_test\.ts`$/);
  }
});

Deno.test("source guide: a decision says context, decision, consequence and when to revisit, in 15 lines", () => {
  const records = guideSection(GUIDE, "Decisions").split(/^### /m).slice(1);
  assert.ok(records.length >= 7, `${records.length}`);
  for (const record of records) {
    const parts = [...record.matchAll(/^- \*\*(\w+)/gm)].map(([, part]) => part);
    assert.deepEqual(parts, ["Context", "Decision", "Consequence", "Revisit"], record);
    assert.ok(record.trim().split("\n").length <= 15, record);
  }
});

Deno.test("source guide: an API, a class of error, a flag and an action have their steps", () => {
  for (const what of ["An API", "A class of error", "A flag", "An action"]) {
    assert.match(guideSection(GUIDE, what), /^1\. /m);
  }
  assert.equal([...guide(GUIDE).matchAll(/```mermaid\n/g)].length, 2);
});

import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);
const README = Deno.readTextFileSync(new URL("README.md", ROOT));

Deno.test("README: every folder of its map exists, and no folder of src is left out", () => {
  const [, map] = README.split("## Where things are");
  const named = [...map!.split("##")[0]!.matchAll(/`((?:src|deploy|tests)[\w/.]*)`/g)]
    .map((match) => match[1]!);
  for (const path of named) assert.ok(Deno.statSync(new URL(path, ROOT)), path);
  const folders = [...Deno.readDirSync(new URL("src", ROOT))]
    .filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `src/${name}`);
  assert.deepEqual(folders.filter((folder) => !named.includes(folder)), []);
});

Deno.test("README: every task that it names is one of deno.json", () => {
  const named = [...README.matchAll(/deno(?:@[\d.]+)? task ([\w:-]+)/g)].map((match) => match[1]!);
  const [, table] = README.split("## Tasks");
  const listed = [...table!.split("##")[0]!.matchAll(/^\| ((?:`[\w:-]+`(?:, )?)+) +\|/gm)]
    .flatMap((row) => [...row[1]!.matchAll(/`([\w:-]+)`/g)].map((match) => match[1]!));
  assert.deepEqual([...named, ...listed].filter((task) => !(task in config.tasks)), []);
  assert.ok(listed.length >= 8, `the table lists ${listed.join(", ")}`);
});

Deno.test("README: one version of Deno is pinned wherever it is named", () => {
  const files = ["README.md", "deploy/README.md", "Dockerfile"];
  const versions = files.flatMap((file) =>
    [...Deno.readTextFileSync(new URL(file, ROOT)).matchAll(/deno@([\d.]+\d)/g)].map((m) => m[1])
  );
  assert.deepEqual([...new Set(versions)], ["2.9.6"]);
  assert.equal(Deno.version.deno, "2.9.6");
});

Deno.test("README: its part on failing names the reasons of a refresh that fails, as the plan has them", () => {
  const [, part = ""] = README.split("\n## When it fails\n");
  const named = [...part.split("\n## ")[0]!.matchAll(/^\| (\w+) +\|/gm)].map((match) => match[1]!);
  const plan = Deno.readTextFileSync(new URL("src/controller/plan/plan.ts", ROOT));
  for (const reason of ["RefreshFailing", "CredentialExpired", "SecretTerminating"]) {
    assert.ok(named.includes(reason), reason);
    assert.ok(plan.includes(`"${reason}"`), reason);
  }
});

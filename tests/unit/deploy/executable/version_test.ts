import assert from "node:assert/strict";
import {
  disagreements,
  nextVersion,
  versionOf,
  withVersion,
} from "../../../../deploy/executable/version.ts";

const ROOT = new URL("../../../../", import.meta.url);
const read = (file: string) => Deno.readTextFileSync(new URL(file, ROOT));

Deno.test("version: chart, appVersion and image are those of deno.json", () => {
  assert.deepEqual(disagreements(versionOf(read("deno.json")), read), []);
});

Deno.test("version: a copy that differs or is missing is named", () => {
  const text = 'version: 2.0.0\nappVersion: "1.0.0"\n';
  assert.deepEqual(disagreements("2.0.0", () => text), [
    "deploy/helm/Chart.yaml says 1.0.0 where deno.json says 2.0.0: run deno task deploy",
    "deploy/latest/deploy.yaml says nothing where deno.json says 2.0.0: run deno task deploy",
  ]);
});

Deno.test("version: the next one by its part, or as given", () => {
  const cases = ["major", "minor", "patch", "3.1.4", "3.0.0-rc.1"];
  assert.deepEqual(cases.map((wish) => nextVersion("1.2.3-rc.1", wish)), [
    "2.0.0",
    "1.3.0",
    "1.2.4",
    "3.1.4",
    "3.0.0-rc.1",
  ]);
  assert.throws(() => nextVersion("1.2.3", "v2"), /^Error: "v2" is no version: write X\.Y\.Z/);
});

Deno.test("version: what SemVer takes for none is refused, leading zeros with their remedy", () => {
  const taken = ["0.0.0", "10.20.30", "1.2.3-0", "1.2.3-rc.10", "1.2.3-rc-01", "1.2.3-0a"];
  assert.deepEqual(taken.map((wish) => nextVersion("1.2.3", wish)), taken);
  for (const wish of ["01.2.3", "1.02.3", "1.2.03", "00.0.0", "1.2.3-01", "1.2.3-rc.01"]) {
    assert.throws(() => nextVersion("1.2.3", wish), {
      message: `"${wish}" is no version: SemVer has no leading zeros, so leave them out`,
    });
  }
  for (const wish of ["1.2", "1.2.3.4", "1.2.3-", "1.2.3-a..b", "1.2.3+b", "-1.2.3", ""]) {
    assert.throws(() => nextVersion("1.2.3", wish), /is no version: write X\.Y\.Z/, wish);
  }
  assert.throws(() => versionOf('{ "version": "01.2.3" }'), /version is "01\.2\.3"/);
});

Deno.test("version: only the version changes in deno.json", () => {
  const text = '{\n  "version": "1.2.3",\n  "imports": { "a": "npm:a@1.2.3" }\n}\n';
  assert.equal(withVersion(text, "2.0.0"), text.replace("1.2.3", "2.0.0"));
  assert.equal(versionOf(withVersion(text, "2.0.0")), "2.0.0");
  assert.throws(() => versionOf('{ "version": "main" }'), /deno.json: version is "main"/);
});

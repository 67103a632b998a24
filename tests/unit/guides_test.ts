import assert from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import config from "../../deno.json" with { type: "json" };
import { anchors, codeBlocks, guide, guides, guideSection, withoutCode } from "../suites/guides.ts";

const ROOT = new URL("../../", import.meta.url);
const LINK = /\[[^\]\n]*\](?:\n)?\(([^)\s]+)\)/g;

/** The place of the repository to which a guide's link leads, with the heading if it names one. */
function target(path: string, link: string): { file: string; anchor: string | undefined } {
  const [file = "", anchor] = link.split("#");
  return { file: file === "" ? path : join(dirname(path), file), anchor };
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Places of the repository that a guide names as code, without those that stand for several. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`((?:src|deploy|tests|\.github|\.ci)\/[\w./-]*\w\/?)`/g)]
    .map((match) => match[1]!);
}

Deno.test("guides: every link within the repository leads to a file, and to a heading of it", () => {
  const lost = guides().flatMap((path) => {
    const links = [...withoutCode(guide(path)).join("\n").matchAll(LINK)].map((match) => match[1]!);
    return links.filter((link) => !/^[a-z]+:/.test(link)).filter((link) => {
      const { file, anchor } = target(path, link);
      if (!isThere(file)) return true;
      return anchor !== undefined && !anchors(file).includes(anchor);
    }).map((link) => `${path}: ${link}`);
  });
  assert.deepEqual(lost, []);
});

Deno.test("guides: every link to a page of this repository leads to a file of it", () => {
  const pages = guides().flatMap((path) =>
    [...guide(path).matchAll(/github\.com\/msi-acrpull\/deno\/blob\/main\/([^)#\s]+)/g)]
      .map((match) => match[1]!)
  );
  assert.ok(pages.length >= 5);
  assert.deepEqual(pages.filter((page) => !isThere(page)), []);
});

Deno.test("guides: every file and folder that they name is there", () => {
  const lost = guides().flatMap((path) =>
    pathsIn(guide(path)).filter((named) => !isThere(named)).map((named) => `${path}: ${named}`)
  );
  assert.deepEqual(lost, []);
});

Deno.test("guides: every task that they name is one of deno.json", () => {
  const named = guides().flatMap((path) =>
    [...guide(path).matchAll(/deno(?:@[\d.]+)? task (?:--quiet )?([a-z][\w:-]+)/g)]
      .map((match) => match[1]!)
  );
  assert.ok(named.length > 10);
  assert.deepEqual(named.filter((task) => !(task in config.tasks)), []);
});

Deno.test("guides: every guide but README is linked to from README or from a guide there", () => {
  const seen = new Set<string>();
  const follow = (path: string) => {
    if (seen.has(path) || !path.endsWith(".md")) return;
    seen.add(path);
    for (const [, link] of guide(path).matchAll(LINK)) {
      if (!/^[a-z]+:/.test(link!)) follow(target(path, link!).file);
    }
  };
  follow("README.md");
  assert.deepEqual(guides().filter((path) => !seen.has(path)), []);
});

Deno.test("guides: every block of sh is one that a shell can read", async () => {
  for (const path of guides()) {
    for (const block of codeBlocks(guide(path), "sh")) {
      const { code, stderr } = await new Deno.Command("/bin/sh", { args: ["-nc", block] }).output();
      assert.equal(code, 0, `${path}: ${new TextDecoder().decode(stderr)}\n${block}`);
    }
  }
});

Deno.test("guides: a command names bindings with their API, since two APIs have one kind", () => {
  const found = guides().flatMap((path) =>
    codeBlocks(guide(path), "sh").flatMap((block) => block.split("\n"))
      .filter((line) => /^kubectl .* acrpullbindings?(?: |$)/.test(line))
      .map((line) => `${path}: ${line}`)
  );
  assert.deepEqual(found, []);
});

Deno.test("guides: whoever is shown an image or a chart of ours is told that there is none yet", () => {
  const shown = guides().filter((path) =>
    codeBlocks(guide(path), "sh").some((block) => block.includes("ghcr.io/msi-acrpull/"))
  );
  assert.ok(shown.length >= 3, `${shown}`);
  assert.deepEqual(shown.filter((path) => !/published\s.*yet/.test(guide(path))), []);
});

Deno.test("migrating: what changes is told before the first command that changes anything", () => {
  const text = guide("deploy/migrate.md");
  const told = text.indexOf("### Before you change the image");
  assert.ok(told >= 0 && told < text.indexOf(" set image "));
});

Deno.test("README: a reader in a hurry has no more than 200 lines", () => {
  const lines = guide("README.md").trimEnd().split("\n").length;
  assert.ok(lines <= 200, `${lines} lines`);
});

Deno.test("deploy/README: its table of guides has a line for each guide under deploy", () => {
  const section = guideSection("deploy/README.md", "Which guide");
  const listed = [...section.matchAll(LINK)].map(([, link]) =>
    target("deploy/README.md", link!).file
  );
  const all = guides().filter((path) => path.startsWith("deploy/") && path !== "deploy/README.md");
  assert.deepEqual(all.filter((path) => !listed.includes(path)), []);
});

Deno.test("tests/README: its table of tasks has those of deno.json, and no other", () => {
  const rows = [...guideSection("tests/README.md", "Tasks").matchAll(/^\| `([\w:-]+)` +\|/gm)];
  assert.deepEqual(rows.map((row) => row[1]!).sort(), Object.keys(config.tasks).sort());
});

Deno.test("tests/README: its table of folders has every folder of tests", () => {
  const section = guideSection("tests/README.md", "Where a test goes");
  const folders = [...Deno.readDirSync(new URL("tests", ROOT))]
    .filter(({ isDirectory }) => isDirectory).map(({ name }) => `\`tests/${name}\``);
  assert.deepEqual(folders.filter((folder) => !section.includes(folder)), []);
});

Deno.test("guides: one version of Deno is pinned wherever it is named", () => {
  const texts = [...guides().map(guide), Deno.readTextFileSync(new URL("Dockerfile", ROOT))];
  const versions = texts.flatMap((text) =>
    [...text.matchAll(/deno@([\d.]+\d)/g)].map((match) => match[1])
  );
  assert.deepEqual([...new Set(versions)], ["2.9.6"]);
  assert.equal(Deno.version.deno, "2.9.6");
});

Deno.test("troubleshooting: the reasons of a refresh that fails are named, as the plan has them", () => {
  const section = guideSection("deploy/troubleshooting.md", "By reason");
  const named = [...section.matchAll(/^\| (\w+) +\|/gm)].map((match) => match[1]!);
  const plan = Deno.readTextFileSync(new URL("src/controller/plan/hindered.ts", ROOT));
  for (const reason of ["RefreshFailing", "CredentialExpired", "SecretTerminating"]) {
    assert.ok(named.includes(reason), reason);
    assert.ok(plan.includes(`"${reason}"`), reason);
  }
});

/** How the code of src/azure and src/controller names reasons. */
const REASONS = [
  /(?:user|local|denied|transient)\(\s*"([A-Z]\w+)"/g,
  /reason: (?:[^",\n]*\? )?"([A-Z][A-Za-z]+)"/g,
  /rule\(\s*(?:"[^"]*"|\w+),\s*"([A-Z]\w+)"/g,
];

function modulesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) =>
    isDirectory ? modulesIn(`${folder}/${name}`) : [`${folder}/${name}`]
  );
}

Deno.test("troubleshooting: every reason that a binding may show stands in a table", () => {
  const told = guideSection("deploy/troubleshooting.md", "By reason").split("\n")
    .flatMap((line) =>
      /^\| ([\w, ]+) \|/.exec(line)?.[1]?.split(", ").map((each) => each.trim()) ?? []
    );
  const reasons = [...modulesIn("src/azure"), ...modulesIn("src/controller")].flatMap((path) => {
    const text = Deno.readTextFileSync(new URL(path, ROOT));
    return REASONS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1]!));
  });
  assert.ok(new Set(reasons).size > 60, `only ${new Set(reasons).size} were found`);
  assert.deepEqual([...new Set(reasons)].filter((reason) => !told.includes(reason)), []);
});

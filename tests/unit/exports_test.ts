import assert from "node:assert/strict";
import { type Modules, readModules } from "./imports.ts";

const ROOT = new URL("../../", import.meta.url);

const EXPORT = /^export (?:async )?(?:const|function|class|interface|type) (\w+)/gm;

/** What is exported for something else than TypeScript, and what that is. */
const FOR_OTHERS: Readonly<Record<string, string>> = {
  "deploy/executable/environment.ts ENVIRONMENT": "the Dockerfile, which a test holds equal to it",
};

/** Exports that no module names again, neither their own nor another, each as its module and name. */
function unused(modules: Modules): string[] {
  const code = new Map([...modules].map(([path, text]) => [path, withoutComments(text)]));
  const counts = new Map<string, number>();
  for (const text of code.values()) {
    for (const [word] of text.matchAll(/\w+/g)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...code].flatMap(([path, text]) =>
    [...text.matchAll(EXPORT)].filter(([, name]) => counts.get(name!) === 1)
      .map(([, name]) => `${path} ${name}`)
  );
}

/** Lines that hold no comment alone. */
function withoutComments(text: string): string {
  return text.split("\n").filter((line) => !/^\s*(\/\*\*|\*|\/\/)/.test(line)).join("\n");
}

Deno.test("exports: what only tests use is in neither src nor deploy", async () => {
  const modules = new Map([
    ...await readModules(ROOT, "src"),
    ...await readModules(ROOT, "deploy"),
  ]);
  assert.deepEqual(unused(modules), Object.keys(FOR_OTHERS));
});

Deno.test("exports: the check finds what nobody names again, in comments neither", () => {
  const modules = new Map([
    ["src/a.ts", "/** `lonely` is not called here. */\nexport function lonely() {}\n"],
    ["src/b.ts", "export const used = 1;\n// lonely\nexport const own = 2;\nown;\n"],
    ["src/c.ts", 'import { used } from "./b.ts";\n'],
  ]);
  assert.deepEqual(unused(modules), ["src/a.ts lonely"]);
});

Deno.test("exports: no two modules of src export one name, but those generated of each API", async () => {
  const modules = await readModules(ROOT, "src");
  const placesOf = new Map<string, string[]>();
  for (const [path, text] of modules) {
    if (path.startsWith("src/api/")) continue;
    for (const [, name] of text.matchAll(EXPORT)) {
      placesOf.set(name!, [...placesOf.get(name!) ?? [], path]);
    }
  }
  const shared = [...placesOf].filter(([, places]) => new Set(places).size > 1);
  assert.deepEqual(shared, []);
});

import assert from "node:assert/strict";
import { DOORS, OPEN, OPEN_TO_DEPLOY } from "./doors.ts";
import {
  cycleIn,
  type Doors,
  folderGraph,
  importGraph,
  importsOf,
  type Modules,
  pastDoors,
  readModules,
  unusedDoors,
  wrongWays,
} from "./imports.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("imports: every import of src leads one way, and none leads out of src", async () => {
  const modules = await readModules(ROOT, "src");
  assert.ok(modules.size > 80, `only ${modules.size} modules were found`);
  assert.deepEqual(wrongWays(modules), []);
});

Deno.test("imports: no module and no folder of src comes back to itself", async () => {
  const modules = await readModules(ROOT, "src");
  assert.equal(cycleIn(importGraph(modules))?.join(" -> "), undefined);
  assert.equal(cycleIn(folderGraph(modules))?.join(" -> "), undefined);
});

async function srcAndDeploy(): Promise<Modules> {
  return new Map([...await readModules(ROOT, "src"), ...await readModules(ROOT, "deploy")]);
}

Deno.test("doors: each room is entered by what is listed of it in doors.ts, deploy's entries included", async () => {
  assert.deepEqual(pastDoors(await srcAndDeploy(), DOORS), []);
});

Deno.test("doors: what nobody enters by is on no list", async () => {
  assert.deepEqual(unusedDoors(await srcAndDeploy(), DOORS), []);
});

Deno.test("doors: each room has a list, but those that are open to all", async () => {
  const paths = [...(await srcAndDeploy()).keys()].map((path) => path.split("/"));
  const rooms = paths.filter(({ length }) => length > 2).map((path) => path.slice(0, 2).join("/"));
  const listed = Object.keys(DOORS).filter((room) => room.split("/").length === 2);
  assert.deepEqual([...new Set(rooms)].sort(), [...listed, ...OPEN].sort());
});

Deno.test("doors: deploy imports of src what is listed for it, and all of that", async () => {
  const modules = await readModules(ROOT, "deploy");
  const imported = [...importGraph(modules).values()].flat().filter((to) => to.startsWith("src/"));
  const found = new Set(imported.map((to) => to.slice("src/".length).replace(/\.ts$/, "")));
  assert.deepEqual([...found].sort(), OPEN_TO_DEPLOY);
});

const ROOM: Doors = { "src/a": ["in/one"], "src/a/in": ["one", "two"], "deploy/b": ["three"] };

const ENTERED: readonly [what: string, path: string, imported: string, found: string[]][] = [
  ["a door", "src/c/x.ts", "../a/in/one.ts", []],
  ["a window", "src/c/x.ts", "../a/four.ts", [
    "src/c/x.ts imports src/a/four.ts, which is no door of src/a",
  ]],
  ["a wing's door that leads into the room alone", "src/c/x.ts", "../a/in/two.ts", [
    "src/c/x.ts imports src/a/in/two.ts, which is no door of src/a",
  ]],
  ["the same from the room's own rest", "src/a/x.ts", "./in/two.ts", []],
  ["a wing's window", "src/a/x.ts", "./in/five.ts", [
    "src/a/x.ts imports src/a/in/five.ts, which is no door of src/a/in",
  ]],
  ["a window, by deploy", "deploy/x.ts", "../src/a/four.ts", [
    "deploy/x.ts imports src/a/four.ts, which is no door of src/a",
  ]],
  ["a window of deploy's own room", "deploy/x.ts", "./b/six.ts", [
    "deploy/x.ts imports deploy/b/six.ts, which is no door of deploy/b",
  ]],
];

for (const [what, path, imported, found] of ENTERED) {
  Deno.test(`doors: the check judges an entry by ${what}`, () => {
    assert.deepEqual(pastDoors(new Map([[path, module(imported)]]), ROOM), found);
  });
}

Deno.test("doors: the check finds doors that nobody uses", () => {
  const modules = new Map([["src/c/x.ts", module("../a/in/one.ts")]]);
  assert.deepEqual(unusedDoors(modules, ROOM), [
    "src/a/in has a door two that nobody uses",
    "deploy/b has a door three that nobody uses",
  ]);
});

Deno.test("imports: no module and no folder of deploy comes back to itself", async () => {
  const modules = await readModules(ROOT, "deploy");
  assert.ok(modules.size > 40, `only ${modules.size} modules were found`);
  assert.equal(cycleIn(importGraph(modules))?.join(" -> "), undefined);
  assert.equal(cycleIn(folderGraph(modules))?.join(" -> "), undefined);
});

Deno.test("imports: each relative import of src is there", async () => {
  const modules = await readModules(ROOT, "src");
  const missing = [...importGraph(modules)].flatMap(([path, imports]) =>
    imports.filter((each) => !modules.has(each) && each !== "deno.json").map((each) =>
      `${path} imports ${each}`
    )
  );
  assert.deepEqual(missing, []);
});

const PLANTED: readonly [what: string, path: string, text: string, found: string][] = [
  [
    "a type of a higher folder",
    "src/azure/a.ts",
    'import type { Plan } from "../controller/plan/actions.ts";\n',
    "src/azure/a.ts imports src/controller/plan/actions.ts: azure may not know controller",
  ],
  [
    "an import of several lines",
    "src/telemetry/a.ts",
    'import {\n  one,\n  type Two,\n} from "../kubernetes/resources/built_in.ts";\n',
    "src/telemetry/a.ts imports src/kubernetes/resources/built_in.ts: telemetry may not know kubernetes",
  ],
  [
    "a re-export",
    "src/runtime/a.ts",
    'export * from "../telemetry/log/logger.ts";\n',
    "src/runtime/a.ts imports src/telemetry/log/logger.ts: runtime may not know telemetry",
  ],
  [
    "a re-export by name",
    "src/kubernetes/a.ts",
    'export { one } from "../azure/acr.ts";\n',
    "src/kubernetes/a.ts imports src/azure/acr.ts: kubernetes may not know azure",
  ],
  [
    "an import for its effects",
    "src/api/a.ts",
    'import "../controller/queue.ts";\n',
    "src/api/a.ts imports src/controller/queue.ts: api may not know controller",
  ],
  [
    "a dynamic import",
    "src/azure/a.ts",
    'const load = async () => await import("../kubernetes/resources/built_in.ts");\n',
    "src/azure/a.ts imports src/kubernetes/resources/built_in.ts: azure may not know kubernetes",
  ],
  [
    "tests, from deep below",
    "src/controller/plan/a.ts",
    'import { x } from "../../../tests/data/failures.ts";\n',
    "src/controller/plan/a.ts imports tests/data/failures.ts, which is outside src",
  ],
  [
    "anything but cli by main",
    "src/main.ts",
    'import { x } from "./controller/controller.ts";\n',
    "src/main.ts imports src/controller/controller.ts: main.ts may not know controller",
  ],
  [
    "anything by a folder of which nothing is said",
    "src/extra/a.ts",
    'import { x } from "../runtime/time/clock.ts";\n',
    "src/extra/a.ts imports src/runtime/time/clock.ts: extra may not know runtime",
  ],
];

for (const [what, path, text, found] of PLANTED) {
  Deno.test(`imports: the check finds ${what}`, () => {
    assert.deepEqual(wrongWays(new Map([[path, text]])), [found]);
  });
}

Deno.test("imports: what only looks like an import is none", () => {
  const text = [
    '/** Use `import { x } from "../cli/x.ts"`. */',
    ' * import "../cli/y.ts";',
    'const text = "import x from ../cli/z.ts";',
    'export const name = "../cli/w.ts";',
    "export { text };",
    'import { real } from "./real.ts";',
  ].join("\n");
  assert.deepEqual(importsOf(text), ["./real.ts"]);
});

function module(...imports: string[]): string {
  return imports.map((each) => `import "${each}";\n`).join("");
}

Deno.test("imports: the check finds cycles of modules and of folders, and no others", () => {
  const cyclic: Modules = new Map([
    ["src/a/one.ts", module("../b/two.ts")],
    ["src/b/two.ts", module("./three.ts")],
    ["src/b/three.ts", module("../a/one.ts")],
  ]);
  const byFolder: Modules = new Map([
    ["src/a/one.ts", module("../b/two.ts")],
    ["src/b/two.ts", ""],
    ["src/b/three.ts", module("../a/four.ts")],
    ["src/a/four.ts", ""],
  ]);
  const kin: Modules = new Map([
    ["src/a/one.ts", module("./below/two.ts")],
    ["src/a/below/two.ts", module("../three.ts")],
    ["src/a/three.ts", ""],
  ]);
  assert.deepEqual(cycleIn(importGraph(cyclic)), [
    "src/a/one.ts",
    "src/b/two.ts",
    "src/b/three.ts",
    "src/a/one.ts",
  ]);
  assert.equal(cycleIn(importGraph(byFolder)), undefined);
  assert.deepEqual(cycleIn(folderGraph(byFolder)), ["src/a", "src/b", "src/a"]);
  assert.deepEqual([cycleIn(importGraph(kin)), cycleIn(folderGraph(kin))], [undefined, undefined]);
});

/** Every module that takes a token or a key out of its wrapping, and what for. */
const REVEALS: Readonly<Record<string, string>> = {
  "src/azure/acr.ts": "the form that a registry is sent",
  "src/azure/docker_config.ts": "the data of a Secret",
  "src/azure/entra.ts": "the form that Entra is sent",
  "src/azure/jwt.ts": "the claims of a token",
  "src/controller/execute/secret_writer.ts": "the data of a Secret",
  "src/http_server/tls_listener.ts": "the key by which metrics are served",
  "src/http_server/tls_stream.ts": "the key by which metrics are served",
  "src/kubernetes/config/credentials.ts": "the value of the Authorization header",
  "src/kubernetes/config/token_expiry.ts": "the claims of a token",
  "src/kubernetes/http/http_client.ts": "a client certificate's key, a proxy's password",
  "src/kubernetes/http/transport.ts": "the Authorization header",
  "src/kubernetes/resources/token_access.ts": "the token that a TokenReview asks about",
  "src/runtime/masking/redacted.ts": "the wrapping itself",
};

Deno.test("reveal: nothing takes a token out of its wrapping but for the wire and a Secret's data", async () => {
  const modules = await readModules(ROOT, "src");
  const revealing = [...modules].filter(([, text]) => /\breveal\b/.test(text));
  assert.deepEqual(revealing.map(([path]) => path).sort(), Object.keys(REVEALS));
});

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createDenoProgram } from "./deno_program.ts";
import { findFloatingPromises } from "./floating_promises.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Lines of a module, and the rules that have to find something, in order. */
interface Planted {
  name: string;
  lines: string[];
  found: string[];
}

const CASES: Planted[] = [
  {
    name: "a promise of Deno's own that nobody awaits",
    lines: ['Deno.writeTextFile("a", "b");'],
    found: ["2 no-floating-promises"],
  },
  {
    name: "a promise of a node: module",
    lines: ['import assert from "node:assert/strict";', "assert.rejects(Promise.reject());"],
    found: ["3 no-floating-promises"],
  },
  {
    name: "a promise of an npm package",
    lines: [
      'import fc from "fast-check";',
      "fc.assert(fc.asyncProperty(fc.integer(), (n) => Promise.resolve(n > 0)));",
    ],
    found: ["3 no-floating-promises"],
  },
  {
    name: "a promise of a module of this repository",
    lines: [
      'import { sleep, systemClock } from "../../src/runtime/time/clock.ts";',
      "sleep(systemClock, 1);",
    ],
    found: ["3 no-floating-promises"],
  },
  {
    name: "void, finally and then without a second function, which handle no rejection",
    lines: [
      "declare const promise: Promise<void>;",
      "void promise;",
      "promise.finally(() => {});",
      "promise.then(() => {});",
    ],
    found: ["3 no-floating-promises", "4 no-floating-promises", "5 no-floating-promises"],
  },
  {
    name: "an array of promises",
    lines: ["[1, 2].map((n) => Promise.resolve(n));"],
    found: ["2 no-floating-promises"],
  },
  {
    name: "an async function where the caller drops the promise",
    lines: [
      "declare function work(): Promise<void>;",
      "setTimeout(async () => await work(), 1);",
      'new AbortController().signal.addEventListener("abort", async () => await work());',
      "[1].forEach(async () => await work());",
    ],
    found: ["3 no-misused-promises", "4 no-misused-promises", "5 no-misused-promises"],
  },
  {
    name: "a promise for a condition",
    lines: ["declare function ready(): Promise<boolean>;", "if (ready()) Deno.exit(1);"],
    found: ["3 no-misused-promises"],
  },
  {
    name: "awaiting what is no promise",
    lines: ["declare const count: number;", "await count;"],
    found: ["3 await-thenable"],
  },
  {
    name: "a promise returned out of the try that should catch it",
    lines: [
      "declare function work(): Promise<void>;",
      "export function attempt(): Promise<void> {",
      "  try { return work(); } catch { return Promise.resolve(); }",
      "}",
      "export async function attempted(): Promise<void> {",
      "  try { return work(); } catch { return; }",
      "}",
    ],
    found: ["7 return-await"],
  },
  {
    name: "a comment that would silence the rule, and does not",
    lines: ["// eslint-disable-next-line", "Promise.resolve();"],
    found: ["2 eslint", "3 no-floating-promises"],
  },
  {
    name: "promises that are awaited, returned, caught or given on",
    lines: [
      "declare function work(): Promise<void>;",
      "await work();",
      "export const given = () => work();",
      "work().catch(() => {});",
      "work().then(() => {}, () => {});",
      "await Promise.all([work(), work()]);",
      "export async function attempt(): Promise<void> {",
      "  try { return await work(); } catch { return; }",
      "}",
      'Deno.test("a test may be asynchronous", async () => await work());',
    ],
    found: [],
  },
];

const pathOf = (index: number) => `${ROOT}/tests/lint/planted_${index}.ts`;

Deno.test("promises planted in modules are found, and nothing else is", async () => {
  const overlay = new Map(
    CASES.map(({ lines }, index) => [pathOf(index), ["export {};", ...lines].join("\n")]),
  );
  const files = [...overlay.keys()];
  const findings = findFloatingPromises(ROOT, await createDenoProgram(ROOT, files, overlay), files);
  assert.deepEqual(
    CASES.map(({ name }, index) => ({
      name,
      found: findings.filter(({ file }) => file === pathOf(index))
        .map(({ line, rule }) => `${line} ${rule}`),
    })),
    CASES.map(({ name, found }) => ({ name, found })),
  );
});

Deno.test("a module whose types cannot be found is an error, for its promises would go unseen", async () => {
  const path = `${ROOT}/tests/lint/planted.ts`;
  const overlay = new Map([[path, 'export * from "./nowhere.ts";\nimport "./effect_alone.ts";\n']]);
  await assert.rejects(createDenoProgram(ROOT, [path], overlay), {
    message: `no types can be found for:\n${path} imports "./nowhere.ts"`,
  });
});

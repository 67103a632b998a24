import assert from "node:assert/strict";
import { readModules } from "../imports.ts";
import { builtBy } from "./built.ts";
import { findExpressions } from "./find.ts";
import { growthOf } from "./growth.ts";

const ROOT = new URL("../../../", import.meta.url);

/** An expression, and where it stands. */
interface Placed {
  readonly place: string;
  readonly pattern: string;
  readonly flags: string;
}

/** All of `src`. Throws where one could not be found out. */
async function expressionsOfSrc(): Promise<Placed[]> {
  const modules = [...await readModules(ROOT, "src")];
  const findings = modules.map(([path, text]) => findExpressions(path, text));
  assert.deepEqual(findings.flatMap(({ faults }) => faults), []);
  const found = findings.flatMap((each) => each.found);
  const building = new Set(
    found.flatMap(({ path, literal }) => literal === undefined ? [path] : []),
  );
  const built = await builtBy(async () => {
    for (const path of building) await import(new URL(path, ROOT).href);
  }, ROOT);
  return found.flatMap(({ path, line, literal }) => {
    const place = `${path}:${line}`;
    if (literal !== undefined) return [{ place, ...literal }];
    const here = built.filter((each) => each.path === path && each.line === line);
    assert.ok(here.length > 0, `${place} builds an expression when called: make it a constant`);
    return here.map(({ pattern, flags }) => ({ place, pattern, flags }));
  });
}

Deno.test("regular expressions: each of src takes steps in proportion to its text, whatever that is", async () => {
  const expressions = await expressionsOfSrc();
  assert.ok(expressions.length > 60, `only ${expressions.length} expressions were found`);
  const slow = expressions.flatMap(({ place, pattern, flags }) => {
    const { linear, attack, middle, long } = growthOf(pattern, flags);
    const steps = `${middle} steps a character, then ${long}, for ${JSON.stringify(attack)}`;
    return linear ? [] : [`${place} /${pattern}/${flags}: ${steps}`];
  });
  assert.deepEqual(slow, []);
});

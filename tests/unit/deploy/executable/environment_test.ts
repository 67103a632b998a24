import assert from "node:assert/strict";
import { ENVIRONMENT } from "../../../../deploy/executable/environment.ts";

Deno.test("environment: the image sets what the bench and the tests in pods set", async () => {
  const dockerfile = await Deno.readTextFile(new URL("../../../../Dockerfile", import.meta.url));
  const set = [...dockerfile.matchAll(/^ENV ([A-Z_]+)=(\S+)$/gm)].map(([, name, value]) => [
    name!,
    value!,
  ]);
  assert.deepEqual(Object.fromEntries(set), ENVIRONMENT);
});

import assert from "node:assert/strict";
import { isLarge } from "../../../../src/controller/cluster/large.ts";

const names = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `${index}` }));

for (
  const [what, large, object] of [
    ["an ordinary account", false, {
      metadata: { annotations: { note: "x".repeat(1000) } },
      imagePullSecrets: names(200),
    }],
    ["one of long annotations", true, { metadata: { annotations: { note: "x".repeat(40_000) } } }],
    ["one that names a thousand pull Secrets", true, { imagePullSecrets: names(1000) }],
    ["one that names a thousand Secrets", true, { secrets: names(1000) }],
    ["one with a thousand labels", true, {
      metadata: { labels: Object.fromEntries(names(1000).map(({ name }) => [name, ""])) },
    }],
    ["one with hundreds of managers", true, {
      metadata: { managedFields: names(100).map(({ name }) => ({ manager: name })) },
    }],
  ] as const
) {
  Deno.test(`large: ${what} is ${large ? "large" : "not"}`, () => {
    assert.equal(isLarge(object as Parameters<typeof isLarge>[0]), large);
  });
}

Deno.test("large: the texts of a status count", () => {
  assert.equal(isLarge({}, ["x".repeat(20_000), undefined, "y".repeat(20_000)]), true);
});

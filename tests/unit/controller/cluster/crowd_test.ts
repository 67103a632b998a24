import assert from "node:assert/strict";
import fc from "fast-check";
import { APIS } from "../../../../src/controller/binding/apis.ts";
import {
  areFew,
  type Crowd,
  crowdOf as crowdOfThose,
  isInCrowd,
} from "../../../../src/controller/cluster/crowd.ts";

const crowdOf = (all: readonly string[]): Crowd =>
  crowdOfThose(all, (name) => APIS.ofSecret(name) !== undefined);

const names = (count: number, prefix = "acr-pull-") =>
  [...Array(count).keys()].map((each) => `${prefix}${each}`);

Deno.test("crowd: it knows every name that may be ours, and no other", () => {
  const ours = [...names(5_000), ...names(3_000, "b").map((name) => `${name}-msi-acrpull-secret`)];
  const crowd = crowdOf([...ours, ...names(2_000, "theirs-")]);
  assert.equal(crowd.length, 8_000);
  assert.equal(ours.filter((name) => !isInCrowd(crowd, name)).length, 0);
  const strange = [...names(20_000, "acr-pull-x"), ...names(2_000, "theirs-"), "", "acr-pull-"];
  assert.equal(strange.filter((name) => isInCrowd(crowd, name)).length, 0);
});

Deno.test("crowd: a name that no Secret can have takes no place", () => {
  const tooLong = `acr-pull-${"x".repeat(300)}`;
  assert.equal(crowdOf([tooLong, "acr-pull-a"]).length, 1);
});

Deno.test("crowd: names that stand there twice count once, and 16384 at most are kept", () => {
  assert.equal(crowdOf([...names(300), ...names(300)]).length, 300);
  const crowd = crowdOf(names(30_000));
  assert.equal(crowd.byteLength, 128 * 1024);
});

Deno.test("crowd: up to 32 names of 4 KiB are few", () => {
  assert.deepEqual(
    [names(32), names(33), ["x".repeat(4096)], ["x".repeat(4097)], []].map(areFew),
    [true, false, true, false, true],
  );
});

Deno.test("property: crowd: who is in is in, in whatever order they came", () => {
  const name = fc.string({ unit: fc.constantFrom(..."abc-.0"), maxLength: 6 })
    .map((text) => `acr-pull-${text}`);
  fc.assert(fc.property(fc.uniqueArray(name), fc.uniqueArray(name), (inside, others) => {
    const crowd = crowdOf(inside);
    assert.deepEqual(crowd, crowdOf(inside.toReversed()));
    for (const each of [...inside, ...others]) {
      assert.equal(isInCrowd(crowd, each), inside.includes(each));
    }
  }));
});

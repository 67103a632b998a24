import assert from "node:assert/strict";
import { isImage } from "../../../../deploy/manifests/image_reference.ts";
import { DEFAULTS } from "../../../../deploy/manifests/settings.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

const CASES: readonly [string, boolean][] = [
  [DEFAULTS.image, true],
  ["manager", true],
  ["library/manager:1", true],
  ["localhost:5000/team/msi-acrpull__deno:V1.2-rc.1", true],
  ["[fd00::1]:5000/manager", true],
  [`registry.example/manager:1@${DIGEST}`, true],
  [`registry.example/manager@${DIGEST}`, true],
  ["", false],
  ['evil"x', false],
  ["a b", false],
  ["manager:1\n", false],
  ["registry.example/Manager", false],
  ["https://registry.example/manager", false],
  ["registry.example/manager:", false],
  ["registry.example/manager@sha256:0a", false],
  ["registry.example//manager", false],
  [`${"a-".repeat(500)}!`, false],
];

for (const [text, expected] of CASES) {
  const name = JSON.stringify(text.slice(0, 60));
  Deno.test(`${name} is ${expected ? "an image" : "no image"}`, () => {
    assert.equal(isImage(text), expected);
  });
}

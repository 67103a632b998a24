import assert from "node:assert/strict";
import { isNewer } from "../../../../src/kubernetes/informer/resource_version.ts";

const CASES: [name: string, version: string, than: string, newer: boolean][] = [
  ["a larger number is newer", "11", "10", true],
  ["the same number is not", "10", "10", false],
  ["a smaller number is not", "9", "10", false],
  ["more digits are newer", "100", "99", true],
  ["numbers beyond a double are compared exactly", "9007199254740993", "9007199254740992", true],
  ["as are those beyond 64 bits", "18446744073709551617", "18446744073709551618", false],
  ["another version that is no number counts as newer", "abc", "10", true],
  ["also than one that is no number", "10", "abc", true],
  ["a number with a leading zero is none", "010", "11", true],
  ["the same version that is no number is not newer", "abc", "abc", false],
];

for (const [name, version, than, newer] of CASES) {
  Deno.test(`resourceVersions: ${name}`, () => assert.equal(isNewer(version, than), newer));
}

import assert from "node:assert/strict";
import {
  bitString,
  integer,
  objectIdentifier,
  sequence,
  time,
} from "../../../src/http_server/der.ts";

/** Expected bytes are those of X.690's own examples, or follow from its rules. */
const CASES: [name: string, encoded: Uint8Array, hex: string][] = [
  ["the integer 0", integer(Uint8Array.of(0)), "020100"],
  ["an integer of leading zeros", integer(Uint8Array.of(0, 0, 0x7f)), "02017f"],
  ["an integer whose highest bit is set", integer(Uint8Array.of(0x80)), "02020080"],
  ["an object identifier", objectIdentifier("1.2.840.10045.4.3.2"), "06082a8648ce3d040302"],
  ["an empty sequence", sequence(), "3000"],
  ["a length of one byte more", sequence(new Uint8Array(200)).subarray(0, 3), "3081c8"],
  ["a length of two bytes", sequence(new Uint8Array(300)).subarray(0, 4), "3082012c"],
  ["a bit string", bitString(Uint8Array.of(0xff)), "030200ff"],
  [
    "a time of this half of the century",
    time(Date.UTC(2026, 10, 23, 5, 4, 3)),
    "170d3236313132333035303430335a",
  ],
  ["a time after 2049", time(Date.UTC(2050, 0, 1)), "180f32303530303130313030303030305a"],
];

for (const [name, encoded, hex] of CASES) {
  Deno.test(`DER: ${name}`, () => assert.equal(encoded.toHex(), hex));
}

import assert from "node:assert/strict";
import { parseRetryAfter } from "../../../../src/runtime/time/retry_after.ts";
import { START } from "../../kubernetes/http/transport_support.ts";

const CASES: [name: string, value: string | null, expected: number | undefined][] = [
  ["no header", null, undefined],
  ["an empty header", " ", undefined],
  ["seconds", "7", 7000],
  ["zero seconds", "0", 0],
  ["seconds with spaces around", " 12 ", 12_000],
  ["a fraction, which the grammar does not know", "1.5", undefined],
  ["a negative number", "-1", undefined],
  ["an absurd number", "99999999999999", undefined],
  ["an HTTP date ahead", "Fri, 02 Jan 2026 03:04:35 GMT", 30_000],
  ["an HTTP date that has passed", "Fri, 02 Jan 2026 03:00:00 GMT", 0],
  ["a date in the obsolete RFC 850 form", "Friday, 02-Jan-26 03:04:35 GMT", 30_000],
  ["a date that is no HTTP date", "2026-01-02T03:04:35Z", undefined],
  ["words", "Soon", undefined],
];

for (const [name, value, expected] of CASES) {
  Deno.test(`Retry-After: ${name}`, () => {
    assert.equal(parseRetryAfter(value, START), expected);
  });
}

Deno.test("Retry-After: a date says nothing where nobody knows the time, seconds do", () => {
  assert.equal(parseRetryAfter("Fri, 02 Jan 2026 03:04:35 GMT", NaN), undefined);
  assert.equal(parseRetryAfter("7", NaN), 7000);
});

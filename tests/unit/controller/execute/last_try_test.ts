import assert from "node:assert/strict";
import type { Credential, Need } from "../../../../src/azure/credentials.ts";
import { mintWithLastTry } from "../../../../src/controller/execute/last_try.ts";
import { Redacted } from "../../../../src/runtime/masking/redacted.ts";
import { sleep } from "../../../../src/runtime/time/clock.ts";
import { FakeTime } from "../../kubernetes/fake_time.ts";

const SECOND = 1000;

interface Mint {
  readonly afterMs: number;
  readonly fails?: true;
}

/** What came of an attempt, after how long, and which attempts were made when. */
async function play(first: Mint, last: Mint, leftMs: number | undefined, need: Need = {}) {
  const time = new FakeTime();
  const made: [seconds: number, need: Need][] = [];
  const mint = async (asked: Need): Promise<Credential> => {
    made.push([time.elapsed() / SECOND, asked]);
    const { afterMs, fails } = made.length === 1 ? first : last;
    const name = made.length === 1 ? "first" : "last";
    await sleep(time.clock, afterMs);
    if (fails) throw new Error(`${name} failed`);
    return { password: new Redacted(name), mintedAt: 0, expiresAt: 1 };
  };
  const expiresAt = leftMs === undefined ? undefined : time.clock.now() + leftMs;
  const outcome = mintWithLastTry(mint, need, expiresAt, time.clock)
    .then(({ password }) => password.reveal(), (error) => error.message)
    .then((what) => [what, time.elapsed() / SECOND]);
  await time.pass(200 * SECOND);
  assert.equal(time.pending, 0, "a timer is left");
  return { outcome: await outcome, made };
}

const HANGS = { afterMs: 90 * SECOND };
const QUICK = { afterMs: SECOND };
const WITH = { newerThan: 7, failedAt: 8 };
const LAST = { ...WITH, lastTry: true };

const CASES: [
  what: string,
  ...Parameters<typeof play>,
  expected: Awaited<ReturnType<typeof play>>,
][] = [
  [
    "one that hangs is overtaken by the last try",
    HANGS,
    QUICK,
    60 * SECOND,
    WITH,
    { outcome: ["last", 41], made: [[0, WITH], [40, LAST]] },
  ],
  [
    "one that hung may still do where the last try fails",
    HANGS,
    { ...QUICK, fails: true },
    60 * SECOND,
    WITH,
    { outcome: ["first", 90], made: [[0, WITH], [40, LAST]] },
  ],
  [
    "where both fail the last try tells why",
    { ...HANGS, fails: true },
    { ...QUICK, fails: true },
    60 * SECOND,
    WITH,
    { outcome: ["last failed", 90], made: [[0, WITH], [40, LAST]] },
  ],
  [
    "one that ends before the last try is followed by none",
    QUICK,
    QUICK,
    60 * SECOND,
    WITH,
    { outcome: ["first", 1], made: [[0, WITH]] },
  ],
  [
    "one that fails before the last try is followed by none at once",
    { ...QUICK, fails: true },
    QUICK,
    60 * SECOND,
    WITH,
    { outcome: ["first failed", 1], made: [[0, WITH]] },
  ],
  [
    "one that is the last try itself is made once",
    HANGS,
    QUICK,
    20 * SECOND,
    LAST,
    { outcome: ["first", 90], made: [[0, LAST]] },
  ],
  [
    "without a predecessor there is no last try",
    HANGS,
    QUICK,
    undefined,
    WITH,
    { outcome: ["first", 90], made: [[0, WITH]] },
  ],
  [
    "with hours left no timer is set",
    HANGS,
    QUICK,
    3_600 * SECOND,
    WITH,
    { outcome: ["first", 90], made: [[0, WITH]] },
  ],
];

for (const [what, first, last, leftMs, need, expected] of CASES) {
  Deno.test(`attempt: ${what}`, async () => {
    assert.deepEqual(await play(first, last, leftMs, need), expected);
  });
}

import assert from "node:assert/strict";
import { Deadline } from "../../../../src/runtime/time/deadline.ts";
import { FakeTime } from "../../kubernetes/fake_time.ts";
import { listened } from "./listened_signal.ts";

const HOUR = 3_600_000;

/** A deadline that notes when it aborts and why. `step` sets the wall clock. */
function rig(outer?: AbortSignal) {
  const time = new FakeTime();
  let offsetMs = 0;
  const deadline = new Deadline(time.skewed(() => offsetMs), outer);
  const aborts: string[] = [];
  deadline.signal.addEventListener("abort", () => {
    aborts.push(`${deadline.signal.reason.message}@${time.elapsed()}`);
  });
  return {
    time,
    deadline,
    aborts,
    limit: (ms: number) => deadline.limit(ms, () => new Error(`over ${ms}`)),
    step: (byMs: number) => void (offsetMs += byMs),
  };
}

type DeadlineRig = ReturnType<typeof rig>;

interface Case {
  readonly name: string;
  readonly steps: (rig: DeadlineRig) => Promise<void> | void;
  /** When it aborts, in milliseconds since the test began; never without it. */
  readonly aborts: readonly string[];
}

const CASES: readonly Case[] = [
  { name: "one without a limit never aborts", steps: () => {}, aborts: [] },
  {
    name: "a limit aborts with its reason, once",
    steps: ({ limit }) => limit(1000),
    aborts: ["over 1000@1000"],
  },
  {
    name: "a longer limit in place of another counts from when it was set",
    steps: async ({ limit, time }) => {
      limit(1000);
      await time.pass(600);
      limit(3000);
    },
    aborts: ["over 3000@3600"],
  },
  {
    name: "a shorter limit in place of another counts from when it was set",
    steps: async ({ limit, time }) => {
      limit(5000);
      await time.pass(600);
      limit(1000);
    },
    aborts: ["over 1000@1600"],
  },
  {
    name: "a shorter limit that ends after the timer of another",
    steps: async ({ limit, time }) => {
      limit(5000);
      await time.pass(4500);
      limit(1000);
    },
    aborts: ["over 1000@5500"],
  },
  {
    name: "a limit that is lifted never aborts",
    steps: async ({ limit, deadline, time }) => {
      limit(1000);
      await time.pass(999);
      deadline.lift();
    },
    aborts: [],
  },
  {
    name: "a limit after one that was lifted counts from when it was set",
    steps: async ({ limit, deadline, time }) => {
      limit(1000);
      await time.pass(400);
      deadline.lift();
      await time.pass(5000);
      limit(2000);
    },
    aborts: ["over 2000@7400"],
  },
  {
    name: "a wall clock set back does not make a limit longer",
    steps: async ({ limit, step, time }) => {
      limit(1000);
      await time.pass(500);
      step(-HOUR);
    },
    aborts: ["over 1000@1000"],
  },
  {
    name: "a wall clock set back makes a limit on another's timer twice as long at most",
    steps: async ({ limit, step, time }) => {
      limit(1000);
      await time.pass(500);
      limit(2000);
      step(-HOUR);
    },
    aborts: ["over 2000@3000"],
  },
  {
    name: "a wall clock set back after another's timer was due makes a limit no longer",
    steps: async ({ limit, step, time }) => {
      limit(1000);
      await time.pass(500);
      limit(2000);
      await time.pass(1000);
      step(-HOUR);
    },
    aborts: ["over 2000@2500"],
  },
  {
    name: "a wall clock that is set back again and again",
    steps: async ({ limit, step, time }) => {
      limit(1000);
      await time.pass(500);
      limit(2000);
      for (let n = 0; n < 5; n++) {
        step(-HOUR);
        await time.pass(1000);
      }
    },
    aborts: ["over 2000@3000"],
  },
  {
    name: "a wall clock set forward does not make a limit shorter",
    steps: async ({ limit, step, time }) => {
      limit(1000);
      await time.pass(500);
      step(HOUR);
    },
    aborts: ["over 1000@1000"],
  },
  {
    name: "a wall clock set forward does not make a shorter limit wait for another's timer",
    steps: async ({ limit, step, time }) => {
      limit(5000);
      await time.pass(500);
      step(HOUR);
      limit(1000);
    },
    aborts: ["over 1000@1500"],
  },
  {
    name: "a wall clock set back between two limits",
    steps: async ({ limit, step, time }) => {
      limit(1000);
      await time.pass(500);
      step(-HOUR);
      limit(2000);
    },
    aborts: ["over 2000@2500"],
  },
];

for (const { name, steps, aborts } of CASES) {
  Deno.test(`deadline: ${name}`, async () => {
    const on = rig();
    await steps(on);
    await on.time.pass(2 * HOUR);
    const { aborted } = on.deadline.signal;
    const expected = { aborts, aborted: aborts.length > 0, expired: aborts.length > 0, pending: 0 };
    const { expired } = on.deadline;
    assert.deepEqual({ aborts: on.aborts, aborted, expired, pending: on.time.pending }, expected);
  });
}

Deno.test("deadline: the timer of a limit serves the longer one that takes its place", async () => {
  const { time, limit, deadline } = rig();
  limit(1000);
  limit(2000);
  deadline.lift();
  limit(3000);
  assert.equal(time.pending, 1);
  await time.pass(1000);
  assert.equal(time.pending, 1);
  deadline.end();
});

Deno.test("deadline: the caller's abort is followed with the caller's reason, and is no expiry", async () => {
  const outer = new AbortController();
  const { time, deadline, limit, aborts } = rig(outer.signal);
  limit(1000);
  await time.pass(300);
  outer.abort(new Error("enough"));
  await time.pass(5000);
  assert.deepEqual([aborts, deadline.expired, time.pending], [["enough@300"], false, 0]);
});

Deno.test("deadline: one whose caller has aborted before is aborted from the start", async () => {
  const reason = new Error("enough");
  const { time, deadline, limit } = rig(AbortSignal.abort(reason));
  assert.deepEqual([deadline.signal.aborted, deadline.signal.reason], [true, reason]);
  limit(1000);
  await time.pass(5000);
  assert.deepEqual([deadline.signal.reason, deadline.expired], [reason, false]);
  deadline.end();
});

Deno.test("deadline: a limit that ran out is not undone by the caller's abort", async () => {
  const outer = new AbortController();
  const { time, deadline, limit, aborts } = rig(outer.signal);
  limit(1000);
  await time.pass(1000);
  outer.abort(new Error("enough"));
  assert.deepEqual([aborts, deadline.expired], [["over 1000@1000"], true]);
  assert.equal(deadline.signal.reason.message, "over 1000");
});

Deno.test("deadline: at its end it leaves neither timer nor listener", async () => {
  const outer = new AbortController();
  const { signal, listeners } = listened(outer.signal);
  const { time, deadline, limit, aborts } = rig(signal);
  limit(1000);
  assert.deepEqual([listeners(), time.pending], [1, 1]);
  deadline.end();
  assert.deepEqual([listeners(), time.pending], [0, 0]);
  outer.abort(new Error("enough"));
  await time.pass(5000);
  assert.deepEqual([aborts, deadline.signal.aborted, deadline.expired], [[], false, false]);
});

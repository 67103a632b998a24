import assert from "node:assert/strict";
import fc from "fast-check";
import { FakeLeases, type Fate, refusal } from "./fake_leases.ts";
import { FakeTime } from "../fake_time.ts";
import { Replica, type Span } from "./replica.ts";

/** Mostly short, so that leaders last long enough to be in danger. */
function delay(longestMs: number): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 100 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: longestMs }) },
  );
}

const fate: fc.Arbitrary<Fate> = fc.record({
  outcome: fc.oneof(
    { weight: 20, arbitrary: fc.constant("served" as const) },
    { weight: 2, arbitrary: fc.constant("answer-lost" as const) },
    { weight: 2, arbitrary: fc.constant("never-served" as const) },
    { weight: 1, arbitrary: fc.constant(refusal(500, "InternalError", "etcd is slow")) },
  ),
  thereMs: delay(12_000),
  backMs: delay(7_000),
});

/** For a while nothing that one replica sends arrives, or nothing comes back to it. */
interface Partition {
  replica: number;
  fromMs: number;
  lengthMs: number;
  outcome: "never-served" | "answer-lost";
}

const partition: fc.Arbitrary<Partition> = fc.record({
  replica: fc.nat({ max: 1 }),
  fromMs: fc.integer({ min: 0, max: 60_000 }),
  lengthMs: fc.integer({ min: 5_000, max: 40_000 }),
  outcome: fc.constantFrom("never-served" as const, "answer-lost" as const),
});

interface Life {
  startMs: number;
  endMs: number;
  end: "kill" | "terminate";
  drainMs: number;
  skewMs: number;
  random: number;
}

const life: fc.Arbitrary<Life> = fc.record({
  startMs: fc.integer({ min: 0, max: 20_000 }),
  endMs: fc.integer({ min: 30_000, max: 110_000 }),
  end: fc.constantFrom("kill" as const, "terminate" as const),
  // A leader has 5 s between its deadline and the end of its lease.
  drainMs: fc.integer({ min: 0, max: 4_900 }),
  skewMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

/** Requests are served as told for this long, and all of them at once afterwards. */
const TROUBLE_MS = 100_000;
const SURVIVOR_LEADS_BY_MS = TROUBLE_MS + 60_000;

interface World {
  time: FakeTime;
  leases: FakeLeases;
  replicas: Replica[];
}

function build(lives: Life[], fates: Fate[], partitions: Partition[]): World {
  const time = new FakeTime();
  const leases = new FakeLeases(time);
  const replicas = lives.map(({ drainMs, skewMs, random }, index) =>
    new Replica({
      time,
      leases,
      identity: `replica-${index}`,
      drainMs,
      clock: time.skewed(() => skewMs),
      random: () => random,
    })
  );
  leases.fate = ({ who, at }) => {
    const dead = replicas.find((replica, index) => `replica-${index}` === who && replica.isKilled);
    if (dead) return { outcome: "never-served" };
    const cut = partitions.find(({ replica, fromMs, lengthMs }) =>
      who === `replica-${replica}` && at >= fromMs && at < fromMs + lengthMs
    );
    if (cut) return { outcome: cut.outcome };
    if (at > TROUBLE_MS) return { outcome: "served" };
    return fates[(leases.calls.length - 1) % fates.length]!;
  };
  return { time, leases, replicas };
}

function schedule({ time, replicas }: World, lives: Life[], survivor: number): void {
  lives.forEach(({ startMs, endMs, end }, index) => {
    const replica = replicas[index]!;
    time.clock.after(startMs, () => replica.start());
    if (index !== survivor) time.clock.after(startMs + endMs, () => replica[end]());
  });
}

function overlapping(replicas: Replica[], nowMs: number): [Span, Span] | undefined {
  const spans = replicas.flatMap((replica) => replica.spans).sort((a, b) => a.from - b.from);
  for (const [index, span] of spans.entries()) {
    const next = spans[index + 1];
    if (next && next.from < (span.to ?? nowMs)) return [span, next];
  }
  return undefined;
}

Deno.test("whatever befalls requests and replicas, no two lead at a time, and in the end one does", async () => {
  const worlds = fc.tuple(
    fc.array(life, { minLength: 2, maxLength: 3 }),
    fc.array(fate, { minLength: 8, maxLength: 40 }),
    fc.array(partition, { maxLength: 4 }),
  );
  await fc.assert(
    fc.asyncProperty(worlds, async ([lives, fates, partitions]) => {
      const world = build(lives, fates, partitions);
      const { time, replicas } = world;
      // One outlives the others, and is started anew when it loses leadership, as a pod would be.
      schedule(world, lives, 0);
      while (time.elapsed() < SURVIVOR_LEADS_BY_MS) {
        await time.pass(1_000);
        const claiming = replicas.filter((replica) =>
          !replica.isKilled && replica.elector.isLeader
        );
        assert.ok(claiming.length <= 1, `${claiming.length} say that they lead`);
        if (replicas[0]!.outcome !== "running") restart(replicas[0]!);
      }
      assert.equal(overlapping(replicas, time.elapsed()), undefined);
      assert.equal(replicas.filter((replica) => replica.isLeading).length, 1);
      for (const replica of replicas) replica.terminate();
      await time.pass(10_000);
    }),
    { numRuns: 250 },
  );
});

function restart(replica: Replica): void {
  replica.outcome = "running";
  replica.start();
}

Deno.test("after kill -9 the other leads no sooner than 15 s after the last renewal and within 17 s of it", async () => {
  const killed = fc.record({
    killMs: fc.integer({ min: 4_000, max: 6_000 }),
    behindMs: fc.integer({ min: 1, max: 2_000 }),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    latencyMs: fc.integer({ min: 0, max: 25 }),
  });
  await fc.assert(
    fc.asyncProperty(killed, async ({ killMs, behindMs, random, latencyMs }) => {
      const time = new FakeTime();
      const leases = new FakeLeases(time);
      const a = new Replica({ time, leases, identity: "a" }).start();
      leases.fate = ({ who }) => ({
        outcome: who === "a" && a.isKilled ? "never-served" : "served",
        thereMs: latencyMs,
        backMs: latencyMs,
      });
      await time.pass(100 + behindMs);
      const b = new Replica({ time, leases, identity: "b", random: () => random }).start();
      await time.passUntil(killMs);
      a.kill();
      await time.pass(latencyMs);
      const renewedMs = Date.parse(leases.stored!.spec!.renewTime!) - Date.UTC(2026, 5, 1, 12);
      await time.waitFor(() => b.isLeading, 20_000, 10);
      const tookMs = b.spans[0]!.from - renewedMs;
      assert.ok(tookMs >= 15_000 && tookMs <= 17_000, `it took ${tookMs} ms`);
      b.terminate();
      await time.pass(20_000);
    }),
    { numRuns: 40 },
  );
});

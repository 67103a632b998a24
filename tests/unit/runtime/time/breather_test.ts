import assert from "node:assert/strict";
import fc from "fast-check";
import { Breather } from "../../../../src/runtime/time/breather.ts";
import { systemClock } from "../../../../src/runtime/time/clock.ts";
import { BusyLoop } from "./busy_loop.ts";

/** Works in pieces that take so long, as asked for. */
async function work(
  loop: BusyLoop,
  pieces: readonly number[],
  done: () => void = () => {},
): Promise<void> {
  for (const ms of pieces) {
    if (loop.breather.isDue) await loop.breather.pause();
    loop.now += ms;
    done();
  }
}

Deno.test("breather: short work is not held up, and leaves nothing to be done", async () => {
  const loop = new BusyLoop();
  await work(loop, [1, 2, 3]);
  assert.deepEqual([loop.turns, loop.timers], [0, 0]);
});

Deno.test("breather: long work hands back each time that 5 ms are used up", async () => {
  const loop = new BusyLoop();
  const piecesPerTurn: number[] = [];
  const working = work(loop, new Array(20).fill(1), () => {
    piecesPerTurn[loop.turns] = (piecesPerTurn[loop.turns] ?? 0) + 1;
  });
  for (let index = 0; index < 4; index++) await loop.turn();
  await working;
  assert.deepEqual(piecesPerTurn, [5, 5, 5, 5]);
});

Deno.test("breather: the 5 ms are those of all work together, and each has its turn", async () => {
  const loop = new BusyLoop();
  const done = [0, 0, 0];
  const working = done.map((_, index) => work(loop, new Array(15).fill(1), () => done[index]!++));
  for (let turns = 1; turns < 10; turns++) {
    assert.equal(loop.now, turns * 5);
    assert.ok(Math.max(...done) - Math.min(...done) <= 10, done.join());
    await loop.turn();
    await new Promise((resolve) => setTimeout(resolve));
  }
  await Promise.all(working);
  assert.deepEqual(done, [15, 15, 15]);
});

Deno.test("breather: time in which the loop turned does not count", async () => {
  const loop = new BusyLoop();
  assert.equal(loop.breather.isDue, false);
  loop.now += 4;
  await loop.turn();
  loop.now += 5000;
  assert.equal(loop.breather.isDue, false);
  loop.now += 5;
  assert.equal(loop.breather.isDue, true);
});

Deno.test("property: however work is cut, no turn has more of it than 5 ms and one piece", async () => {
  const pieces = fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { minLength: 1, maxLength: 6 }), async (works) => {
      const loop = new BusyLoop();
      let ended = 0;
      const working = works.map((each) => work(loop, each).then(() => ended++));
      assert.ok(await loop.turnUntil(() => ended === works.length, 200), "work does not end");
      await Promise.all(working);
      assert.ok(loop.longest < 5 + 15, `${loop.longest} ms in one turn`);
      assert.equal(loop.now, works.flat().reduce((sum, ms) => sum + ms, 0));
    }),
    { numRuns: 100 },
  );
});

Deno.test("breather: timers and I/O of the real loop have their turn meanwhile", async () => {
  const breather = new Breather({ clock: systemClock, monotonic: () => performance.now() });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let exchanges = 0;
  let ticks = 0;
  let working = true;
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.write(new Uint8Array([1]));
      connection.close();
    }
  })();
  const asking = (async () => {
    while (working) {
      using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
      await client.read(new Uint8Array(1));
      exchanges++;
    }
  })();
  const timer = setInterval(() => ticks++, 1);
  const endsAt = performance.now() + 300;
  while (performance.now() < endsAt) {
    if (breather.isDue) await breather.pause();
    const pieceEndsAt = performance.now() + 0.5;
    while (performance.now() < pieceEndsAt);
  }
  const during = { exchanges, ticks };
  clearInterval(timer);
  working = false;
  await asking;
  listener.close();
  await serving;
  assert.ok(during.exchanges >= 3 && during.ticks >= 3, JSON.stringify(during));
});

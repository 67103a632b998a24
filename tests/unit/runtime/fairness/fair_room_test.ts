import assert from "node:assert/strict";
import type { Urgency } from "../../../../src/runtime/fairness/fair_line.ts";
import { FairRoom } from "../../../../src/runtime/fairness/fair_room.ts";

/** Whoever has a place goes on a turn later. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A room whose work is told when to end. */
function rig(places = 2) {
  const room = new FairRoom(places, () => 0);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, signal?: AbortSignal, urgency?: Urgency) =>
    room.run(name.split("/")[0]!, () => {
      begun.push(name);
      const { promise, resolve } = Promise.withResolvers<void>();
      ends.set(name, resolve);
      return promise;
    }, { signal, urgency });
  const end = async (name: string, running: Promise<void>) => {
    ends.get(name)!();
    await running;
    await turn();
  };
  return { room, begun, run, end };
}

Deno.test("fair room: a namespace leaves a place to others, and all have their turns", async () => {
  const { room, begun, run, end } = rig();
  const first = run("noisy/1");
  const second = run("noisy/2");
  const third = run("noisy/3");
  const quiet = run("quiet/1");
  await turn();
  assert.deepEqual([begun, room.waiting], [["noisy/1", "quiet/1"], 2]);
  await end("quiet/1", quiet);
  const late = run("late/1");
  await turn();
  assert.deepEqual(begun.slice(2), ["late/1"]);
  await end("noisy/1", first);
  assert.deepEqual(begun.slice(3), ["noisy/2"]);
  await end("late/1", late);
  await end("noisy/2", second);
  await end("noisy/3", third);
  assert.deepEqual([begun.slice(4), room.waiting], [["noisy/3"], 0]);
});

Deno.test("fair room: whoever waits gives up with the signal's reason, and takes no place", async () => {
  const { room, begun, run, end } = rig(1);
  const first = run("a/1");
  const stop = new AbortController();
  const waits = run("b/1", stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(waits, /enough/);
  assert.equal(room.waiting, 0);
  await end("a/1", first);
  const next = run("c/1");
  await turn();
  assert.deepEqual(begun, ["a/1", "c/1"]);
  await end("c/1", next);
});

Deno.test("fair room: what fails is passed on, and its place is free again", async () => {
  const room = new FairRoom(1, () => 0);
  await assert.rejects(room.run("a", () => Promise.reject(new Error("it failed"))), /it failed/);
  assert.equal(await room.run("b", () => Promise.resolve("done")), "done");
});

Deno.test("fair room: what is urgent goes first, and of that what is too late first", async () => {
  const { begun, run, end } = rig(1);
  const first = run("a/1");
  const running = [
    run("b/1"),
    run("c/later", undefined, { from: 0, until: 2 }),
    run("d/sooner", undefined, { from: 0, until: 1 }),
    run("e/not yet", undefined, { from: 1, until: 1 }),
  ];
  await turn();
  assert.deepEqual(begun, ["a/1"]);
  await end("a/1", first);
  await end("d/sooner", running[2]!);
  await end("c/later", running[1]!);
  await end("b/1", running[0]!);
  await end("e/not yet", running[3]!);
  assert.deepEqual(begun, ["a/1", "d/sooner", "c/later", "b/1", "e/not yet"]);
});

import assert from "node:assert/strict";
import { ImdsSilences } from "../../../src/azure/imds_silences.ts";

const MINUTE = 60_000;

/** What is doubtful after those calls, each a minute after the one before. */
function after(...calls: readonly [identity: string, namespaces: string[], answered: boolean][]) {
  const clock = { ms: 0, now: () => clock.ms };
  const silences = new ImdsSilences(clock);
  for (const [identity, namespaces, answered] of calls) {
    silences.note(identity, namespaces, answered);
    clock.ms += MINUTE;
  }
  const isDoubtful = (identity: string, ...namespaces: string[]) =>
    silences.isDoubtful(identity, new Set(namespaces));
  return { clock, silences, isDoubtful };
}

Deno.test("IMDS silences: a call that hung makes its identity doubtful, and new ones of its namespace", () => {
  const { isDoubtful } = after(["a", ["noisy"], false]);
  assert.deepEqual(
    [isDoubtful("a", "quiet"), isDoubtful("b", "noisy"), isDoubtful("b", "quiet")],
    [true, true, false],
  );
});

Deno.test("IMDS silences: what another namespace asks for, too, is no doubt of the first alone", () => {
  const { isDoubtful } = after(["a", ["noisy"], false]);
  assert.equal(isDoubtful("b", "noisy", "quiet"), false);
});

Deno.test("IMDS silences: an identity that is answered is proven, whoever asks, until it hangs", () => {
  const answered = after(["a", ["noisy"], false], ["b", ["noisy"], true]);
  assert.equal(answered.isDoubtful("b", "noisy"), false);
  assert.equal(answered.silences.isProven("b"), true);
  assert.equal(answered.isDoubtful("c", "noisy"), true, "and proves no other");
  answered.silences.note("b", ["noisy"], false);
  assert.equal(answered.isDoubtful("b", "quiet"), true);
  assert.equal(answered.silences.isProven("b"), false);
});

Deno.test("IMDS silences: after half an hour nothing is held against anybody", () => {
  const { clock, isDoubtful } = after(["a", ["noisy"], false]);
  clock.ms = 31 * MINUTE;
  assert.deepEqual([isDoubtful("a", "noisy"), isDoubtful("b", "noisy")], [false, false]);
});

Deno.test("IMDS silences: of any number of identities and namespaces, a thousand are remembered", () => {
  const clock = { now: () => 0 };
  const silences = new ImdsSilences(clock);
  for (let n = 0; n <= 1000; n++) silences.note(`i${n}`, [`n${n}`], false);
  const isDoubtful = (identity: string, namespace: string) =>
    silences.isDoubtful(identity, new Set([namespace]));
  assert.deepEqual(
    [isDoubtful("i0", "x"), isDoubtful("x", "n0"), isDoubtful("i1000", "x")],
    [false, false, true],
  );
});

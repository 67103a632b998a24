import assert from "node:assert/strict";
import * as transitions from "../../../../src/kubernetes/informer/watch_state.ts";
import { UNLISTED, type WatchState } from "../../../../src/kubernetes/informer/watch_state.ts";

const { ended, failed, heard, incomplete, listed, silent, standing } = transitions;

const UNHEARD = { since: 7, isHeard: false };
const HEARD = { since: 7, isHeard: true };
const LISTING: WatchState = { kind: "listing" };
const RESUMING: WatchState = { kind: "resuming" };
const failedForNow = (state: WatchState) => failed(state, false);
const failedForGood = (state: WatchState) => failed(state, true);
const standingSince7 = () => standing(7);

const CASES: readonly [
  what: string,
  before: WatchState,
  transition: (state: WatchState) => WatchState,
  after: WatchState,
][] = [
  ["a list that was read leads to a watch", UNLISTED, listed, RESUMING],
  ["a watch that stands has told nothing yet", RESUMING, standingSince7, {
    kind: "watching",
    watch: UNHEARD,
  }],
  ["it is heard of once it tells something", { kind: "watching", watch: UNHEARD }, heard, {
    kind: "watching",
    watch: HEARD,
  }],
  ["at its end the next goes on from there", { kind: "watching", watch: HEARD }, ended, {
    kind: "resuming",
    watch: HEARD,
  }],
  [
    "what it could not tell is listed, whatever follows",
    { kind: "watching", watch: HEARD },
    (state) => ended(heard(incomplete(state))),
    { kind: "listing", watch: HEARD },
  ],
  [
    "one that tells nothing and is silent is not believed",
    { kind: "watching", watch: UNHEARD },
    silent,
    { kind: "listing", watch: UNHEARD },
  ],
  [
    "nor is the one after it, as long as nothing was told",
    { kind: "resuming", watch: UNHEARD },
    silent,
    { kind: "listing", watch: UNHEARD },
  ],
  ["one that fell silent goes on", { kind: "watching", watch: HEARD }, silent, {
    kind: "watching",
    watch: HEARD,
  }],
  ["a list that is silent is read again", LISTING, silent, LISTING],
  ["a failure lets go of the watch", { kind: "watching", watch: HEARD }, failedForNow, RESUMING],
  ["a failed list is read again", LISTING, failedForNow, LISTING],
  ["what may be at fault is listed", { kind: "resuming", watch: HEARD }, failedForGood, LISTING],
];

for (const [what, before, transition, after] of CASES) {
  Deno.test(`watch state: ${what}`, () => assert.deepEqual(transition(before), after));
}

Deno.test("watch state: what is told in a watch that is heard makes no new state", () => {
  const state: WatchState = { kind: "watching", watch: HEARD };
  assert.equal(heard(state), state);
});

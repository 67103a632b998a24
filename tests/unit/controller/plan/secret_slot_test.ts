import assert from "node:assert/strict";
import {
  extraneousSecrets,
  type SecretSlot,
  secretSlot,
} from "../../../../src/controller/plan/secret_slot.ts";
import type { Content, Inspection, SecretState } from "../../../../src/controller/plan/snapshot.ts";
import { HOUR, NOW, secretOf, snapshotOf, time, viewV1, viewV2, without } from "../builders.ts";

const V1 = viewV1();
const NEW = viewV1({ metadata: { finalizers: [] } });
const OURS = secretOf(V1);
const INTACT: Content = { kind: "intact", expiresAt: NOW + HOUR };
const BROKEN: Content = { kind: "broken", why: "holds nothing", immutable: false };
const UNLABELLED = without(OURS, "label");
const ABSENT: Inspection = { kind: "absent" };
const found = (secret: SecretState, content: Content = INTACT): Inspection => ({
  kind: "found",
  secret,
  content,
});
const at = (resourceVersion: string, change: Partial<SecretState> = {}): SecretState => ({
  ...OURS,
  resourceVersion,
  ...change,
});

const CASES: readonly {
  readonly what: string;
  readonly binding?: typeof V1;
  readonly cached?: SecretState;
  readonly inspection?: Inspection;
  readonly slot: SecretSlot;
}[] = [
  { what: "a new binding has none", binding: NEW, slot: { kind: "none" } },
  {
    what: "a binding with the finalizer may have one that is in no cache",
    slot: { kind: "unknown" },
  },
  {
    what: "one without it that tells of a credential may have one, as the first releases left it",
    binding: { ...NEW, status: { lastTokenRefreshTime: time(NOW - HOUR) } },
    slot: { kind: "unknown" },
  },
  {
    what: "an error in the status tells of no credential",
    binding: { ...NEW, status: { error: "Slow." } },
    slot: { kind: "none" },
  },
  { what: "one that was looked for is not there", inspection: ABSENT, slot: { kind: "none" } },
  { what: "the cache is enough", cached: OURS, slot: { kind: "ours", secret: OURS } },
  {
    what: "what the cache holds by now wins over an earlier look that found none",
    cached: OURS,
    inspection: ABSENT,
    slot: { kind: "ours", secret: OURS },
  },
  {
    what: "a verdict holds for the version that was read",
    cached: OURS,
    inspection: found(OURS),
    slot: { kind: "ours", secret: OURS, content: INTACT },
  },
  {
    what: "a later version in the cache has no verdict yet",
    cached: at("21"),
    inspection: found(OURS),
    slot: { kind: "ours", secret: at("21") },
  },
  {
    what: "of the same version under another UID nothing is known either",
    cached: at("20", { uid: "uid-anew" }),
    inspection: found(OURS),
    slot: { kind: "ours", secret: at("20", { uid: "uid-anew" }) },
  },
  {
    what: "what was read by name is ahead of a cache whose watch is slow",
    cached: OURS,
    inspection: found(at("21"), BROKEN),
    slot: { kind: "ours", secret: at("21"), content: BROKEN },
  },
  {
    what: "versions are compared as numbers",
    cached: at("9"),
    inspection: found(at("10"), BROKEN),
    slot: { kind: "ours", secret: at("10"), content: BROKEN },
  },
  {
    what: "one without the label is in no cache and counts as it was read",
    inspection: found(UNLABELLED),
    slot: { kind: "ours", secret: UNLABELLED, content: INTACT },
  },
  {
    what: "one with the label that has left the cache was deleted",
    inspection: found(OURS),
    slot: { kind: "unknown" },
  },
  {
    what: "for a new binding likewise, which then has none",
    binding: NEW,
    inspection: found(OURS),
    slot: { kind: "none" },
  },
  {
    what: "one of a predecessor is stale, whatever it holds",
    cached: at("20", { owner: { ...OURS.owner!, uid: "uid-before" } }),
    inspection: found(at("20", { owner: { ...OURS.owner!, uid: "uid-before" } })),
    slot: { kind: "stale", secret: at("20", { owner: { ...OURS.owner!, uid: "uid-before" } }) },
  },
  {
    what: "another's is foreign, whatever it holds",
    inspection: found(without(UNLABELLED, "owner")),
    slot: { kind: "foreign", secret: without(UNLABELLED, "owner") },
  },
  {
    what: "a Secret of another name is not this one",
    cached: { ...OURS, name: "old-msi-acrpull-secret" },
    slot: { kind: "unknown" },
  },
];

for (const { what, binding = V1, cached, inspection, slot } of CASES) {
  Deno.test(`secret slot: ${what}`, () => {
    const snapshot = snapshotOf(binding, {
      secrets: cached === undefined ? [] : [cached],
      ...(inspection === undefined ? {} : { inspection }),
    });
    assert.deepEqual(secretSlot(snapshot), slot);
  });
}

const OLD = { ...OURS, name: "old-msi-acrpull-secret", uid: "uid-old" };
const EXTRANEOUS: readonly [what: string, secret: SecretState, further: boolean][] = [
  ["one of ours under another name goes", OLD, true],
  ["the binding's own stays", OURS, false],
  [
    "one of a predecessor is the garbage collector's",
    { ...OLD, owner: { ...OLD.owner!, uid: "uid-before" } },
    false,
  ],
  ["one restored without owner goes", without(OLD, "owner"), true],
  [
    "one of the other API stays",
    { ...OLD, owner: secretOf(viewV2()).owner! },
    false,
  ],
  ["one without owner under no name of ours stays", { ...without(OLD, "owner"), name: "x" }, false],
  [
    "one without owner that others own stays",
    { ...without(OLD, "owner"), ownedByOthers: true },
    false,
  ],
  [
    "one without owner under another binding's label stays",
    { ...without(OLD, "owner"), label: "other" },
    false,
  ],
];

for (const [what, secret, further] of EXTRANEOUS) {
  Deno.test(`secret slot: of further Secrets, ${what}`, () => {
    const snapshot = snapshotOf(V1, { secrets: [secret] });
    assert.deepEqual(extraneousSecrets(snapshot), further ? [secret] : []);
  });
}

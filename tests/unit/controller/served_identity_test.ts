import assert from "node:assert/strict";
import { wantedCredential } from "../../../src/controller/plan/credential.ts";
import type { SecretState, Snapshot } from "../../../src/controller/plan/snapshot.ts";
import { type Situation, understand } from "../../../src/controller/plan/situation.ts";
import { Memory, withServed } from "../../../src/controller/memory.ts";
import {
  account,
  CLIENT_ID,
  NOW,
  secretOf,
  snapshotOf,
  TENANT_ID,
  time,
  viewFederated,
  viewV1,
} from "./builders.ts";

const KEY = "v1beta2/team-a/pull";
const BINDING = viewFederated();
const IDS = { clientId: CLIENT_ID, tenantId: TENANT_ID };
const ACCOUNTS = [account("default", [BINDING.secretName], IDS)];
/** As the reference writes it: nothing says for which identity. */
const SILENT = secretOf(BINDING);

const holding = (secret: SecretState): Snapshot =>
  snapshotOf(BINDING, { secrets: [secret], accounts: ACCOUNTS });
const WANTED = wantedCredential(holding(SILENT)) as { identityHash: string };
const identities = ({ secrets }: Pick<Snapshot, "secrets">) =>
  secrets.map(({ identity }) => identity);

/** What a memory of bindings remembers of the identities that their Secrets were seen to serve. */
class IdentityMemory {
  readonly #memory = new Memory({ now: () => NOW }, () => 0);

  note(key: string, situation: Situation): void {
    this.#memory.settled(key, situation);
  }

  recall<T extends Pick<Snapshot, "secrets" | "inspection">>(key: string, snapshot: T): T {
    return withServed(snapshot, this.#memory.last(key).served);
  }

  forget(key: string): void {
    this.#memory.forget(key);
  }
}

/** A memory that has seen the binding settled with `secret`. */
function remembering(secret: SecretState = SILENT): IdentityMemory {
  const memory = new IdentityMemory();
  memory.note(KEY, understand(holding(secret), undefined, NOW));
  return memory;
}

const RECALLED: readonly [what: string, secret: SecretState, identity: string | undefined][] = [
  ["the Secret that was seen", SILENT, WANTED.identityHash],
  ["a later version of it", { ...SILENT, resourceVersion: "99" }, WANTED.identityHash],
  ["another Secret of the same name", { ...SILENT, uid: "uid-anew" }, undefined],
  ["one that says it itself", { ...SILENT, identity: "own" }, "own"],
];

for (const [what, secret, identity] of RECALLED) {
  Deno.test(`identity memory: recalls by UID, for ${what}`, () => {
    assert.deepEqual(identities(remembering().recall(KEY, holding(secret))), [identity]);
  });

  Deno.test(`identity memory: the same where it was read by name, for ${what}`, () => {
    const content = { kind: "intact", expiresAt: NOW } as const;
    const snapshot = {
      secrets: [],
      inspection: { kind: "found", secret, content },
    } as const;
    const { inspection } = remembering().recall(KEY, snapshot) as Pick<Snapshot, "inspection">;
    assert.ok(inspection?.kind === "found");
    assert.deepEqual([inspection.secret.identity, inspection.content], [identity, content]);
  });
}

Deno.test("identity memory: a Secret that is known to be absent stays absent", () => {
  const snapshot = { secrets: [SILENT], inspection: { kind: "absent" } } as const;
  assert.deepEqual(remembering().recall(KEY, snapshot), {
    ...snapshot,
    secrets: [{ ...SILENT, identity: WANTED.identityHash }],
  });
});

Deno.test("identity memory: each binding has its own, and one that is gone has none", () => {
  const memory = remembering();
  assert.deepEqual(identities(memory.recall("v1beta2/team-a/other", holding(SILENT))), [undefined]);
  memory.forget(KEY);
  assert.deepEqual(identities(memory.recall(KEY, holding(SILENT))), [undefined]);
});

const NOTHING_TO_NOTE: readonly [what: string, snapshot: Snapshot][] = [
  ["a Secret that says it itself", holding({ ...SILENT, identity: "own" })],
  ["another's Secret", holding({ ...SILENT, owner: { ...SILENT.owner!, name: "x", uid: "y" } })],
  ["no Secret", snapshotOf(BINDING, { accounts: ACCOUNTS })],
  [
    "an identity that is not known",
    snapshotOf(BINDING, { secrets: [SILENT], accounts: [account("default")] }),
  ],
  [
    "a managed identity, which the reference's own hash tells apart",
    snapshotOf(viewV1(), { secrets: [secretOf(viewV1())] }),
  ],
];

for (const [what, snapshot] of NOTHING_TO_NOTE) {
  Deno.test(`identity memory: takes no note of ${what}`, () => {
    const memory = new IdentityMemory();
    memory.note(KEY, understand(snapshot, undefined, NOW));
    const secrets = [SILENT, secretOf(viewV1())].map((each) => ({ ...each, expiry: time(NOW) }));
    assert.deepEqual(identities(memory.recall(KEY, { secrets })), [undefined, undefined]);
  });
}

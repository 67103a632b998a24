import assert from "node:assert/strict";
import { CONVERSATIONS } from "./all.ts";
import type { Send } from "./conversation.ts";
import { installFixtures, replay } from "./prepare.ts";
import { readRecorded } from "./recorded.ts";

/** What a server under test must offer. */
export interface ContractServer {
  readonly send: Send;
  /** Lets the server work for a moment. */
  pause(): Promise<void>;
}

/**
 * Registers one test for each conversation: its answers must be those recorded of kube-apiserver.
 * The server may be shared between tests and runs; it has no controllers, and the ServiceAccount
 * admission plugin is off.
 */
export function contractSuite(
  register: (name: string, test: (server: ContractServer) => Promise<void>) => void,
): void {
  for (const conversation of CONVERSATIONS) {
    register(`contract: ${conversation.name}`, async ({ send, pause }) => {
      await installFixtures(send, pause);
      const expected = (await readRecorded()).get(conversation.name);
      const run = crypto.randomUUID().slice(0, 8);
      const answers = await replay(send, conversation, run);
      assert.deepEqual(withOrderedFields(answers), withOrderedFields(expected));
    });
  }
}

/**
 * The server orders `managedFields` by whole seconds first, so that entries written in one second
 * stand otherwise than those that a second parts.
 */
function withOrderedFields(answers: unknown): unknown {
  return JSON.parse(JSON.stringify(answers), (key, value) => {
    if (key !== "managedFields" || !Array.isArray(value)) return value;
    return value.map((entry) => JSON.stringify(entry)).sort()
      .map((text): unknown => JSON.parse(text));
  });
}

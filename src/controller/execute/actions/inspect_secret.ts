import type { Action } from "../../plan/actions.ts";
import type { ActionHandler } from "./action_handler.ts";

/** Looks at the binding's Secret by its name, past label and cache. */
export const INSPECT_SECRET: ActionHandler<Extract<Action, { kind: "inspectSecret" }>> = {
  done: "looked at Secret by its name",
  details: (_, { name }) => ({ secret: name }),
  doing: ({ secretName }) => `Reading Secret ${secretName}`,
  effect: ({ secretName }) => `Secret ${secretName}`,
  subject: ({ secretName: name }) => ({ kind: "secret", name }),
  fields: () => [],
  marks: () => [],
  execute: async (binding, _, { secrets }, { signal, slot }) => ({
    // Whoever reads a whole Secret waits for its turn.
    inspection: await slot.outside(() => secrets.inspect(binding, signal)),
  }),
};

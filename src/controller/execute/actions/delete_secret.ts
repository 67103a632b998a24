import type { Action } from "../../plan/actions.ts";
import { type ActionHandler, NOTHING } from "./action_handler.ts";

/** The state in which it leaves a Secret: see `Mark`. */
export const DELETED = "the Secret is gone";

/** Deletes a Secret that was made for the binding and that it needs no more. */
export const DELETE_SECRET: ActionHandler<Extract<Action, { kind: "deleteSecret" }>> = {
  done: "deleted Secret",
  details: (_, { secret, reason }) => ({ secret: secret.name, reason }),
  doing: (_, { secret }) => `Deleting Secret ${secret.name}`,
  effect: () => "its deletion",
  subject: (_, { secret }) => ({ kind: "secret", name: secret.name }),
  fields: () => [["f:type"]],
  marks: (_, { secret }) => [{ place: `leftover ${secret.name}`, state: DELETED }],
  execute: async ({ namespace }, { secret }, { secrets }, { signal }) => {
    await secrets.delete(namespace, secret, signal);
    return NOTHING;
  },
};

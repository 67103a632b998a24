import { FINALIZER } from "../../conventions.ts";
import type { Action } from "../../plan/actions.ts";
import { type ActionHandler, NOTHING } from "./action_handler.ts";

/** What both have in common. Who takes a finalizer away owns nothing of it afterwards. */
const COMMON = {
  details: () => ({}),
  doing: () => "Changing the binding",
  subject: ({ name }) => ({ kind: "binding", name }),
  fields: () => [],
} satisfies Partial<ActionHandler>;

/** Holds a binding back from deletion until what was made for it is taken back. */
export const ADD_FINALIZER: ActionHandler<Extract<Action, { kind: "addFinalizer" }>> = {
  ...COMMON,
  done: "added finalizer to binding",
  effect: () => `finalizer ${FINALIZER}`,
  marks: () => [{ place: "finalizer", state: "there" }],
  execute: async (binding, _, { bindings }, { signal }) => {
    await bindings.addFinalizer(binding, signal);
    return NOTHING;
  },
};

/** Lets a binding go. */
export const REMOVE_FINALIZER: ActionHandler<Extract<Action, { kind: "removeFinalizer" }>> = {
  ...COMMON,
  done: "removed finalizer from binding",
  effect: () => `the removal of finalizer ${FINALIZER}`,
  marks: () => [{ place: "finalizer", state: "gone" }],
  execute: async (binding, _, { bindings }, { signal }) => {
    await bindings.removeFinalizer(binding, signal);
    return NOTHING;
  },
};

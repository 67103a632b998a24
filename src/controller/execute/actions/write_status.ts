import { optional } from "../../../runtime/optional.ts";
import type { BindingStatus } from "../../binding/view.ts";
import type { WriteStatusAction } from "../../plan/actions.ts";
import { type ActionHandler, NOTHING } from "./action_handler.ts";

/** Says in the binding's status how things stand. */
export const WRITE_STATUS: ActionHandler<WriteStatusAction> = {
  done: "wrote status of binding",
  details: (_, { status }) => told(status),
  doing: () => "Changing the binding",
  effect: () => "the status",
  subject: ({ name }) => ({ kind: "binding", name }),
  fields: () => [["f:status"]],
  marks: (_, { status }) => [{ place: "status", state: withoutMoments(status) }],
  execute: async (binding, { status }, { bindings }, { signal }) => {
    await bindings.writeStatus(binding, status, signal);
    return NOTHING;
  },
};

function told({ error, tokenExpirationTime, conditions }: BindingStatus): Record<string, unknown> {
  const ready = conditions?.find(({ type }) => type === "Ready");
  return {
    ready: ready?.status,
    reason: ready?.reason,
    ...optional("expires", tokenExpirationTime),
    ...optional("statusError", error),
  };
}

/** The moment of a transition differs each time that somebody takes a condition away. */
function withoutMoments(status: BindingStatus): string {
  if (!("conditions" in status)) return JSON.stringify(status);
  const conditions = status.conditions?.map(({ lastTransitionTime: _, ...told }) => told);
  return JSON.stringify({ ...status, conditions });
}

import type { AdoptSecretAction } from "../../plan/actions.ts";
import type { ActionHandler } from "./action_handler.ts";
import { LABEL_FIELD } from "./secret_fields.ts";

/** Puts label and annotations of a Secret right, and leaves its data. */
export const ADOPT_SECRET: ActionHandler<AdoptSecretAction> = {
  done: "put label and annotations of Secret right",
  details: (_, { secret }) => ({ secret: secret.name }),
  doing: ({ secretName }) => `Writing Secret ${secretName}`,
  effect: () => "what labels and annotations tell of it",
  subject: (_, { secret }) => ({ kind: "secret", name: secret.name }),
  fields: ({ annotations }) => [
    LABEL_FIELD,
    ...Object.keys(annotations).map((name) => ["f:metadata", "f:annotations", `f:${name}`]),
  ],
  // Annotations that tell a moment differ each time.
  marks: (_, { labels, annotations }) => [{
    place: "metadata",
    state: JSON.stringify([Object.keys(labels), Object.keys(annotations)]),
  }],
  execute: async (binding, action, { secrets }, { signal }) => ({
    inspection: await secrets.adopt(binding, action, signal),
  }),
};

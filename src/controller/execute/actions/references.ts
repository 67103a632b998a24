import { quote } from "../../../runtime/text/quote.ts";
import type { Action } from "../../plan/actions.ts";
import type { Snapshot } from "../../plan/snapshot.ts";
import type { References } from "../account_change.ts";
import type { WritePlace } from "../service_account_writer.ts";
import {
  type ActionContext,
  type ActionHandler,
  type ActionOutcome,
  type Hands,
  type Mark,
  NOTHING,
} from "./action_handler.ts";

type AddReference = Extract<Action, { kind: "addReference" }>;
type RemoveReferences = Extract<Action, { kind: "removeReferences" }>;

/** States in which a write leaves a reference: see `Mark`. */
export const ATTACHED = "the reference is there";
export const DETACHED = "the reference is gone";

const MOST_TOLD = 3;

/** What both have in common. */
const COMMON = {
  doing: (_, { serviceAccount }) => `Changing service account ${serviceAccount}`,
  subject: (_, { serviceAccount: name }) => ({ kind: "serviceAccount", name }),
  fields: () => [["f:imagePullSecrets"]],
} satisfies Partial<ActionHandler<AddReference | RemoveReferences>>;

/** Attaches the binding's Secret to its ServiceAccount. */
export const ADD_REFERENCE: ActionHandler<AddReference> = {
  ...COMMON,
  done: "attached Secret to service account",
  details: (_, { secret, serviceAccount }) => ({ secret, serviceAccount }),
  effect: (_, { secret }) => `the reference to ${quote(secret)}`,
  marks: (snapshot, { serviceAccount, secret }) => [
    markOf(snapshot, serviceAccount, secret, ATTACHED),
  ],
  execute: ({ namespace }, { serviceAccount, secret }, hands, context) =>
    write(namespace, serviceAccount, new Map([[secret, true]]), hands, context),
};

/** Detaches Secrets from a ServiceAccount. */
export const REMOVE_REFERENCES: ActionHandler<RemoveReferences> = {
  ...COMMON,
  done: "detached Secrets from service account",
  details: (_, { secrets, serviceAccount }) => ({ secrets: secrets.join(","), serviceAccount }),
  effect: (_, { secrets }) => {
    const told = secrets.slice(0, MOST_TOLD).map((name) => quote(name)).join(", ");
    return `the removal of the reference to ${told}`;
  },
  marks: (snapshot, { serviceAccount, secrets }) =>
    secrets.map((secret) => markOf(snapshot, serviceAccount, secret, DETACHED)),
  execute: ({ namespace }, { serviceAccount, secrets }, hands, context) =>
    write(namespace, serviceAccount, new Map(secrets.map((name) => [name, false])), hands, context),
};

/** One that was made anew is another account, which lacks what was written into the first. */
function markOf(
  { serviceAccounts }: Snapshot,
  account: string,
  secret: string,
  state: string,
): Mark {
  return { place: `${serviceAccounts.get(account)?.uid ?? account}/${secret}`, state };
}

async function write(
  namespace: string,
  account: string,
  references: References,
  { serviceAccounts }: Hands,
  { signal, slot }: ActionContext,
): Promise<ActionOutcome> {
  const line = `${namespace}/${account}`;
  const place: WritePlace = {
    behindOthers: (wait) => slot.outside(wait, line),
    outside: (read) => slot.outside(read),
    moved: () => slot.moved(line),
  };
  await serviceAccounts.write(namespace, account, references, signal, place);
  return NOTHING;
}

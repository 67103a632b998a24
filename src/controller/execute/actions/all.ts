import type { Action } from "../../plan/actions.ts";
import type { ActionHandler } from "./action_handler.ts";
import { ADOPT_SECRET } from "./adopt_secret.ts";
import { DELETE_SECRET } from "./delete_secret.ts";
import { ADD_FINALIZER, REMOVE_FINALIZER } from "./finalizer.ts";
import { INSPECT_SECRET } from "./inspect_secret.ts";
import { MINT } from "./mint.ts";
import { ADD_REFERENCE, REMOVE_REFERENCES } from "./references.ts";
import { WRITE_STATUS } from "./write_status.ts";

type Handlers = {
  readonly [Kind in Action["kind"]]: ActionHandler<Extract<Action, { readonly kind: Kind }>>;
};

/** Each kind of action, with all that it does and says. */
const HANDLERS: Handlers = {
  addFinalizer: ADD_FINALIZER,
  removeFinalizer: REMOVE_FINALIZER,
  inspectSecret: INSPECT_SECRET,
  mint: MINT,
  adoptSecret: ADOPT_SECRET,
  addReference: ADD_REFERENCE,
  removeReferences: REMOVE_REFERENCES,
  deleteSecret: DELETE_SECRET,
  writeStatus: WRITE_STATUS,
};

/** What an action of that kind does and says. */
export function handlerOf<A extends Action>({ kind }: A): ActionHandler<A> {
  return HANDLERS[kind] as unknown as ActionHandler<A>;
}

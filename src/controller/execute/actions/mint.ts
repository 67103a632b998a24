import type { Credential, Need } from "../../../azure/credentials.ts";
import { scopeNotGranted } from "../../../azure/granted.ts";
import { registryHost } from "../../../azure/registry.ts";
import { optional } from "../../../runtime/optional.ts";
import type { BindingView } from "../../binding/view.ts";
import type { MintAction } from "../../plan/actions.ts";
import { lifetimeOf } from "../../plan/schedule.ts";
import type { FoundSecret, IntactContent, SecretState } from "../../plan/snapshot.ts";
import { mintWithLastTry } from "../last_try.ts";
import { SupersededError } from "../superseded.ts";
import type { ActionContext, ActionHandler, ActionOutcome, Hands } from "./action_handler.ts";
import { LABEL_FIELD } from "./secret_fields.ts";

/** Mints a credential and writes it. */
export const MINT: ActionHandler<MintAction> = {
  done: "minted credential and wrote it to Secret",
  details: ({ secretName: secret }, { request, reason, write }) => ({
    secret,
    server: request.server,
    reason,
    write: write.mode,
  }),
  doing: ({ secretName }) => `Writing Secret ${secretName}`,
  effect: () => "the credential",
  subject: ({ secretName: name }) => ({ kind: "secret", name }),
  fields: () => [["f:data"], LABEL_FIELD],
  marks: ({ binding }, { identityHash }) => [{
    place: "secret",
    state: `${binding.inputsHash}/${identityHash}`,
  }],
  execute: mint,
};

async function mint(
  binding: BindingView,
  action: MintAction,
  hands: Hands,
  { signal, slot }: ActionContext,
): Promise<ActionOutcome> {
  const { request, keeps } = action;
  const credential = await slot.outside(() => {
    const need = needOf(binding, action);
    return mintWithLastTry(
      (asked) => hands.mint(request, asked),
      need,
      need.expiresAt,
      hands.clock,
    );
  });
  signal.throwIfAborted();
  assertStillWanted(binding, action, hands);
  const { lacking, mintedAt, expiresAt } = credential;
  if (lacking === undefined) {
    const written = await hands.secrets.write(binding, action, credential, signal);
    return {
      inspection: asWritten(written, credential),
      lifetime: { refreshedAt: mintedAt, expiresAt },
    };
  }
  const error = scopeNotGranted(registryHost(request.server), lacking);
  if (keeps !== undefined && lacking.length >= keeps) return { shortfall: { error } };
  const written = await hands.secrets.write(binding, action, credential, signal);
  return { inspection: asWritten(written, credential), shortfall: { error, written } };
}

/** The answer had all that was written: nobody needs to read it. */
function asWritten(
  secret: SecretState,
  { mintedAt, expiresAt, lacking = [] }: Credential,
): FoundSecret {
  const content: IntactContent = {
    kind: "intact",
    mintedAt,
    expiresAt,
    ...(lacking.length > 0 ? { lacking: lacking.length } : {}),
  };
  return { kind: "found", secret, content };
}

/** Azure may take minutes, in which a binding is changed, deleted or made anew. */
function assertStillWanted(
  { namespace, name, api, uid, generation }: BindingView,
  { request }: MintAction,
  { caches }: Hands,
): void {
  const known = caches.bindings.get(api)!.get(namespace, name)?.metadata;
  if (known?.uid !== uid || (known.generation ?? 0) !== generation) {
    throw new SupersededError("the binding changed while its credential was minted");
  }
  if (request.identity.kind !== "workloadIdentity") return;
  const { serviceAccount } = request.identity;
  const account = caches.serviceAccounts.get(namespace, serviceAccount.name)?.metadata;
  if (account?.uid === serviceAccount.uid) return;
  throw new SupersededError("the ServiceAccount was made anew while its credential was minted");
}

/** Who asks, and what the binding has already. */
function needOf({ namespace }: BindingView, { write, failedAt, lastTry }: MintAction): Need {
  const lifetime = write.mode === "create" ? undefined : lifetimeOf(write.secret);
  return {
    namespace,
    ...optional("expiresAt", lifetime?.expiresAt),
    ...optional("newerThan", write.mode === "update" ? lastMomentOf(write.secret) : undefined),
    ...optional("failedAt", failedAt),
    ...optional("lastTry", lastTry),
  };
}

/** A Secret in place tells when its credential was minted, in whole seconds. */
function lastMomentOf(secret: SecretState): number | undefined {
  const lifetime = lifetimeOf(secret);
  return lifetime && lifetime.refreshedAt + 999;
}

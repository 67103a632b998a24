import { optional } from "../../runtime/optional.ts";
import { isLastTry, lastTryAt } from "../retry_policy.ts";
import type { MintAction, SecretWrite } from "./actions.ts";
import type { WantedCredential } from "./credential.ts";
import { refreshAt } from "./schedule.ts";
import { lackingIn } from "./secret_slot.ts";
import { lastsUntil, type Situation } from "./situation.ts";

/** The attempt at a credential that is wanted: how it comes into its Secret, and why it is made. */
export function mintAction(
  { request, identityHash }: WantedCredential,
  write: SecretWrite,
  reason: string,
  situation: Situation,
): MintAction {
  const { now } = situation;
  return {
    kind: "mint",
    request,
    ...optional("identityHash", identityHash),
    write,
    reason,
    ...optional("failedAt", failedAt(situation)),
    ...(isLastTry(now, lastsUntil(situation)) ? { lastTry: true } : {}),
    ...optional("keeps", keeps(situation)),
  };
}

/** When the failure came that the attempt must not be put off by. */
function failedAt({ trouble, isRepeated, now }: Situation): number | undefined {
  // What was changed since is tried anew, however lately the same failed for others.
  return trouble && (isRepeated ? trouble.failedAt : now);
}

/** How much may be lacking of what a new credential must do better than, where one serves. */
function keeps({ binding, ours, current, lifetime, isUnread, now }: Situation): number | undefined {
  if (current === undefined || lifetime === undefined || isUnread) return undefined;
  if (now >= lastTryAt(lifetime.expiresAt)) return undefined;
  const lacking = lackingIn(ours!);
  const isDue = now >= refreshAt(lifetime, binding.rotation, binding.uid);
  // One that lacks something itself is renewed by its like.
  return lacking > 0 && isDue ? undefined : lacking;
}

import type { Action, Plan } from "./actions.ts";
import { notFound, type WantedCredential } from "./credential.ts";
import { planDeletion } from "./deletion.ts";
import { finalizer } from "./finalizer.ts";
import { isHeld } from "./held_secret.ts";
import { planFault, planHeld, planRest, planTaken } from "./hindered.ts";
import { referencedNames, removeReferences } from "./references.ts";
import { refreshAt } from "./schedule.ts";
import { secretAction } from "./secret_action.ts";
import { isOccupied } from "./secret_slot.ts";
import type { Situation } from "./situation.ts";
import { type Outcome, tell } from "./status.ts";
import { isEnding } from "./trouble.ts";

/**
 * Decides what to do for one binding and when to look again. Pure: the same situation gives the same
 * plan, and carrying plans out until one has no actions takes a bounded number of them.
 */
export function plan(situation: Situation): Plan {
  const { binding, serviceAccounts, trouble, resting, wanted, now } = situation;
  if (binding.deleting) return planDeletion(situation);
  // A namespace that is being deleted never comes back: all that is left to do is to be deleted.
  if (isEnding(trouble, now)) return { actions: [], wakeAt: trouble!.retryAt };
  if (wanted.kind === "fault") return planFault(situation, wanted);
  // A credential is minted only for a ServiceAccount that is there.
  if (!serviceAccounts.has(binding.target)) {
    return planFault(situation, notFound(binding.target));
  }
  if (resting !== undefined) return planRest(situation, resting);
  return planCredential(situation, wanted);
}

function planCredential(situation: Situation, wanted: WantedCredential): Plan {
  const { slot } = situation;
  if (slot.kind === "foreign") return planTaken(situation, slot.secret);
  if (isOccupied(slot) && isHeld(slot.secret)) return planHeld(situation, slot);
  const action = secretAction(slot, situation, wanted);
  const before = finalizer(situation);
  if (action?.kind === "inspectSecret") return { actions: [...before, action] };
  // Whom the binding named before keeps the credential until it is attached anew.
  const after = [...attachment(situation), ...referencesElsewhere(situation)];
  return action === undefined
    ? planSettled(situation, [...before, ...after])
    : { actions: [...before, action, ...after] };
}

/**
 * The Secret is as it should be: attach it, clear away what is left over, and then say so. What is
 * said is decided on a cluster in which it is so already, not on what is about to be written.
 */
function planSettled(situation: Situation, before: readonly Action[]): Plan {
  const { binding } = situation;
  const lifetime = situation.lifetime!;
  const outcome: Outcome = {
    ready: true,
    reason: "CredentialAttached",
    message: `Secret ${binding.secretName} is attached to service account ${binding.target}.`,
    lifetime,
  };
  const first = [...before, ...leftovers(situation)];
  const actions = first.length > 0 ? first : tell(situation, outcome);
  return { actions, wakeAt: refreshAt(lifetime, binding.rotation, binding.uid) };
}

/** Whichever ServiceAccount the binding named before must lose the credential. */
function referencesElsewhere(situation: Situation): readonly Action[] {
  const { target } = situation.binding;
  return removeReferences(situation, referencedNames(situation), (account) => account !== target);
}

function attachment({ binding, serviceAccounts }: Situation): readonly Action[] {
  const { target, secretName } = binding;
  if (serviceAccounts.get(target)?.pullSecrets.includes(secretName) ?? true) return [];
  return [{ kind: "addReference", serviceAccount: target, secret: secretName }];
}

/** Secrets of the binding under other names go once their successor is there. */
function leftovers(situation: Situation): readonly Action[] {
  const { binding, extraneous } = situation;
  if (extraneous.length === 0) return [];
  const names = new Set(extraneous.map((secret) => secret.name));
  return [
    ...removeReferences(situation, names, (account) => account === binding.target),
    ...extraneous.filter((secret) => !isHeld(secret)).map((secret): Action => ({
      kind: "deleteSecret",
      secret,
      reason: `${binding.secretName} has taken its place`,
    })),
  ];
}

import type { BindingView } from "../binding/view.ts";
import {
  BINDING_LABEL,
  EXPIRY_ANNOTATION,
  INPUTS_ANNOTATION,
  REFRESH_ANNOTATION,
} from "../conventions.ts";
import type { MintAction, SecretAction, SecretWrite } from "./actions.ts";
import type { WantedCredential } from "./credential.ts";
import { mintAction } from "./mint.ts";
import { formatTime, type Lifetime, lifetimeOf, refreshAt } from "./schedule.ts";
import type { OurSlot, SecretSlot } from "./secret_slot.ts";
import type { Situation } from "./situation.ts";
import type { Content, IntactContent, SecretState } from "./snapshot.ts";

/** Annotations are written in whole seconds. */
const TIME_TOLERANCE_MS = 1000;

/**
 * What must happen to the Secret so that it holds the credential that is wanted; undefined where it
 * does.
 */
export function secretAction(
  slot: Exclude<SecretSlot, { kind: "foreign" }>,
  situation: Situation,
  wanted: WantedCredential,
): SecretAction | undefined {
  const { binding, now } = situation;
  switch (slot.kind) {
    case "none":
      return mintAction(wanted, { mode: "create" }, "there is no Secret", situation);
    case "unknown":
      return { kind: "inspectSecret", name: binding.secretName };
    case "stale": {
      const write = replacement(slot.secret, undefined, now);
      return mintAction(wanted, write, "the Secret was made for an earlier binding", situation);
    }
    case "ours":
      return actionForOurs(slot, situation, wanted);
  }
}

function actionForOurs(
  { secret, content }: OurSlot,
  situation: Situation,
  wanted: WantedCredential,
): SecretAction | undefined {
  const { binding, isUnread } = situation;
  const stale = staleness(secret, situation, wanted);
  const mint = (reason: string) =>
    mintAction(wanted, writeOver(secret, content, situation), reason, situation);
  if (stale !== undefined) return mint(stale);
  if (content?.kind === "broken") return mint(`the Secret ${content.why}`);
  if (isUnread) return { kind: "inspectSecret", name: binding.secretName };
  return actionForIntact(secret, content, situation, mint);
}

/** Why the annotations alone say that the credential will not do; undefined when they do not. */
function staleness(
  secret: SecretState,
  { binding, lifetime, now }: Situation,
  wanted: WantedCredential,
): string | undefined {
  if (secret.inputs !== undefined && secret.inputs !== binding.inputsHash) {
    return "the binding's spec changed";
  }
  // One that lacks the annotation was written by the reference, and is not minted again for that.
  if (secret.identity !== undefined && secret.identity !== wanted.identityHash) {
    return "the identity changed";
  }
  return isDue(lifetime, binding, now) ? "the refresh is due" : undefined;
}

function isDue(
  lifetime: Lifetime | undefined,
  { rotation, uid }: BindingView,
  now: number,
): boolean {
  return lifetime !== undefined && now >= refreshAt(lifetime, rotation, uid);
}

/** The data will do; label and annotations may not. */
function actionForIntact(
  secret: SecretState,
  content: IntactContent | undefined,
  situation: Situation,
  mint: (reason: string) => MintAction,
): SecretAction | undefined {
  const { binding, now } = situation;
  const annotations = content === undefined
    ? {}
    : missingAnnotations(secret, content, binding, now);
  // Without it the annotations alone count, by which it is not due.
  if (content !== undefined && isDue(lifetimeAsRead(secret, annotations), binding, now)) {
    return mint("the refresh is due");
  }
  if (isLabelFixed(secret, situation)) return mint("the Secret lost its label");
  const labels = secret.label === binding.label ? {} : { [BINDING_LABEL]: binding.label };
  const nothing = Object.keys(labels).length + Object.keys(annotations).length === 0;
  if (!nothing) return { kind: "adoptSecret", secret, labels, annotations };
  return situation.isLacking ? mint("not all that was asked for was granted") : undefined;
}

function missingAnnotations(
  secret: SecretState,
  content: IntactContent,
  binding: BindingView,
  now: number,
): Record<string, string> {
  const annotations: Record<string, string> = {};
  const lifetime = lifetimeOf(secret);
  const agrees = lifetime !== undefined &&
    Math.abs(lifetime.expiresAt - content.expiresAt) < TIME_TOLERANCE_MS;
  if (!agrees) {
    annotations[EXPIRY_ANNOTATION] = formatTime(content.expiresAt);
    annotations[REFRESH_ANNOTATION] = formatTime(
      Math.min(content.mintedAt ?? now, content.expiresAt),
    );
  }
  if (secret.inputs === undefined) annotations[INPUTS_ANNOTATION] = binding.inputsHash;
  return annotations;
}

/** The Secret with the times of the token that it was found to hold, where its annotations differ. */
export function asRead(
  { secret, content }: OurSlot,
  binding: BindingView,
  now: number,
): SecretState {
  if (content?.kind !== "intact") return secret;
  return { ...secret, ...timesOf(missingAnnotations(secret, content, binding, now)) };
}

function timesOf(annotations: Readonly<Record<string, string>>): Partial<SecretState> {
  const expiry = annotations[EXPIRY_ANNOTATION];
  const refresh = annotations[REFRESH_ANNOTATION];
  return expiry === undefined || refresh === undefined ? {} : { expiry, refresh };
}

function lifetimeAsRead(
  secret: SecretState,
  annotations: Readonly<Record<string, string>>,
): Lifetime | undefined {
  return lifetimeOf({ ...secret, ...timesOf(annotations) });
}

/** How a new credential takes the place of the one in our Secret. */
function writeOver(
  secret: SecretState,
  content: Content | undefined,
  situation: Situation,
): SecretWrite {
  const isFixed = content?.immutable || isLabelFixed(secret, situation);
  return isFixed ? replacement(secret, content, situation.now) : { mode: "update", secret };
}

function replacement(
  secret: SecretState,
  content: Content | undefined,
  now: number,
): SecretWrite {
  return { mode: "replace", secret, serves: mayServe(secret, content, now) };
}

/** Whether pods may pull by it. What nobody has read counts as long as it says that it lasts. */
function mayServe(secret: SecretState, content: Content | undefined, now: number): boolean {
  if (content?.kind === "broken") return false;
  const expiresAt = content?.expiresAt ?? lifetimeOf(secret)?.expiresAt;
  return expiresAt === undefined || now < expiresAt;
}

/** It lacks the label that may not change in place. */
function isLabelFixed({ label }: SecretState, { binding, rules }: Situation): boolean {
  return rules.isLabelFixed && label !== binding.label;
}

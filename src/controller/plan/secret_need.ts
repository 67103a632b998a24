import { optional } from "../../runtime/optional.ts";
import type { BindingView } from "../binding/view.ts";
import {
  BINDING_LABEL,
  EXPIRY_ANNOTATION,
  INPUTS_ANNOTATION,
  REFRESH_ANNOTATION,
} from "../conventions.ts";
import type { AdoptSecretAction, SecretWrite } from "./actions.ts";
import type { WantedCredential } from "./credential.ts";
import { formatTime, type Lifetime, lifetimeOf, refreshAt } from "./schedule.ts";
import { lackingIn, type OurSlot, type SecretSlot } from "./secret_slot.ts";
import type { Situation } from "./situation.ts";
import type { Content, IntactContent, SecretState } from "./snapshot.ts";

/** What the binding's Secret lacks. */
export type SecretNeed =
  | { readonly kind: "nothing" }
  | { readonly kind: "inspect" }
  | AdoptSecretAction
  | MintNeed;

/** A new credential, how it comes into the Secret, and why. */
export interface MintNeed {
  readonly kind: "mint";
  readonly write: SecretWrite;
  readonly reason: string;
}

/** Annotations are written in whole seconds. */
const TIME_TOLERANCE_MS = 1000;

/** What must happen to the Secret so that it holds the credential that is wanted. */
export function secretNeed(
  slot: Exclude<SecretSlot, { kind: "foreign" }>,
  situation: Situation,
  wanted: WantedCredential,
): SecretNeed {
  const { now } = situation;
  switch (slot.kind) {
    case "none":
      return { kind: "mint", write: { mode: "create" }, reason: "there is no Secret" };
    case "unknown":
      return { kind: "inspect" };
    case "stale":
      return {
        kind: "mint",
        write: replacement(slot.secret, undefined, now),
        reason: "the Secret was made for an earlier binding",
      };
    case "ours":
      return needOfOurs(slot, situation, wanted);
  }
}

function needOfOurs(
  { secret, content }: OurSlot,
  situation: Situation,
  wanted: WantedCredential,
): SecretNeed {
  const { isUnread } = situation;
  const stale = staleness(secret, situation, wanted);
  if (stale !== undefined) return mintAgain(secret, content, stale, situation);
  if (content?.kind === "broken") {
    return mintAgain(secret, content, `the Secret ${content.why}`, situation);
  }
  if (isUnread) return { kind: "inspect" };
  return needOfIntact(secret, content, situation);
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
function needOfIntact(
  secret: SecretState,
  content: IntactContent | undefined,
  situation: Situation,
): SecretNeed {
  const { binding, now } = situation;
  const annotations = content === undefined
    ? {}
    : missingAnnotations(secret, content, binding, now);
  // Without it the annotations alone count, by which it is not due.
  if (content !== undefined && isDue(lifetimeAsRead(secret, annotations), binding, now)) {
    return mintAgain(secret, content, "the refresh is due", situation);
  }
  if (isLabelFixed(secret, situation)) {
    return mintAgain(secret, content, "the Secret lost its label", situation);
  }
  const labels = secret.label === binding.label ? {} : { [BINDING_LABEL]: binding.label };
  const nothing = Object.keys(labels).length + Object.keys(annotations).length === 0;
  if (!nothing) return { kind: "adoptSecret", secret, labels, annotations };
  if (lackingIn({ secret, ...optional("content", content) }) === 0) return { kind: "nothing" };
  return mintAgain(secret, content, "not all that was asked for was granted", situation);
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

function mintAgain(
  secret: SecretState,
  content: Content | undefined,
  reason: string,
  situation: Situation,
): SecretNeed {
  const isFixed = content?.immutable || isLabelFixed(secret, situation);
  const write: SecretWrite = isFixed
    ? replacement(secret, content, situation.now)
    : { mode: "update", secret };
  return { kind: "mint", write, reason };
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

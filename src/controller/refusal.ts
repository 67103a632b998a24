import { type Brevity, shorterThan } from "../runtime/masking/brief.ts";
import type { BindingStatus } from "./binding/view.ts";
import { inputsOfAttempt } from "./plan/trouble.ts";
import type { Situation } from "./plan/situation.ts";

/** A status that the API server refused, and that is told shorter: others may bound what it says. */
export interface Refusal {
  /** How much is told instead. */
  readonly brevity: Brevity;
  /** What it told of: of anything else all is told again. */
  readonly about: string;
  /** What it was to say. */
  readonly status: BindingStatus;
}

/**
 * What to remember of a `status` of this situation that was refused. Undefined where nothing shorter
 * is left to try: whatever it is refused for, that is not its length.
 */
export function refusalAfter(
  before: Refusal | undefined,
  situation: Situation,
  status: BindingStatus,
): Refusal | undefined {
  const brevity = shorterThan(longestIn(status));
  if (brevity === undefined || brevity === situation.brevity) return undefined;
  const whole = situation.brevity === undefined ? status : before?.status ?? status;
  return { brevity, about: subjectOf(situation), status: whole };
}

/** How much of a situation is told, if the last refusal was about the same. */
export function brevityOf(refusal: Refusal | undefined, situation: Situation): Brevity | undefined {
  if (refusal === undefined || refusal.about !== subjectOf(situation)) return undefined;
  return refusal.brevity;
}

function subjectOf(situation: Situation): string {
  return JSON.stringify([inputsOfAttempt(situation), situation.trouble?.message]);
}

/** Of what the operator itself tells: conditions of others are theirs. */
function longestIn({ error = "", conditions = [] }: BindingStatus): string {
  const own = conditions.filter(({ type }) => type === "Ready" || type === "Stalled");
  return [error, ...own.map(({ message }) => message)]
    .reduce((longest, text) => text.length > longest.length ? text : longest);
}

import { type Attack, attacksOn, textOf } from "./attacks.ts";
import { CountingMatcher, TooManySteps } from "./matcher.ts";
import { parse } from "./syntax.ts";

/** What grows between the first two is followed to the last two. */
const LENGTHS = { short: 12, longer: 36, middle: 128, long: 512 };
/** How many of the worst attacks are followed as they grow. */
const FOLLOWED = 12;
const MOST_STEPS = 1_000_000;
/** A longer text may take so many times the steps for each of its characters. */
const LINEAR = 1.5;

/** How an expression fares against the worst text that was found for it. */
export interface Growth {
  readonly linear: boolean;
  readonly attack: Attack;
  /** Steps for each character of the text, of 128 and of 512 characters. */
  readonly middle: number;
  readonly long: number;
}

/** Attacks an expression with growing texts, and answers the worst. */
export function growthOf(pattern: string, flags: string): Growth {
  const node = parse(pattern, flags);
  const matcher = new CountingMatcher(node, flags);
  const ranked = attacksOn(node)
    .map((attack) => ({ attack, rise: riseOf(matcher, attack) }))
    .sort((one, other) => other.rise - one.rise);
  return ranked.slice(0, FOLLOWED).map(({ attack }) => follow(matcher, attack))
    .reduce((worst, each) => each.long / each.middle > worst.long / worst.middle ? each : worst);
}

function riseOf(matcher: CountingMatcher, attack: Attack): number {
  return costOf(matcher, attack, LENGTHS.longer) - costOf(matcher, attack, LENGTHS.short);
}

function follow(matcher: CountingMatcher, attack: Attack): Growth {
  const middle = costOf(matcher, attack, LENGTHS.middle);
  const long = costOf(matcher, attack, LENGTHS.long);
  return { linear: long <= LINEAR * middle, attack, middle, long };
}

/** Steps for each character. Where they are too many, more than any other text takes. */
function costOf(matcher: CountingMatcher, attack: Attack, length: number): number {
  const text = textOf(attack, length);
  try {
    return matcher.steps(text, MOST_STEPS) / text.length;
  } catch (error) {
    if (error instanceof TooManySteps) return MOST_STEPS * length;
    throw error;
  }
}
